/*
 * segments.h - the stretches of addresses that page heaps have of the kernel.
 */
#ifndef REFMALLOC_SEGMENTS_H
#define REFMALLOC_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "refmalloc.h"

struct page_heap;

struct segment {
	char *start, *end;
	char *clean; /* from here on no page was ever used: all zero */
	enum refmalloc_route route;
	struct page_heap *home;
	struct segment *next; /* of the same home, the one before it in time */
};

/*
 * *bytes more at *start, the end of the segment returned: `need`, or with the free_at_top bytes
 * that end where brk goes on from.  What is needed may come from an arena; what is only welcome is
 * by brk or not at all.  NULL: no memory.
 */
struct segment *segments__grow(struct page_heap *h, size_t need, size_t free_at_top, bool welcome,
			       char **start, size_t *bytes);
/* Gives back the end of the one at the break; false if the break is no longer there. */
bool segments__shrink(struct segment *g, size_t bytes);
/* An arena without a block; false: the kernel will not have it back. */
bool segments__remove(struct segment *g);
/* The page heap's if it is the one that brk grows, or NULL. */
struct segment *segments__at_brk(const struct page_heap *h);
/* What to have at the top beyond what is needed. */
size_t segments__pad(const struct page_heap *h);

#endif

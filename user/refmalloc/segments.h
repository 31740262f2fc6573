/*
 * segments.h - the stretches of addresses that the page heap has of the kernel.
 */
#ifndef REFMALLOC_SEGMENTS_H
#define REFMALLOC_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "refmalloc.h"

struct segment {
	char *start, *end;
	char *clean; /* from here on no page was ever used: all zero */
	enum refmalloc_route route;
	struct segment *next; /* the one before it in time */
};

/*
 * *bytes more at *start, the end of the segment returned: `need`, or with the free_at_top bytes
 * that end where brk goes on from.  NULL: no memory.
 */
struct segment *segments__grow(size_t need, size_t free_at_top, char **start, size_t *bytes);
/* Gives back the end of the one at the break; false if the break is no longer there. */
bool segments__shrink(struct segment *g, size_t bytes);
/* An arena without a block; false: the kernel will not have it back. */
bool segments__remove(struct segment *g);
/* The one that brk grows, or NULL. */
struct segment *segments__at_brk(void);
struct segment *segments__newest(void);
/* Bytes of all of them. */
size_t segments__total(void);
/* What to have at the top beyond what is needed. */
size_t segments__pad(void);

#endif

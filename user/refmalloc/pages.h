/*
 * pages.h - the page heap: runs of pages for spans, out of the brk heap, or of arenas if brk fails.
 *
 * One lock for all of it, and for the span table and the records that go with it.  Threads take
 * pages for many blocks at once, so they seldom meet here.  Functions below want it held.
 */
#ifndef REFMALLOC_PAGES_H
#define REFMALLOC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

void pages__lock(void);
void pages__unlock(void);
void pages__open_in_child(void);

/*
 * A run of `pages`, with `room` free pages behind it if there is such a place, at a multiple of
 * `alignment` pages, its kind SPAN_PAGES, base, route, zeroed and its ends in the table set.  NULL:
 * no memory.
 */
struct span *pages__alloc(size_t pages, size_t alignment, size_t room);
void pages__free(struct span *s);
/* In place; false leaves all as it was. */
bool pages__resize(struct span *s, size_t pages);
/* The free run that ends at the break, or NULL. */
struct span *pages__top(void);

/* Every run in every segment, free ones too, by address, until a visit returns other than 0. */
int pages__walk(int (*visit)(struct span *s, void *arg), void *arg);

#endif

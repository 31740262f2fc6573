/*
 * bins.h - the free runs of the page heap by their number of pages.
 */
#ifndef REFMALLOC_BINS_H
#define REFMALLOC_BINS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

#define BINS 64 /* the last: 2^13 pages and more */

/* In two sets: [1] are those that mostly have memory, so that taking one costs none. */
struct bins {
	struct span *lists[2][BINS];
	uint64_t filled[2]; /* a bit for each bin that has a run */
	size_t pages;	    /* of all runs, */
	size_t dirty;	    /* and those that may have memory */
};

void bins__add(struct bins *b, struct span *s);
void bins__remove(struct bins *b, struct span *s);
/* Of one set the smallest run of at least so many pages, or nearly; still in its bin. */
struct span *bins__find(const struct bins *b, size_t pages, bool dirty);
/* Gives the memory back, of the largest runs first, until at most `keep` pages have some. */
bool bins__forget(struct bins *b, size_t keep);

#endif

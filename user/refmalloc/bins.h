/*
 * bins.h - the free runs of the page heap by their number of pages.
 */
#ifndef REFMALLOC_BINS_H
#define REFMALLOC_BINS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

#define BINS 192 /* beyond any heap: 2^38 pages */

struct bins {
	struct span *lists[BINS];
	uint64_t filled[BINS / 64];
	size_t dirty; /* pages of all runs that may have memory */
};

void bins__add(struct bins *b, struct span *s);
void bins__remove(struct bins *b, struct span *s);
/* The smallest run of at least so many pages, or nearly; still in its bin. */
struct span *bins__find(const struct bins *b, size_t pages);
/* Gives the memory back, of the largest runs first, until at most `keep` pages have some. */
bool bins__forget(struct bins *b, size_t keep);

#endif

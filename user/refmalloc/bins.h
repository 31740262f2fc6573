/*
 * bins.h - the free runs of the page heap by their number of pages.
 */
#ifndef REFMALLOC_BINS_H
#define REFMALLOC_BINS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

void bins__add(struct span *s);
void bins__remove(struct span *s);
/* The smallest run of at least so many pages, or nearly; still in its bin. */
struct span *bins__find(size_t pages);
/* Pages of all runs that may have memory. */
size_t bins__dirty(void);
/* Gives the memory back, of the largest runs first, until at most `keep` pages have some. */
bool bins__forget(size_t keep);

#endif

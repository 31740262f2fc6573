/*
 * runs.h - whole pages that a thread has freed and keeps at hand, since it may want as many again.
 *
 * Blocks of whole pages come and go too often in some programs for two neighbours to join and a
 * rest to split off each time, and for a lock: a locked instruction waits until all that was
 * written to the block has reached the cache.  What is kept is an eighth of the thread's page heap,
 * at the most, and nothing that would make a free neighbour larger.
 */
#ifndef REFMALLOC_RUNS_H
#define REFMALLOC_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

#define RUN_MAX 16 /* pages */

struct runs {
	struct span *lists[RUN_MAX + 1]; /* by the number of pages */
	uint64_t filled;		 /* a bit for each that has one */
	uint32_t pages;			 /* of all */
};

struct heap;

/* Of so many pages, or a few more. NULL: none is kept. */
struct span *runs__take(struct heap *h, unsigned int pages);
/* A run that is SPAN_KEPT already. False: it is to go to its page heap. */
bool runs__keep(struct heap *h, struct span *s);
/* All to their page heaps. */
void runs__flush(struct heap *h);

#endif

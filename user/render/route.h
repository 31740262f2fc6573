/*
 * route.h - how many malloc calls came from where, as far as it is known.
 *
 * What came by mmap is counted; what did not came from the heap, or, where the
 * process has arenas and they cannot be told apart (split is false), from the
 * heap or an arena.
 */
#ifndef BRKSCOPE_RENDER_ROUTE_H
#define BRKSCOPE_RENDER_ROUTE_H

#include "model/snapshot.h"

/*
 * All calls without those in mmaps and, where split, in arenas.  An impossible
 * request was served from nowhere: it is in no route.
 */
struct tally route__rest(const struct process_stats *p);

/* The same calls in one bucket of histograms.malloc_size. */
__u64 route__rest_in_bucket(const struct process_stats *p, int bucket);

#endif

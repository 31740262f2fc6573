/*
 * counters.h - what is counted, without a shared write: by each heap, and for small blocks by its
 * caches.
 *
 * malloc, the path that must be short, adds to the cache that it has at hand: blocks and bytes
 * taken.  Its size class is the bucket of the histogram.  All else is counted by the heap.  What
 * was given back nobody counts: it is what was served and is not live, and each live block's word
 * or record says how large it is.  The rarer functions count their calls, so malloc's are those
 * served that nobody else claims.  Only the owner writes; whoever wants the sum reads them all,
 * each word whole.
 */
#ifndef REFMALLOC_COUNTERS_H
#define REFMALLOC_COUNTERS_H

#include <limits.h>

#include "refmalloc.h"

struct counters {
	uint64_t served[REFMALLOC_ROUTES][REFMALLOC_BUCKETS];
	uint64_t served_bytes[REFMALLOC_ROUTES];
	uint64_t released_by_realloc;
	uint64_t frees_of_null;
	uint64_t failed;
	/* Calls of all functions but malloc; of malloc those that failed. */
	struct refmalloc_count function[REFMALLOC_FUNCTIONS];
	/* Of all but malloc: those that gave no block. */
	struct refmalloc_count unserved;
};

struct totals {
	struct counters counters;
	struct refmalloc_count live[REFMALLOC_ROUTES];
};

static inline void counter__add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Of a counter that all threads write: the highest that it was. */
static inline void counter__raise(uint64_t *peak, uint64_t now)
{
	uint64_t seen = __atomic_load_n(peak, __ATOMIC_RELAXED);

	while (seen < now && !__atomic_compare_exchange_n(peak, &seen, now, 1, __ATOMIC_RELAXED,
							  __ATOMIC_RELAXED))
		;
}

static inline void counter__add_call(struct refmalloc_count *c, size_t bytes)
{
	counter__add(&c->calls, 1);
	counter__add(&c->bytes, bytes <= PTRDIFF_MAX ? bytes : 0);
}

static inline unsigned int bucket_of(size_t size)
{
	return 63 - __builtin_clzl(2 * (size - (size != 0)) + 1);
}

static inline void counters__served(struct counters *c, unsigned int route, size_t size)
{
	counter__add(&c->served[route][bucket_of(size)], 1);
	counter__add(&c->served_bytes[route], size);
}

#endif

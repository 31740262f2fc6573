/*
 * peaks.c - live blocks and bytes of all threads in one place, and the highest they ever were.
 */
#include "peaks.h"

#include "counters.h"

static struct refmalloc_count live[REFMALLOC_ROUTES], peak[REFMALLOC_ROUTES];

void peaks__count(unsigned int route, int64_t blocks, int64_t bytes)
{
	struct refmalloc_count *l = &live[route];

	counter__raise(&peak[route].calls, __atomic_add_fetch(&l->calls, blocks, __ATOMIC_RELAXED));
	counter__raise(&peak[route].bytes, __atomic_add_fetch(&l->bytes, bytes, __ATOMIC_RELAXED));
}

void peaks__stats(struct refmalloc_stats *stats)
{
	stats->peaks_known = options.peaks;
	for (int route = 0; route < REFMALLOC_ROUTES; route++) {
		stats->live_peak[route].calls = __atomic_load_n(&peak[route].calls,
								__ATOMIC_RELAXED);
		stats->live_peak[route].bytes = __atomic_load_n(&peak[route].bytes,
								__ATOMIC_RELAXED);
	}
}

void peaks__reset_in_child(void)
{
	for (int route = 0; route < REFMALLOC_ROUTES; route++)
		peak[route] = live[route];
}

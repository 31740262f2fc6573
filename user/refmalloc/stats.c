/*
 * stats.c - the numbers of all threads and of the kernel's side put together, and every live block.
 */
#include "refmalloc.h"

#include <string.h>

#include "block.h"
#include "large.h"
#include "options.h"
#include "pages.h"
#include "peaks.h"
#include "public.h"
#include "sys.h"
#include "threads.h"

struct totals before_this_process;

/* What was served and is nobody else's was malloc's. */
static void derive_malloc(struct refmalloc_stats *stats, const struct counters *sum)
{
	struct refmalloc_count *m = &stats->function[REFMALLOC_MALLOC];

	m->calls += sum->unserved.calls;
	m->bytes += sum->unserved.bytes;
	for (int route = 0; route < REFMALLOC_ROUTES; route++) {
		m->calls += stats->route[route].calls;
		m->bytes += stats->route[route].bytes;
	}
	for (int f = REFMALLOC_MALLOC + 1; f < REFMALLOC_FUNCTIONS; f++) {
		m->calls -= sum->function[f].calls;
		m->bytes -= sum->function[f].bytes;
	}
}

static uint64_t all_buckets(const uint64_t buckets[REFMALLOC_BUCKETS])
{
	uint64_t sum = 0;

	for (int i = 0; i < REFMALLOC_BUCKETS; i++)
		sum += buckets[i];
	return sum;
}

static void subtract(struct totals *from, const struct totals *t)
{
	uint64_t *to = (uint64_t *)from;

	for (size_t i = 0; i < sizeof(*t) / sizeof(*to); i++)
		to[i] -= ((const uint64_t *)t)[i];
}

PUBLIC void refmalloc_stats(struct refmalloc_stats *stats)
{
	struct totals sum;
	const struct counters *c = &sum.counters;

	memset(stats, 0, sizeof(*stats));
	threads__sum(&sum);
	memcpy(stats->live, sum.live, sizeof(stats->live));
	subtract(&sum, &before_this_process);
	for (int route = 0; route < REFMALLOC_ROUTES; route++) {
		stats->route[route].calls = all_buckets(c->served[route]);
		stats->route[route].bytes = c->served_bytes[route];
		/* What was served and is not live any more. */
		stats->frees += stats->route[route].calls - sum.live[route].calls;
	}
	memcpy(stats->function, c->function, sizeof(stats->function));
	memcpy(stats->histogram, c->served, sizeof(stats->histogram));
	stats->frees -= c->released_by_realloc;
	stats->frees_of_null = c->frees_of_null;
	stats->failed = c->failed;
	derive_malloc(stats, c);
	sys__stats(stats);
	peaks__stats(stats);
}

struct walk {
	int (*visit)(const struct refmalloc_block *block, void *arg);
	void *arg;
};

static int visit_small(const struct span *s, const struct walk *w)
{
	struct refmalloc_block block = {.route = s->route};
	unsigned int state;
	int stop = 0;

	for (unsigned int i = 0; i < s->limit / s->size && !stop; i++) {
		state = __atomic_load_n(&s->state[i], __ATOMIC_RELAXED);
		if (!(state & STATE_LIVE))
			continue;
		block.address = s->base + i * (size_t)s->size;
		block.size = state & ~STATE_LIVE;
		block.usable = options.check ? block.size : s->size;
		stop = w->visit(&block, w->arg);
	}
	return stop;
}

static int visit_span(struct span *s, void *arg)
{
	const struct walk *w = arg;
	struct refmalloc_block block = {.route = s->route, .address = s->base};

	if (span__kind(s) == SPAN_FREE || span__kind(s) == SPAN_KEPT)
		return 0;
	if (span__kind(s) == SPAN_SMALL)
		return visit_small(s, w);
	block.size = __atomic_load_n(&s->request, __ATOMIC_RELAXED);
	block.usable = options.check ? block.size + s->rest : span__bytes(s);
	return w->visit(&block, w->arg);
}

int blocks__walk(int (*visit)(const struct refmalloc_block *block, void *arg), void *arg)
{
	struct walk w = {visit, arg};
	int stop = pages__walk(visit_span, &w);

	return stop ? stop : large__walk(visit_span, &w);
}

PUBLIC int refmalloc_walk(int (*visit)(const struct refmalloc_block *block, void *arg), void *arg)
{
	int stop;

	pages__lock_all();
	stop = blocks__walk(visit, arg);
	pages__unlock_all();
	return stop;
}

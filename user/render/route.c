/*
 * route.c - how many malloc calls came from where, as far as it is known.
 *
 * A mapping can be counted whose request was not (it was under way when
 * collection began): the rest is then 0, never negative.
 */
#include "render/route.h"

static __u64 less(__u64 from, __u64 what)
{
	return from > what ? from - what : 0;
}

static struct tally rest_of(struct tally all, const struct routes *r)
{
	all.calls = less(less(all.calls, r->mmap.calls), r->arena.calls);
	if (all.bytes != BYTES_MOST)
		all.bytes = less(less(all.bytes, r->mmap.bytes), r->arena.bytes);
	return all;
}

static struct routes routes_begin(const struct process_stats *p, __u64 calls)
{
	return (struct routes){
		.known = !p->malloc.routes_missed,
		.split = !p->malloc.routes_missed && stats__split(p),
		.by_address = stats__by_address(p),
		.served = stats__by_address(p) || !p->malloc.refused,
		.calls = calls,
	};
}

struct routes route__of(const struct process_stats *p)
{
	struct tally all = {less(p->malloc.calls, p->malloc.impossible), p->malloc.bytes};
	struct routes r = routes_begin(p, all.calls);

	if (r.by_address) {
		r.heap = p->paired.had[ROUTE_HEAP];
		r.mmap = p->paired.had[ROUTE_MMAP];
		r.arena = p->paired.had[ROUTE_ARENA];
		r.unknown = p->paired.had[ROUTE_UNKNOWN];
		return r;
	}
	r.mmap = p->malloc.route_mmap;
	if (r.split)
		r.arena = p->malloc.route_arena;
	r.heap = rest_of(all, &r);
	return r;
}

struct routes route__in_bucket(const struct process_stats *p, int bucket)
{
	const typeof(p->histograms->malloc_size[0]) *b = &p->histograms->malloc_size[bucket];
	/* What was asked for in vain counts as 0 bytes. */
	__u64 impossible = bucket == size_bucket(0) ? p->malloc.impossible : 0;
	struct tally all = {.calls = less(b->calls, impossible)};
	struct routes r = routes_begin(p, all.calls);

	if (r.by_address) {
		r.heap.calls = b->had[ROUTE_HEAP];
		r.mmap.calls = b->had[ROUTE_MMAP];
		r.arena.calls = b->had[ROUTE_ARENA];
		r.unknown.calls = b->had[ROUTE_UNKNOWN];
		return r;
	}
	r.mmap.calls = b->mmap;
	if (r.split)
		r.arena.calls = b->arena;
	r.heap = rest_of(all, &r);
	return r;
}

const char *route__heap_name(const struct routes *r)
{
	if (r->served)
		return r->split ? "heap" : "heap or arena";
	return r->split ? "heap or failed" : "heap, arena or failed";
}

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
	struct routes r = {
		.known = !p->malloc.routes_missed,
		.by_address = stats__by_address(p),
		.served = stats__by_address(p) || !p->malloc.refused,
		.calls = calls,
	};

	r.rest = r.by_address ? 1 << ROUTE_HEAP : stats__rest_routes(p);
	/* An allocator that tells of routes has both. */
	if (!r.known)
		r.rest |= 1 << ROUTE_HEAP | 1 << ROUTE_ARENA;
	r.split = !(r.rest & (r.rest - 1));
	return r;
}

static void take_addresses(struct routes *r, const struct tally had[ROUTE_COUNT])
{
	r->heap = had[ROUTE_HEAP];
	r->mmap = had[ROUTE_MMAP];
	r->arena = had[ROUTE_ARENA];
	r->unknown = had[ROUTE_UNKNOWN];
}

/* Where only one thing can have served the rest it is that one's; but for what failed. */
static void take_rest(struct routes *r, struct tally all)
{
	struct tally rest = rest_of(all, r);

	if (r->split && r->served && r->rest == 1 << ROUTE_ARENA) {
		r->arena.calls += rest.calls;
		r->arena.bytes = bytes_sum(r->arena.bytes, rest.bytes);
	} else if (r->split && r->served && r->rest == 1 << ROUTE_UNKNOWN) {
		r->unknown = rest;
	} else {
		r->heap = rest;
	}
}

struct routes route__of(const struct process_stats *p)
{
	struct tally all = {less(p->malloc.calls, p->malloc.impossible), p->malloc.bytes};
	struct routes r = routes_begin(p, all.calls);

	if (r.by_address) {
		take_addresses(&r, p->paired.had);
		return r;
	}
	r.mmap = p->malloc.route_mmap;
	if (p->malloc.arena_split && r.known)
		r.arena = p->malloc.route_arena;
	take_rest(&r, all);
	return r;
}

struct routes route__in_bucket(const struct process_stats *p, int bucket)
{
	const typeof(p->histograms->malloc_size[0]) *b = &p->histograms->malloc_size[bucket];
	/* What was asked for in vain counts as 0 bytes. */
	__u64 impossible = bucket == size_bucket(0) ? p->malloc.impossible : 0;
	struct tally all = {.calls = less(b->calls, impossible)}, had[ROUTE_COUNT] = {};
	struct routes r = routes_begin(p, all.calls);

	if (r.by_address) {
		for (int route = 0; route < ROUTE_COUNT; route++)
			had[route].calls = b->had[route];
		take_addresses(&r, had);
		return r;
	}
	r.mmap.calls = b->mmap;
	if (p->malloc.arena_split && r.known)
		r.arena.calls = b->arena;
	take_rest(&r, all);
	return r;
}

bool route__told(const struct routes *r, enum route route)
{
	if (route == ROUTE_MMAP)
		return r->known;
	if (route == ROUTE_UNKNOWN)
		return r->by_address || (r->split && r->served && r->rest == 1 << ROUTE_UNKNOWN);
	if (r->split && r->served)
		return true;
	/* Where there never was a heap nobody had of it, whatever else is known. */
	return route == ROUTE_HEAP && r->known && !(r->rest & 1 << ROUTE_HEAP);
}

bool route__told_heap_or_arena(const struct routes *r)
{
	return r->known && r->served && (r->split || !(r->rest & 1 << ROUTE_UNKNOWN));
}

struct tally route__heap(const struct routes *r)
{
	return r->rest & 1 << ROUTE_HEAP || r->split ? r->heap : (struct tally){};
}

/* By what of it may have served: 1 the heap, 2 an arena, 4 elsewhere, 8 nothing did. */
static const char *const rest_names[16] = {
	[1] = "heap",
	[2] = "arena",
	[3] = "heap or arena",
	[4] = "elsewhere",
	[5] = "heap or elsewhere",
	[6] = "arena or elsewhere",
	[7] = "heap, arena or elsewhere",
	[9] = "heap or failed",
	[10] = "arena or failed",
	[11] = "heap, arena or failed",
	[12] = "elsewhere or failed",
	[13] = "heap, elsewhere or failed",
	[14] = "arena, elsewhere or failed",
	[15] = "heap, arena, elsewhere or failed",
};

const char *route__heap_name(const struct routes *r)
{
	if (r->split && r->served)
		return rest_names[1];
	return rest_names[(r->rest & 1 << ROUTE_HEAP ? 1 : 0) |
			  (r->rest & 1 << ROUTE_ARENA ? 2 : 0) |
			  (r->rest & 1 << ROUTE_UNKNOWN ? 4 : 0) | (r->served ? 0 : 8)];
}

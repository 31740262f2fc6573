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

struct tally route__rest(const struct process_stats *p)
{
	struct tally rest = {less(p->malloc.calls, p->malloc.impossible), p->malloc.bytes};

	rest.calls = less(rest.calls, p->malloc.route_mmap.calls);
	rest.bytes = less(rest.bytes, p->malloc.route_mmap.bytes);
	if (p->malloc.arena_split) {
		rest.calls = less(rest.calls, p->malloc.route_arena.calls);
		rest.bytes = less(rest.bytes, p->malloc.route_arena.bytes);
	}
	return rest;
}

__u64 route__rest_in_bucket(const struct process_stats *p, int bucket)
{
	__u64 rest = less(p->histograms->malloc_size[bucket].calls,
			  p->histograms->malloc_size[bucket].mmap);

	if (bucket == size_bucket(0)) /* what was asked for in vain counts as 0 bytes */
		rest = less(rest, p->malloc.impossible);
	if (p->malloc.arena_split)
		rest = less(rest, p->histograms->malloc_size[bucket].arena);
	return rest;
}

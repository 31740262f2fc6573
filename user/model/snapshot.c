/*
 * snapshot.c - the sums of a snapshot that are more than one line.
 */
#include "model/snapshot.h"

__u64 stats__mmap_calls(const struct process_stats *p)
{
	__u64 calls = 0;
	int i;

	for (i = 0; i < CAUSE_COUNT; i++)
		calls += p->mapped[i].calls;
	return calls;
}

/* Every step of the break comes as an event: what never had a byte served nobody. */
static bool had_heap(const struct process_stats *p)
{
	return !p->heap.known || p->heap.end > p->heap.start || p->heap.peak_bytes ||
	       p->heap.grow.calls;
}

/*
 * May it have blocks in memory that is neither the heap nor known as an arena?  A libc's malloc
 * and refmalloc have none.  The others that are known have what they map, which was seen as
 * theirs, or was there before; whatever else defines malloc may give out its program's .bss.
 */
static bool may_be_elsewhere(const struct process_stats *p)
{
	switch (p->allocator) {
	case ALLOCATOR_GLIBC:
	case ALLOCATOR_MUSL:
	case ALLOCATOR_REFMALLOC:
		return false;
	case ALLOCATOR_JEMALLOC:
	case ALLOCATOR_TCMALLOC:
	case ALLOCATOR_MIMALLOC:
		return !p->paired.complete || p->mapped[CAUSE_UNATTRIBUTED].calls;
	default:
		return p->pid != 0; /* of all the others together earlier has it */
	}
}

unsigned int stats__rest_routes(const struct process_stats *p)
{
	unsigned int routes = p->malloc.earlier;

	if (had_heap(p))
		routes |= 1 << ROUTE_HEAP;
	if (!p->malloc.arena_split)
		routes |= 1 << ROUTE_ARENA;
	if (may_be_elsewhere(p))
		routes |= 1 << ROUTE_UNKNOWN;
	return routes ? routes : 1 << ROUTE_UNKNOWN;
}

__u64 stats__live_blocks(const struct process_stats *p)
{
	__u64 blocks = 0;

	for (int route = 0; route < ROUTE_COUNT; route++)
		blocks += p->paired.live[route].blocks;
	return blocks;
}

__u64 stats__live_bytes(const struct process_stats *p)
{
	__u64 bytes = 0;

	for (int route = 0; route < ROUTE_COUNT; route++)
		bytes += p->paired.live[route].bytes;
	return bytes;
}

__u64 stats__brk_calls(const struct process_stats *p)
{
	return p->heap.grow.calls + p->heap.shrink.calls + p->heap.query_calls +
	       p->heap.failed_calls;
}

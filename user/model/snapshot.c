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

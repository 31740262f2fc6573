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

__u64 stats__brk_calls(const struct process_stats *p)
{
	return p->heap.grow.calls + p->heap.shrink.calls + p->heap.query_calls +
	       p->heap.failed_calls;
}

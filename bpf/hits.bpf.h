/*
 * hits.bpf.h - counts a program's run, before anything else: what is filtered out costs as well.
 *
 * And, now and then, times it.
 */
#ifndef HITS_BPF_H
#define HITS_BPF_H

#include "maps.bpf.h"

/* ns; in a longer run something else had the CPU. */
#define RUN_MOST 100000

static __always_inline void hit_add(__u32 counter, __u64 n)
{
	__u32 cpu = bpf_get_smp_processor_id() & (HIT_CPUS - 1);

	__sync_fetch_and_add(&hits[cpu][counter & (HIT_LINE - 1)], n);
}

/* By a thread of this id.  What the agent itself is trapped for is in its CPU time. */
static __always_inline void hit_count(__u64 id, __u32 kind)
{
	if (id >> 32 != config.agent_tgid)
		hit_add(kind, 1);
}

/* 0: this run is not timed. */
static __always_inline __u64 run_begin(enum run_group group)
{
	__u64 most = runs_most[group];

	if (!most)
		return 0;
	return hits[bpf_get_smp_processor_id() & (HIT_CPUS - 1)][RUN_COUNT(group)] < most
		       ? bpf_ktime_get_ns()
		       : 0;
}

static __always_inline void run_end(enum run_group group, __u64 since)
{
	__u64 ns;

	if (!since)
		return;
	ns = bpf_ktime_get_ns() - since;
	if (ns > RUN_MOST)
		return;
	hit_add(RUN_NS(group), ns);
	hit_add(RUN_COUNT(group), 1);
}

#endif

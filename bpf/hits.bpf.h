/*
 * hits.bpf.h - counts a program's run, before anything else: what is filtered out costs as well.
 */
#ifndef HITS_BPF_H
#define HITS_BPF_H

#include "maps.bpf.h"

static __always_inline void hit_count(__u32 kind)
{
	__u32 cpu = bpf_get_smp_processor_id() & (HIT_CPUS - 1);

	__sync_fetch_and_add(&hits[cpu][kind & (HIT_LINE - 1)], 1);
}

#endif

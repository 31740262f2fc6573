/*
 * filter.bpf.h - is this process watched?
 *
 * Asked first on every event, so the filters that are off cost nothing: config
 * is read-only when the program is loaded, and the verifier removes the branch.
 */
#ifndef FILTER_BPF_H
#define FILTER_BPF_H

#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>

static __always_inline bool comm_matches(struct task_struct *task)
{
	char comm[16] = {};

	BPF_CORE_READ_INTO(&comm, task, group_leader, comm);
	for (int i = 0; i < 16; i++) {
		if (comm[i] != config.comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* Everything but the comm: exec changes that, and the agent decides then. */
static __always_inline bool watched_but_for_comm(__u32 tgid)
{
	if (!collecting || tgid == config.agent_tgid)
		return false;
	if (config.by_pid && !bpf_map_lookup_elem(&pids, &tgid))
		return false;
	if (config.by_cgroup && bpf_current_task_under_cgroup(&cgroup, 0) != 1)
		return false;
	return true;
}

static __always_inline bool watched(__u32 tgid)
{
	if (!watched_but_for_comm(tgid))
		return false;
	return !config.by_comm || comm_matches((struct task_struct *)bpf_get_current_task());
}

#endif

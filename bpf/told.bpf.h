/*
 * told.bpf.h - a program on a function says that it is run.
 *
 * A function may be found by its name, and probed, and yet not be passed: where the kernel is
 * optimised as a whole (CONFIG_LTO_CLANG) its code may be in its callers as well.
 */
#ifndef TOLD_BPF_H
#define TOLD_BPF_H

#include "brkscope/told.h"
#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>

bool told[TOLD_END] __weak = {};

/* The agent asks before it collects, for what it does then, itself or by a child. */
static __always_inline void tell(__u32 what)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, parent;

	if (collecting || what >= TOLD_END)
		return;
	parent = BPF_CORE_READ(task, real_parent, tgid);
	if (tgid == config.agent_tgid || parent == config.agent_tgid)
		told[what] = true;
}

#endif

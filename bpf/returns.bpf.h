/*
 * returns.bpf.h - where a function returns to, also when somebody probes its return.
 */
#ifndef RETURNS_BPF_H
#define RETURNS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * A return probe, of whatever tracer, has put its own address in the place of the
 * return address: that of the page for uprobes (prepare_uretprobe,
 * kernel/events/uprobes.c).  The kernel keeps the real one, the innermost first.
 */
static __always_inline __u64 real_return(__u64 ret)
{
	struct task_struct *task;

	/* The page's first byte: nearly every other address ends here. */
	if (ret & 0xfff || !ret)
		return ret;
	task = (struct task_struct *)bpf_get_current_task();
	if (!bpf_core_field_exists(task->utask) ||
	    ret != BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr))
		return ret;
	return BPF_CORE_READ(task, utask, return_instances, orig_ret_vaddr);
}

#endif

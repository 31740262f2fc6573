/*
 * may_return.bpf.h - may a call's return be probed, without harm to its process?
 */
#ifndef MAY_RETURN_BPF_H
#define MAY_RETURN_BPF_H

#include "probe.bpf.h"

/* include/uapi/asm-generic/resource.h */
#define RLIMIT_DATA   2
#define RLIMIT_AS     9
#define RLIM_INFINITY (~0UL)

/* include/linux/mm.h */
#define VM_LOCKED 0x2000UL

/*
 * May it map more?  Not beyond vm.max_map_count; and after mlockall(MCL_FUTURE) RLIMIT_MEMLOCK
 * is a limit for all.
 */
static __always_inline bool may_map(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	return bpf_core_field_exists(mm->def_flags) && bpf_core_field_exists(mm->map_count) &&
	       !(BPF_CORE_READ(mm, def_flags) & VM_LOCKED) &&
	       (__u32)BPF_CORE_READ(mm, map_count) <= config.sure_maps;
}

/* Would it get its memory, by all that the kernel itself has to say? */
static __always_inline bool is_sure(__u64 size)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return size <= config.sure_size && may_map(task) &&
	       BPF_CORE_READ(task, signal, rlim[RLIMIT_AS].rlim_cur) == RLIM_INFINITY &&
	       BPF_CORE_READ(task, signal, rlim[RLIMIT_DATA].rlim_cur) == RLIM_INFINITY;
}

/*
 * The kernel takes a call for left whose frame is below that of a later one, and forgets where it
 * returns to (cleanup_return_instances, kernel/events/uprobes.c): its return would kill.  So it
 * would be where a signal handler allocates on a stack of its own that is above the one which
 * it has interrupted in an allocation.
 */
static __always_inline bool hides_others(__u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 base = task->sas_ss_sp, size = task->sas_ss_size, stack;

	if (sp - base >= size)
		return false;
	stack = BPF_CORE_READ(task, utask, return_instances, stack);
	return stack && stack - base >= size && stack < sp;
}

/*
 * False: its return would tell nothing, or must not be probed.  A return probe's page has no
 * unwind information: an exception that a function with one throws would end the program.
 */
static __always_inline bool may_return(const struct probe *probe, __u64 sp, __u64 size, __u32 flags)
{
	if (probe->by_pointer)
		return false;
	if (probe->throws && (!config.session || flags & EVENT_F_IMPOSSIBLE || !is_sure(size)))
		return false;
	if (config.session && hides_others(sp))
		return false;
	return !config.spare_filtered ||
	       !BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), seccomp.mode);
}

#endif

/*
 * syscalls.bpf.c - the system calls by which memory comes and goes, at their beginning and end.
 *
 * On the two tracepoints that all system calls pass, and not on sys_enter_brk, sys_enter_mmap
 * and so on, which the kernel makes of these two: it waits some 40 ms for each of them that is
 * taken away (perf_trace_event_unreg, kernel/trace/trace_event_perf.c), and their own handlers
 * cost the other system calls as much as the comparisons here.  They need tracefs besides, to be
 * found by.
 */
#include "brk.bpf.h"
#include "hits.bpf.h"
#include "mapping.bpf.h"
#include "shm.bpf.h"
#include "told.bpf.h"

/* include/uapi/asm/unistd_64.h, include/uapi/asm-generic/unistd.h */
#if defined(__TARGET_ARCH_arm64)
enum {
	NR_SHMAT = 196,
	NR_SHMDT,
	NR_BRK = 214,
	NR_MUNMAP,
	NR_MREMAP,
	NR_MMAP = 222,
	NR_MPROTECT = 226
};
#define SYSCALL_NR(regs) ((regs)->syscallno)
#else
enum { NR_MMAP = 9, NR_MPROTECT, NR_MUNMAP, NR_BRK, NR_MREMAP = 25, NR_SHMAT = 30, NR_SHMDT = 67 };
/* What is above these 32 bits the kernel does not look at (do_syscall_64). */
#define SYSCALL_NR(regs) ((int)(regs)->orig_ax)
#endif

#define TS_COMPAT      0x2  /* arch/x86/include/asm/thread_info.h */
#define PSR_MODE32_BIT 0x10 /* arch/arm64/include/uapi/asm/ptrace.h: what user space is in */

/*
 * A call by another table, of a 32-bit process or by int 0x80, where the numbers mean others
 * (arch_trace_is_compat_syscall).  Those of x32 have a bit that ours have not.
 */
static __always_inline bool by_other_table(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_arm64)
	return regs->pstate & PSR_MODE32_BIT;
#else
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
#endif
}

/* Which of them it is; 0: none. */
static __always_inline __u8 traced_call(struct pt_regs *regs, long nr)
{
	__u8 type;

	switch (nr) {
	case NR_BRK:
		type = EVENT_BRK;
		break;
	case NR_MMAP:
		type = EVENT_MMAP;
		break;
	case NR_MUNMAP:
		type = EVENT_MUNMAP;
		break;
	case NR_MREMAP:
		type = EVENT_MREMAP;
		break;
	case NR_MPROTECT:
		type = EVENT_MPROTECT;
		break;
	case NR_SHMAT:
		type = EVENT_SHMAT;
		break;
	case NR_SHMDT:
		type = EVENT_SHMDT;
		break;
	default:
		return 0;
	}
	return by_other_table(regs) ? 0 : type;
}

static __always_inline int enter(struct pt_regs *regs, long nr, bool can_find)
{
	__u8 type = traced_call(regs, nr);
	__u64 since;

	if (!type)
		return 0;
	since = run_begin(RUN_SYSCALL);
	switch (type) {
	case EVENT_BRK:
		brk_begin(regs);
		break;
	case EVENT_MMAP:
	case EVENT_MREMAP:
		caller_begin(type, regs, can_find);
		break;
	case EVENT_MUNMAP:
	case EVENT_MPROTECT:
		syscall_begin(type, regs);
		break;
	}
	run_end(RUN_SYSCALL, since);
	return 0;
}

static __always_inline int leave(struct pt_regs *regs, long ret, bool can_find)
{
	__u8 type = traced_call(regs, SYSCALL_NR(regs));
	__u64 since;

	if (!type)
		return 0;
	/* Every call that is traced comes by here, and once. */
	hit_count(bpf_get_current_pid_tgid(), HIT_SYSCALL);
	since = run_begin(RUN_SYSCALL);
	switch (type) {
	case EVENT_BRK:
		brk_end(regs, ret);
		break;
	case EVENT_MMAP:
		mmap_end(regs, ret, can_find);
		break;
	case EVENT_MREMAP:
		mremap_end(regs, ret, can_find);
		break;
	case EVENT_MUNMAP:
	case EVENT_MPROTECT:
		range_end(type, regs, ret);
		break;
	case EVENT_SHMAT:
		if (can_find)
			shmat_end(regs, ret);
		break;
	case EVENT_SHMDT: /* of no use without the other */
		if (can_find)
			shmdt_end(regs, ret);
		break;
	}
	run_end(RUN_SYSCALL, since);
	return 0;
}

/*
 * Two of each: a program that calls bpf_find_vma cannot be loaded before Linux
 * 5.17, nor, for its callback (69c087ba6225), verified at all before 5.13.
 */
SEC("tp_btf/sys_enter")
int BPF_PROG(syscall_enter, struct pt_regs *regs, long nr)
{
	return enter(regs, nr, true);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscall_enter_old, struct pt_regs *regs, long nr)
{
	return enter(regs, nr, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	return leave(regs, ret, true);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit_old, struct pt_regs *regs, long ret)
{
	return leave(regs, ret, false);
}

/*
 * The same, on the functions of these system calls.  From Linux 7.2 on what is on a system call's
 * tracepoint, of whatever kind, can be preempted, and the kernel skips a program that another task
 * is in the middle of on this CPU (bpf_prog_get_recursion_context, include/linux/bpf.h).  On a
 * function it cannot be: ftrace disables preemption.
 */
static __always_inline struct pt_regs *user_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

SEC("kprobe.multi")
int syscall_call(struct pt_regs *ctx)
{
	struct pt_regs *regs = user_regs();
	long nr = SYSCALL_NR(regs);

	if (!collecting)
		tell(TOLD_CALL(traced_call(regs, nr)));
	return enter(regs, nr, true);
}

SEC("kprobe.multi")
int syscall_return(struct pt_regs *ctx)
{
	struct pt_regs *regs = user_regs();

	if (!collecting)
		tell(TOLD_RETURN(traced_call(regs, SYSCALL_NR(regs))));
	return leave(regs, PT_REGS_RC(ctx), true);
}

/*
 * call.bpf.h - a system call that a thread is in, from its beginning to its end.
 */
#ifndef CALL_BPF_H
#define CALL_BPF_H

#include "caller.bpf.h"
#include "emit.bpf.h"
#include "thread.bpf.h"
#include <bpf/bpf_tracing.h>

#define MAX_ERRNO 4095

static __always_inline bool failed(long ret)
{
	return (unsigned long)ret >= (unsigned long)-MAX_ERRNO;
}

/*
 * A filter that answers a call by SIGSYS (SECCOMP_RET_TRAP) leaves in its place what was in the
 * registers before, the call's number or its first argument, and of its beginning nothing is
 * told.
 */
static __always_inline bool gave_no_address(const struct thread *t, long ret)
{
	return failed(ret) || (!t->begin_ns && (!ret || ret & ((1UL << config.page_shift) - 1)));
}

/* As syscall_get_arguments has them; they are still there when the call returns. */
static __always_inline void args_read(__u64 *args, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_arm64)
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
	args[3] = regs->regs[3];
	args[4] = regs->regs[4];
	args[5] = regs->regs[5];
#else
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
#endif
}

static __always_inline struct thread *syscall_begin(__u8 type, struct pt_regs *regs)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct thread *t;

	if (!watched(id >> 32))
		return NULL;
	t = thread_get(id);
	if (!t) {
		__sync_fetch_and_add(&lost, 1);
		return NULL;
	}
	t->syscall = type;
	t->begin_ns = bpf_ktime_get_boot_ns();
	args_read(t->args, regs);
	return t;
}

/*
 * A call that was under way when collection began: what it does may come after
 * the list of mappings that the agent reads then, so it must not be missed.
 */
static __noinline struct thread *late_begin(__u64 id, struct pt_regs *regs)
{
	struct thread *t;

	if (!watched(id >> 32))
		return NULL;
	t = thread_get(id);
	if (!t)
		return NULL; /* as its beginning would have been: that is counted there */
	t->begin_ns = 0;
	t->ip = t->caller = (struct site){.dev = SITE_ADDRESS};
	args_read(t->args, regs);
	return t;
}

/* The call that this thread is in, and that returns now. */
static __always_inline struct thread *syscall_end(__u8 type, struct pt_regs *regs)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct thread *t;

	if (!collecting)
		return NULL;
	t = thread_find(tid);
	if (!t || t->syscall != type)
		return late_begin(id, regs);
	t->syscall = 0;
	return t;
}

static __always_inline void event_fill(struct event *e, __u8 type, __u8 op, __u64 size, __u16 flags)
{
	__u64 id = bpf_get_current_pid_tgid();

	e->ts_ns = bpf_ktime_get_boot_ns();
	e->size = size;
	e->tgid = id >> 32;
	e->tid = id;
	e->type = type;
	e->op = op;
	e->flags = flags;
	e->object = 0;
}

#endif

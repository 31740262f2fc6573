/*
 * call.bpf.h - a system call that a thread is in, from its beginning to its end.
 */
#ifndef CALL_BPF_H
#define CALL_BPF_H

#include "caller.bpf.h"
#include "emit.bpf.h"
#include "hits.bpf.h"
#include "thread.bpf.h"
#include <bpf/bpf_tracing.h>

#define MAX_ERRNO 4095

static __always_inline bool failed(long ret)
{
	return (unsigned long)ret >= (unsigned long)-MAX_ERRNO;
}

static __always_inline struct thread *syscall_begin(__u8 type,
						    struct trace_event_raw_sys_enter *ctx)
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
	bpf_core_read(t->args, sizeof(t->args), &ctx->args);
	return t;
}

/* The arguments are still in the registers when a call returns. */
static __always_inline void args_read(__u64 *args)
{
	struct pt_regs *regs = user_regs();

#if defined(__TARGET_ARCH_arm64)
	args[0] = BPF_CORE_READ(regs, orig_x0);
	args[5] = BPF_CORE_READ(regs, regs[5]);
#else
	args[0] = PT_REGS_PARM1_CORE_SYSCALL(regs);
	args[5] = BPF_CORE_READ(regs, r9);
#endif
	args[1] = PT_REGS_PARM2_CORE_SYSCALL(regs);
	args[2] = PT_REGS_PARM3_CORE_SYSCALL(regs);
	args[3] = PT_REGS_PARM4_CORE_SYSCALL(regs);
	args[4] = PT_REGS_PARM5_CORE_SYSCALL(regs);
}

/*
 * A call that was under way when collection began: what it does may come after
 * the list of mappings that the agent reads then, so it must not be missed.
 */
static __noinline struct thread *late_begin(__u64 id)
{
	struct thread *t;

	if (!watched(id >> 32))
		return NULL;
	t = thread_get(id);
	if (!t)
		return NULL; /* as its beginning would have been: that is counted there */
	t->begin_ns = 0;
	t->ip = t->caller = (struct site){.dev = SITE_ADDRESS};
	args_read(t->args);
	return t;
}

/* The call that this thread is in, and that returns now. */
static __always_inline struct thread *syscall_end(__u8 type)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct thread *t;

	if (!collecting)
		return NULL;
	t = bpf_map_lookup_elem(&threads, &tid);
	if (!t || t->syscall != type)
		return late_begin(id);
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

/*
 * Read once and first: the verifier takes no second address made from the context's.
 * Every call that is traced comes by here, and once.
 */
static __always_inline long result_of(struct trace_event_raw_sys_exit *ctx)
{
	long ret = ctx->ret;

	hit_count(HIT_SYSCALL);

	barrier_var(ret);
	return ret;
}

#endif

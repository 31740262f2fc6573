/*
 * malloc.bpf.c - one record for each allocation call, from a uprobe at its beginning, and
 * one more for its return at level live.
 *
 * This runs inside the traced process on every allocation, so the order is
 * fixed: reject on the filter, reject what is not a user's call, reserve, fill,
 * submit.  One program serves every function: the probe's cookie says which.
 *
 * A call and its return are paired by the agent, by the thread and the place of
 * the call's frame: nothing here has to remember calls that never return.
 */
#include "again.bpf.h"
#include "block.bpf.h"
#include "malloc_spill.bpf.h"
#include "may_return.bpf.h"
#include "user_call.bpf.h"

/* True: counted among the other processes. */
static __always_inline bool malloc_emit(const struct said *s)
{
	return !malloc_put(s) && malloc_spill(s->id >> 32, s->size, s->op, s->flags, s->ts);
}

/* As above, with what pairs it with its return. */
static __always_inline bool call_emit(struct pt_regs *ctx, struct said *s,
				      const struct probe *probe)
{
	s->type = EVENT_CALL;
	s->addr = probe->block_arg ? argument(ctx, probe, probe->block_arg) : 0;
	s->call = entry_sp(ctx, probe) >> 3;
	return !call_put(s) && malloc_spill(s->id >> 32, s->size, s->op, s->flags, 0);
}

/*
 * The thread is in a realloc, which its entry has counted, or has not: it may have
 * been in it before collection began, and of an overlay's two files one has.  The
 * route goes where the call went.
 */
static __always_inline void kept_emit(__u64 id, const struct probe *probe, __u64 now)
{
	__u32 tid = id;
	struct thread *t = thread_find(tid);
	struct cell_key key = {.type = EVENT_MALLOC, .op = probe->fn, .flags = EVENT_F_KEPT};
	struct said s;

	if (!t || !t->pending || t->object != probe->object || !seen_since(t->request_ns, now))
		return;
	t->pending = false;
	if (!t->in_others) {
		s = call_said(id, t->request, probe, EVENT_F_KEPT, t->request_ns);
		malloc_emit(&s);
		return;
	}
	key.flags |= burst_flags(t->request_ns);
	key.bucket = size_bucket(t->request);
	cells_add(&key, t->request);
}

/* True: it is a call whose return is to be seen.  thread: NULL where it is not at hand. */
static __always_inline bool call_begin(struct pt_regs *ctx, struct thread *thread)
{
	__u64 id = bpf_get_current_pid_tgid(), now = call_time();
	const struct probe *probe = probe_counts(ctx, id, now);
	struct said s;
	bool in_others;

	if (!probe)
		return false;
	if (probe->kept) {
		kept_emit(id, probe, now);
		return false;
	}
	if (!thread)
		thread = thread_get(id);
	if (!call_counts(ctx, probe, thread, id, now, false, &s))
		return false;
	if (config.repeats && thread && (probe->plain || thread->again_probe))
		again_remember(ctx, thread, probe, id);
	s.thread = thread;
	if (config.live && !may_return(probe, entry_sp(ctx, probe), s.size, s.flags))
		s.flags |= EVENT_F_NO_RETURN;
	in_others = config.live ? call_emit(ctx, &s, probe) : malloc_emit(&s);
	if (in_others && thread)
		thread->in_others = true;
	return !(s.flags & EVENT_F_NO_RETURN);
}

/* What posix_memalign has put where it was told to; 0 where it failed. */
static __always_inline bool out_read(__u32 tid, __u64 sp, __u64 result, __u64 *addr)
{
	struct thread *t = thread_find(tid);

	*addr = 0;
	if ((__u32)result)
		return true;
	return t && t->out_sp == sp && !bpf_probe_read_user(addr, sizeof(*addr), (void *)t->out);
}

/* What the function of this return is; without cookies it follows from the place of its frame. */
static __always_inline bool returns_by_pointer(struct pt_regs *ctx, __u32 tid, __u64 sp)
{
	const struct probe *probe;
	const struct thread *t;

	if (config.has_cookie) {
		probe = probe_hit(ctx);
		return probe && probe->fn == FN_POSIX_MEMALIGN;
	}
	t = thread_find(tid);
	return t && t->out_sp == sp;
}

static __always_inline void call_end(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), addr = PT_REGS_RC(ctx), sp = PT_REGS_SP(ctx);
	struct said s = {.id = id, .type = EVENT_RETURN};
	__u32 tid = id;

	hit_count(id, HIT_RETURN);
#if defined(__TARGET_ARCH_x86)
	sp -= sizeof(addr); /* the return address has been popped */
#endif
	if (!watched(id >> 32))
		return;
	if (returns_by_pointer(ctx, tid, sp) && !out_read(tid, sp, addr, &addr))
		s.flags = EVENT_F_UNREAD;
	block_emit(&s, addr, sp);
}

SEC("uprobe")
int malloc_enter(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_ENTRY);
	struct thread *thread;

	keep_own_stack(ctx, no_programs);
	thread = config.repeats ? thread_of_task() : NULL;
	if (!config.repeats || !call_again(ctx, thread))
		call_begin(ctx, thread);
	run_end(RUN_ENTRY, since);
	return 0;
}

SEC("uretprobe")
int malloc_return(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_RETURN);

	keep_own_stack(ctx, no_programs);
	call_end(ctx);
	run_end(RUN_RETURN, since);
	return 0;
}

/*
 * Both in one, on kernels with uprobe.session (Linux 6.13): a call that is none of
 * a user's, or of nobody who is watched, then does without a return probe.  At a
 * return the instruction pointer is where that leads to.
 */
SEC("uprobe")
int malloc_session(struct pt_regs *ctx)
{
	__u64 since;
	bool returns;

	keep_own_stack(ctx, no_sessions);
	if (PT_REGS_IP(ctx) == bpf_get_func_ip(ctx)) {
		since = run_begin(RUN_ENTRY);
		returns = call_begin(ctx, NULL);
		run_end(RUN_ENTRY, since);
		return !returns;
	}
	since = run_begin(RUN_RETURN);
	call_end(ctx);
	run_end(RUN_RETURN, since);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

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
#include "begun.bpf.h"
#include "block.bpf.h"
#include "burst.bpf.h"
#include "hits.bpf.h"
#include "malloc_spill.bpf.h"
#include "probe.bpf.h"
#include "thread.bpf.h"

/* Chunk header bits of glibc's malloc, malloc/malloc.c. */
#define GLIBC_IS_MMAPPED 2ULL
#define GLIBC_SIZE_BITS	 7ULL

/* The product, or false where it does not fit. */
static __always_inline bool product(__u64 a, __u64 b, __u64 *out)
{
	if ((a | b) >> 32 && a) {
		__u64 most = ~0ULL / a;

		/* Or clang makes it a 128-bit product, which BPF has not. */
		barrier_var(most);
		if (b > most)
			return false;
	}
	*out = a * b;
	return true;
}

/* The bytes that the call asks for.  False: it is refused, whatever memory there is. */
static __always_inline bool request_size(struct pt_regs *ctx, const struct probe *probe,
					 __u64 *size)
{
	bool fits = true;

	*size = argument(ctx, probe, probe->size_arg);
	if (probe->count_arg)
		fits = product(argument(ctx, probe, probe->count_arg), *size, size);
	return fits && *size <= ~0ULL >> 1; /* PTRDIFF_MAX */
}

/*
 * Or from another allocator's?  One that is put before it may hand every call on,
 * from its own code, or by a jump, with all as it was.
 */
static __always_inline bool handed_on(const struct thread *t, const struct probe *probe, __u64 sp,
				      __u64 ret, __u64 size)
{
	if (t->object == probe->object)
		return false;
	return (ret >= t->code_lo && ret < t->code_hi) ||
	       (t->code_hi && t->sp == sp && t->ret == ret && t->request == size);
}

/* What is the same for all calls that this probe sees; most come from the last one's. */
static __always_inline void probe_remember(struct pt_regs *ctx, struct thread *t,
					   const struct probe *probe)
{
	__u64 start = PT_REGS_IP(ctx) - probe->off;

	if (t->probe_ip == PT_REGS_IP(ctx) && t->object == probe->object)
		return;
	t->probe_ip = PT_REGS_IP(ctx);
	t->object = probe->object;
	t->fn = probe->fn;
	t->marks = probe->marks;
	t->code_lo = probe->whole ? start + probe->internal[0].lo : 0;
	t->code_hi = probe->whole ? start + probe->internal[0].hi : 0;
}

/*
 * Some functions hand a call over by a jump, which leaves the stack pointer and
 * the return address as they were: realloc of NULL to malloc, glibc's
 * aligned_alloc of what every block is aligned to, musl's valloc and memalign.
 * Of other allocators the agent has read their code.
 */
#define MALLOC_ALIGNMENT 16

static __always_inline __u64 may_jump(struct pt_regs *ctx, const struct probe *probe)
{
	bool may = true;

	if (!probe->libc)
		return probe->jumps;
	switch (probe->fn) {
	case FN_REALLOC:
		may = !argument(ctx, probe, 1);
		break;
	case FN_ALIGNED_ALLOC:
	case FN_MEMALIGN:
		may = !probe->glibc || argument(ctx, probe, 1) <= MALLOC_ALIGNMENT;
		break;
	default:
		may = probe->fn == FN_VALLOC && !probe->glibc;
	}
	return may ? probe->jumps : 0;
}

/*
 * A call like the thread's last one, which may have been handed over: the same.
 * Only a user's wrapper that itself ends in a jump, now to a function that
 * forwards and next to the one that this forwards to, for as many bytes, would
 * look no different.  pvalloc rounds them up first.
 */
static __always_inline bool same_call(const struct thread *t, const struct probe *probe, __u64 sp,
				      __u64 ret, __u64 size)
{
	return t->jumps >> (probe->entry & (ENTRIES_MAX - 1)) & 1 && t->sp == sp && t->ret == ret &&
	       t->object == probe->object && (t->request == size || t->fn == FN_PVALLOC);
}

/*
 * glibc's realloc of a block that has a mapping of its own makes no system call
 * when the pages are as many as before.  No other event would tell its route.
 */
static __always_inline bool keeps_mapping(struct pt_regs *ctx, const struct probe *probe,
					  __u64 size)
{
	__u64 page = 1ULL << config.page_shift;
	__u64 header[2] = {}; /* what precedes the chunk, its size and bits */
	__u64 p, chunk;

	if (probe->fn != FN_REALLOC || !probe->glibc || !size)
		return false;
	p = argument(ctx, probe, 1);
	if (!p)
		return false;
	if (bpf_probe_read_user(header, sizeof(header), (void *)(p - sizeof(header))))
		return false;
	if (!(header[1] & GLIBC_IS_MMAPPED))
		return false;
	chunk = (size + 8 + 15) & ~15ULL;
	if (chunk < 32)
		chunk = 32;
	return ((header[0] + chunk + 8 + page - 1) & ~(page - 1)) ==
	       header[0] + (header[1] & ~GLIBC_SIZE_BITS);
}

/* The call as an event; ts: of the call, where it is asked for. */
static __always_inline struct said call_said(__u64 id, __u64 size, const struct probe *probe,
					     __u32 flags, __u64 ts)
{
	return (struct said){.id = id,
			     .ts = ts,
			     .size = size,
			     .object = probe->object,
			     .flags = flags,
			     .type = EVENT_MALLOC,
			     .op = probe->fn};
}

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

/*
 * Can it be told only by where the call comes from that it is a user's, and has not been counted?
 * Reading that takes a quarter of the program.
 */
static __always_inline bool may_be_inner(const struct thread *t, const struct probe *probe,
					 __u64 sp, __u64 now)
{
	if (!probe->outer || !t || !t->probe_ip || t->object != probe->object)
		return true;
	if (!seen_since(t->request_ns, now))
		return true;
	return t->leads >> (probe->entry & (ENTRIES_MAX - 1)) & 1 && sp <= t->leads_sp;
}

/*
 * What its own code may call before this call ends.  And what a call may before it that is below
 * on the stack: a signal handler may have come between.
 */
static __always_inline void leads_remember(struct thread *t, const struct probe *probe, __u64 sp)
{
	if (t->leads && sp < t->leads_sp) {
		t->leads |= probe->jumps;
		return;
	}
	t->leads = probe->jumps;
	t->leads_sp = sp;
}

/*
 * Two files of an overlay file system may be one below it, where the probes are: each call hits
 * those of both.
 */
static __always_inline bool is_of_twin(struct pt_regs *ctx, const struct thread *t,
				       const struct probe *probe)
{
	return t->probe_ip == PT_REGS_IP(ctx) && t->object != probe->object;
}

/* A call that has been counted, by another function or another file. */
static __always_inline bool is_counted(struct pt_regs *ctx, struct thread *t,
				       const struct probe *probe, __u64 sp, __u64 ret, __u64 size)
{
	if (is_of_twin(ctx, t, probe))
		return true;
	if (same_call(t, probe, sp, ret, size)) {
		t->jumps = may_jump(ctx, probe);
		return true;
	}
	return handed_on(t, probe, sp, ret, size);
}

/* at_station: it is one of malloc or calloc, and all that is about others need not be verified. */
static __always_inline bool is_new_call(struct pt_regs *ctx, struct thread *t,
					const struct probe *probe, __u64 ret, __u64 size, __u64 now,
					bool at_station)
{
	__u64 sp = entry_sp(ctx, probe);

	if (seen_since(t->request_ns, now) && is_counted(ctx, t, probe, sp, ret, size))
		return false;
	t->request_ns = now;
	probe_remember(ctx, t, probe);
	leads_remember(t, probe, sp);
	t->sp = sp;
	t->ret = ret;
	t->request = size;
	t->pending = true;
	t->brk_failed = false;
	t->jumps = at_station ? 0 : may_jump(ctx, probe);
	t->in_others = false;
	t->freed = 0;
	if (config.live && !at_station && probe->fn == FN_POSIX_MEMALIGN) {
		t->out = argument(ctx, probe, 1);
		t->out_sp = sp;
	} else if (config.live && t->out_sp == sp) {
		t->out_sp = 0; /* that call was left */
	}
	return true;
}

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

/* False: it is not a user's, or it has been counted. */
static __always_inline bool call_counts(struct pt_regs *ctx, const struct probe *probe,
					struct thread *thread, __u64 id, __u64 now, bool at_station,
					struct said *s)
{
	__u64 ret = 0, size = 0;
	__u32 flags = 0;

	if (may_be_inner(thread, probe, entry_sp(ctx, probe), now)) {
		ret = return_address(ctx, probe);
		if (internal_call(ctx, probe, ret))
			return false;
	}
	if (!request_size(ctx, probe, &size)) {
		size = 0;
		flags |= EVENT_F_IMPOSSIBLE;
	} else if (!at_station && keeps_mapping(ctx, probe, size)) {
		flags |= EVENT_F_KEEPS_MAPPING;
	}
	if (!thread) /* a call handed on is counted again, for nobody knows it */
		__sync_fetch_and_add(&lost, 1);
	else if (!is_new_call(ctx, thread, probe, ret, size, now, at_station))
		return false;
	*s = call_said(id, size, probe, flags, now);
	return true;
}

/* The probe that was hit, if what it sees is to be counted. */
static __always_inline const struct probe *probe_counts(struct pt_regs *ctx, __u64 id, __u64 now)
{
	const struct probe *probe = probe_hit(ctx);

	if (probe)
		hit_count(probe->hit);
	if ((config.bursts && !bursts_at(now)) || !watched(id >> 32))
		return NULL;
	if (!probe)
		__sync_fetch_and_add(&lost, 1);
	return probe;
}

/* True: it is a call whose return is to be seen. */
static __always_inline bool call_begin(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = call_time();
	const struct probe *probe = probe_counts(ctx, id, now);
	struct thread *thread;
	struct said s;
	bool in_others;

	if (!probe)
		return false;
	if (probe->kept) {
		kept_emit(id, probe, now);
		return false;
	}
	thread = thread_get(id);
	if (!call_counts(ctx, probe, thread, id, now, false, &s))
		return false;
	if (config.repeats && thread)
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

	hit_count(HIT_RETURN);
#if defined(__TARGET_ARCH_x86)
	sp -= sizeof(addr); /* the return address has been popped */
#endif
	if (!watched(id >> 32))
		return;
	if (returns_by_pointer(ctx, tid, sp) && !out_read(tid, sp, addr, &addr))
		s.flags = EVENT_F_UNREAD;
	block_emit(&s, addr, sp);
}

/* ---- stations: where a call comes by on its way (user/kernel/course.h) ---- */

/* 0: it has failed. */
static __always_inline __u64 station_result(struct pt_regs *ctx, const struct probe *probe)
{
	return probe->result < PROBE_REGS ? register_read(ctx, probe->result) : 0;
}

/* What it asks for, to tell it from another: not whether it can be had. */
static __always_inline __u64 station_request(struct pt_regs *ctx, const struct probe *probe)
{
	__u64 size = 0;

	if (probe->sized)
		request_size(ctx, probe, &size);
	return size;
}

/* The call's first station: it begins here, and may end here as well. */
static __always_inline void station_first(struct pt_regs *ctx, struct thread *t,
					  const struct probe *probe, __u64 id, __u64 now)
{
	bool begins = probe->station == STATION_BEGINS, counts;
	__u64 sp = entry_sp(ctx, probe);
	struct begun_call *room = NULL;
	struct said s;

	/* Without its arguments it has come by another station, before it was watched. */
	if (!probe->sized || is_of_twin(ctx, t, probe))
		return;
	if (begins) {
		room = begun_at(t, begun_room(t, sp));
		if (!room) { /* so many handlers, one in another, each in a call of malloc's */
			__sync_fetch_and_add(&lost, 1);
			return;
		}
	}
	counts = call_counts(ctx, probe, t, id, now, true, &s);
	if (room)
		begun_set(t, room, probe->number, sp, station_request(ctx, probe), !counts);
	if (!counts)
		return;
	s.thread = t;
	s.type = begins ? EVENT_CALL : EVENT_BLOCK;
	s.call = sp >> 3;
	if (!begins) {
		t->pending = false;
		s.addr = station_result(ctx, probe);
	}
	if (!call_put(&s) && malloc_spill(id >> 32, s.size, s.op, s.flags, 0))
		t->in_others = true;
}

static __always_inline void station_passed(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = call_time(), sp;
	const struct probe *probe = probe_counts(ctx, id, now);
	struct said s = {.id = id, .type = EVENT_RETURN};
	struct begun_call *begun = NULL;
	struct thread *t;

	if (!probe)
		return;
	t = thread_get(id);
	if (!t) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	sp = entry_sp(ctx, probe);
	if (t->n_begun)
		begun = begun_at(t, begun_find(t, probe, sp, station_request(ctx, probe)));
	if (!begun) {
		station_first(ctx, t, probe, id, now);
		return;
	}
	if (probe->station == STATION_BEGINS)
		return;
	probe_remember(ctx, t, probe); /* is_of_twin */
	s.thread = t;
	if (begun_end(t, begun))
		block_emit(&s, station_result(ctx, probe), sp);
}

SEC("uprobe")
int malloc_station(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_ENTRY);

	keep_own_stack(ctx, no_programs);
	station_passed(ctx);
	run_end(RUN_ENTRY, since);
	return 0;
}

SEC("uprobe")
int malloc_enter(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_ENTRY);

	keep_own_stack(ctx, no_programs);
	if (!config.repeats || !call_again(ctx))
		call_begin(ctx);
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
		returns = call_begin(ctx);
		run_end(RUN_ENTRY, since);
		return !returns;
	}
	since = run_begin(RUN_RETURN);
	call_end(ctx);
	run_end(RUN_RETURN, since);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

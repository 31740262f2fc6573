/*
 * malloc.bpf.c - one record for each allocation call, from a uprobe at its entry.
 *
 * This runs inside the traced process on every allocation, so the order is
 * fixed: reject on the filter, reject what is not a user's call, reserve, fill,
 * submit.  One program serves every function: the probe's cookie says which.
 */
#include "emit.bpf.h"
#include "returns.bpf.h"
#include "thread.bpf.h"
#include <bpf/bpf_tracing.h>

/* Chunk header bits of glibc's malloc, malloc/malloc.c. */
#define GLIBC_IS_MMAPPED 2ULL
#define GLIBC_SIZE_BITS	 7ULL

#if defined(__TARGET_ARCH_x86)
/* No program is ever in it. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} no_programs SEC(".maps");

/*
 * Since Linux 6.13 (e00931c02568 "bpf: Enable private stack for eligible subprogs") a program
 * with much on its stack is given one for each CPU.  A uprobe's program can be
 * preempted, and whoever runs it next on that CPU would write into this one's:
 * sizes were mixed up between threads on 7.3.  Programs with a tail call in them,
 * if only one that is never made, keep the kernel's own stack.
 */
static __always_inline void keep_own_stack(struct pt_regs *ctx)
{
	if (config.never)
		bpf_tail_call(ctx, &no_programs, 0);
}
#else
/* Kernels of this architecture before 6.0 take no tail call beside calls of functions. */
static __always_inline void keep_own_stack(struct pt_regs *ctx)
{
}
#endif

static __always_inline const struct probe *probe_hit(struct pt_regs *ctx)
{
	__u32 index, page_offset;
	__u32 *at;

	if (config.has_cookie) {
		index = bpf_get_attach_cookie(ctx);
		return bpf_map_lookup_elem(&probes, &index);
	}
	page_offset = PT_REGS_IP(ctx) & 4095;
	at = bpf_map_lookup_elem(&probe_at, &page_offset);
	return at ? bpf_map_lookup_elem(&probes, at) : NULL;
}

static __always_inline __u64 return_address(struct pt_regs *ctx)
{
#if defined(__TARGET_ARCH_x86)
	__u64 ret = 0;

	bpf_probe_read_user(&ret, sizeof(ret), (void *)PT_REGS_SP(ctx));
#else
	__u64 ret = PT_REGS_RET(ctx);

#endif
	return real_return(ret);
}

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

static __always_inline __u64 argument(struct pt_regs *ctx, __u8 which)
{
	__u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx);
	__u64 third = PT_REGS_PARM3(ctx), fourth = PT_REGS_PARM4(ctx);

	/* Or clang chooses among addresses in the context, which the verifier does not take. */
	barrier_var(first);
	barrier_var(second);
	barrier_var(third);
	barrier_var(fourth);
	return which == 1 ? first : which == 2 ? second : which == 3 ? third : fourth;
}

/* The bytes that the call asks for.  False: it is refused, whatever memory there is. */
static __always_inline bool request_size(struct pt_regs *ctx, const struct probe *probe,
					 __u64 *size)
{
	bool fits = true;

	*size = argument(ctx, probe->size_arg);
	if (probe->count_arg)
		fits = product(argument(ctx, probe->count_arg), *size, size);
	return fits && *size <= ~0ULL >> 1; /* PTRDIFF_MAX */
}

/* Does the call come from the allocator's own code? */
static __always_inline bool internal_call(struct pt_regs *ctx, const struct probe *probe, __u64 ret)
{
	__u64 off = ret - (PT_REGS_IP(ctx) - probe->off);

	for (int i = 0; i < PROBE_RANGES; i++) {
		if (!probe->internal[i].hi)
			break;
		if (off >= probe->internal[i].lo && off < probe->internal[i].hi)
			return true;
	}
	return false;
}

/*
 * Or from another allocator's?  One that is put before it may hand every call on,
 * from its own code, or by a jump, with all as it was.
 */
static __always_inline bool handed_on(struct pt_regs *ctx, const struct thread *t,
				      const struct probe *probe, __u64 ret, __u64 size)
{
	if (t->object == probe->object)
		return false;
	return (ret >= t->code_lo && ret < t->code_hi) ||
	       (t->code_hi && t->sp == PT_REGS_SP(ctx) && t->ret == ret && t->request == size);
}

static __always_inline void code_remember(struct pt_regs *ctx, struct thread *t,
					  const struct probe *probe)
{
	__u64 start = PT_REGS_IP(ctx) - probe->off;

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
		may = !PT_REGS_PARM1(ctx);
		break;
	case FN_ALIGNED_ALLOC:
	case FN_MEMALIGN:
		may = !probe->glibc || PT_REGS_PARM1(ctx) <= MALLOC_ALIGNMENT;
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
	__u64 p = PT_REGS_PARM1(ctx);
	__u64 header[2] = {}; /* what precedes the chunk, its size and bits */
	__u64 chunk;

	if (probe->fn != FN_REALLOC || !probe->glibc || !p || !size)
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

/* Among the other processes', for want of room? */
static __noinline bool malloc_spill(__u32 tgid, __u64 size, __u32 fn, __u32 flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = EVENT_MALLOC, .op = fn, .flags = flags};

	key.bucket = size_bucket(size);
	spill_begin(&key, task, tgid);
	cells_add(&key, size);
	return !key.start_ns;
}

static __always_inline bool malloc_emit(__u32 tgid, __u32 tid, __u64 size,
					const struct probe *probe, __u32 flags)
{
	__u64 fill = ring_fill();
	struct event *e = NULL;

	if (fill < config.malloc_limit)
		e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e)
		return malloc_spill(tgid, size, probe->fn, flags);
	e->ts_ns = bpf_ktime_get_boot_ns();
	e->size = size;
	e->tgid = tgid;
	e->tid = tid;
	e->type = EVENT_MALLOC;
	e->op = probe->fn;
	e->flags = flags;
	e->object = probe->object;
	bpf_ringbuf_submit(e, wake_flags(fill));
	return false;
}

/*
 * The thread is in a realloc, which its entry has counted, or has not: it may have
 * been in it before collection began, and of an overlay's two files one has.  The
 * route goes where the call went.
 */
static __always_inline void kept_emit(struct pt_regs *ctx, __u32 tgid, __u32 tid,
				      const struct probe *probe)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &tid);
	struct cell_key key = {.type = EVENT_MALLOC, .op = probe->fn, .flags = EVENT_F_KEPT};

	if (!t || !t->pending || t->object != probe->object)
		return;
	t->pending = false;
	if (!t->in_others) {
		malloc_emit(tgid, tid, t->request, probe, EVENT_F_KEPT);
		return;
	}
	key.bucket = size_bucket(t->request);
	cells_add(&key, t->request);
}

SEC("uprobe")
int malloc_enter(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tgid = id >> 32, tid = id, flags = 0;
	const struct probe *probe;
	struct thread *thread;
	__u64 ret, size = 0;

	keep_own_stack(ctx);
	if (!watched(tgid))
		return 0;
	probe = probe_hit(ctx);
	if (!probe) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	if (probe->kept) {
		kept_emit(ctx, tgid, tid, probe);
		return 0;
	}
	ret = return_address(ctx);
	if (internal_call(ctx, probe, ret))
		return 0;
	if (!request_size(ctx, probe, &size)) {
		size = 0;
		flags |= EVENT_F_IMPOSSIBLE;
	} else if (keeps_mapping(ctx, probe, size)) {
		flags |= EVENT_F_KEEPS_MAPPING;
	}
	thread = thread_get(tid);
	if (thread) {
		/*
		 * Two files of an overlay file system may be one below it, where
		 * the probes are: each call hits those of both.
		 */
		if (thread->probe_ip == PT_REGS_IP(ctx) && thread->object != probe->object)
			return 0;
		if (same_call(thread, probe, PT_REGS_SP(ctx), ret, size)) {
			thread->jumps = may_jump(ctx, probe);
			return 0;
		}
		if (handed_on(ctx, thread, probe, ret, size))
			return 0;
		thread->probe_ip = PT_REGS_IP(ctx);
		thread->object = probe->object;
		code_remember(ctx, thread, probe);
		thread->sp = PT_REGS_SP(ctx);
		thread->ret = ret;
		thread->request = size;
		thread->fn = probe->fn;
		thread->pending = true;
		thread->marks = probe->marks;
		thread->brk_failed = false;
		thread->jumps = may_jump(ctx, probe);
		thread->in_others = false;
	}
	if (malloc_emit(tgid, tid, size, probe, flags) && thread)
		thread->in_others = true;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

/*
 * user_call.bpf.h - is a call of malloc's family a user's, and in no count yet?
 *
 * Allocators call themselves and each other, and hand calls on by jumps.  What a thread did last
 * tells these from what a user calls.
 */
#ifndef USER_CALL_BPF_H
#define USER_CALL_BPF_H

#include "burst.bpf.h"
#include "hits.bpf.h"
#include "probe.bpf.h"
#include "said.bpf.h"
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
		hit_count(id, probe->hit);
	if ((config.bursts && !bursts_at(now)) || !watched(id >> 32))
		return NULL;
	if (!probe)
		__sync_fetch_and_add(&lost, 1);
	return probe;
}

#endif

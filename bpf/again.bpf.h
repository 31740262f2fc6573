/*
 * again.bpf.h - a plain call like its thread's last one: counted, without finding out anew what
 * decides whether it counts.
 *
 * Most calls of most programs are of one function, malloc, one after another.  For these few
 * of the instructions are enough.  While again_probe is set nothing that was called before leads to
 * this function, or jumps there, and no other allocator has been called: where the call comes from
 * and its frame would tell nothing.  Nor is its process asked for in `pids`, which it leaves with
 * its last thread.
 */
#ifndef AGAIN_BPF_H
#define AGAIN_BPF_H

#include "probe.bpf.h"
#include "said.bpf.h"
#include "thread.bpf.h"

static __always_inline bool is_repeated(struct pt_regs *ctx, const struct thread *t, __u64 size)
{
	return t->again_probe == bpf_get_attach_cookie(ctx) + 1 && t->probe_ip == PT_REGS_IP(ctx) &&
	       t->unasked && collecting && !(size >> BRIEF_SIZE_BITS);
}

/* False: nothing has been done. */
static __always_inline bool call_again(struct pt_regs *ctx, struct thread *t)
{
	__u64 size = PT_REGS_PARM1(ctx);
	struct brief_event *b;

	if (!t || !t->again_probe || !is_repeated(ctx, t, size))
		return false;
	b = bpf_ringbuf_reserve(&ring, sizeof(*b), 0);
	if (!b)
		return false;
	*b = t->again_event;
	b->size = size;
	bpf_ringbuf_submit(b, BPF_RB_NO_WAKEUP);
	t->unasked--;
	t->request = size;
	t->pending = true;
	t->brk_failed = false;
	t->in_others = false;
	return true;
}

/* A call by this probe counts. */
static __always_inline void again_remember(struct pt_regs *ctx, struct thread *t,
					   const struct probe *probe, __u64 id)
{
	t->again_probe = 0;
	if (!probe->plain || t->leads || t->jumps ||
	    !brief_event__holds(0, id >> 32, 0, probe->object))
		return;
	t->again_probe = bpf_get_attach_cookie(ctx) + 1;
	t->again_event = brief_event__of(0, id >> 32, probe->fn, 0, probe->object);
	t->again_event.repeated = 1;
}

#endif

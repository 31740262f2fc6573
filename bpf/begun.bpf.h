/*
 * begun.bpf.h - the calls of a thread that have come by a station, and by none at which they end.
 *
 * The functions that are verified once take pointers: stations are from Linux 6.13 on.
 */
#ifndef BEGUN_BPF_H
#define BEGUN_BPF_H

#include "thread.bpf.h"

/*
 * The call that is here now, of begun; -1: it has come by none before.  One that was left may have
 * had the same frame: where the request is known it tells.
 */
VERIFIED_ONCE int begun_find(struct thread *t, const struct probe *probe, __u64 sp, __u64 request)
{
	if (!t || !probe)
		return -1;
	for (int i = 0; i < BEGUN_MOST; i++) {
		struct begun_call *b = &t->begun[i];

		if (b->sp == sp && b->station && probe->after >> ((b->station - 1) & 31) & 1 &&
		    (!probe->sized || b->request == request))
			return i;
	}
	return -1;
}

/*
 * Where one of this frame is written: there was one, which was left, or there is room; -1: no.  One
 * below it on the stack has been left as well, if it is the same stack.
 */
VERIFIED_ONCE int begun_room(struct thread *t, __u64 sp)
{
	int room = -1, left = -1;

	for (int i = 0; t && i < BEGUN_MOST; i++) {
		struct begun_call *b = &t->begun[i];

		if (!b->station)
			room = i;
		else if (b->sp == sp)
			return i;
		else if (b->sp < sp)
			left = i;
	}
	return room >= 0 ? room : left;
}

static __always_inline struct begun_call *begun_at(struct thread *t, int i)
{
	return i < 0 ? NULL : &t->begun[i & (BEGUN_MOST - 1)];
}

static __always_inline void begun_set(struct thread *t, struct begun_call *b, __u8 number, __u64 sp,
				      __u64 request, bool inner)
{
	if (!b->station)
		t->n_begun++;
	b->sp = sp;
	b->request = request;
	b->station = number + 1;
	b->inner = inner;
}

/* True: it counts. */
static __always_inline bool begun_end(struct thread *t, struct begun_call *b)
{
	b->station = 0;
	t->n_begun--;
	return !b->inner;
}

/* A handler may fork in the middle of a call: it ends twice. */
static __always_inline void begun_fork(__u32 tid, __u32 child)
{
	struct thread *t = thread_find(tid);

	if (t && t->n_begun)
		bpf_map_update_elem(&begun_forks, &child, t->begun, BPF_ANY);
}

#endif

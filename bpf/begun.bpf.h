/*
 * begun.bpf.h - the calls of a thread that have come by a station, and by none at which they end.
 */
#ifndef BEGUN_BPF_H
#define BEGUN_BPF_H

#include "thread.bpf.h"

/*
 * The call that is here now; NULL: it has come by none before.  One that was left may have had the
 * same frame, but hardly came by a station that leads here and not to its end.
 */
static __always_inline struct begun_call *begun_find(struct thread *t, const struct probe *probe,
						     __u64 sp)
{
	if (!t->n_begun)
		return NULL;
	for (int i = 0; i < BEGUN_MOST; i++) {
		struct begun_call *b = &t->begun[i];

		if (b->sp == sp && b->station && probe->after >> ((b->station - 1) & 31) & 1)
			return b;
	}
	return NULL;
}

/*
 * Where one of this frame is written: there was one, which was left, or there is room.  One below
 * it on the stack has been left as well, if it is the same stack.
 */
static __always_inline struct begun_call *begun_room(struct thread *t, __u64 sp)
{
	struct begun_call *room = NULL, *left = NULL;

	for (int i = 0; i < BEGUN_MOST; i++) {
		struct begun_call *b = &t->begun[i];

		if (!b->station)
			room = b;
		else if (b->sp == sp)
			return b;
		else if (b->sp < sp)
			left = b;
	}
	return room ? room : left;
}

static __always_inline void begun_add(struct thread *t, __u8 number, __u64 sp, bool inner)
{
	struct begun_call *b = begun_room(t, sp);

	if (!b) { /* so many handlers, one in another, each in a call of malloc's: its end is not
		     seen */
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	if (!b->station)
		t->n_begun++;
	b->sp = sp;
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
static __always_inline void begun_fork(__u32 child)
{
	struct thread *t = thread_of_task();

	if (t && t->n_begun)
		bpf_map_update_elem(&begun_forks, &child, t->begun, BPF_ANY);
}

/* As the first thing that is known of the thread. */
static __always_inline void begun_inherit(struct thread *t, __u32 tid)
{
	struct begun_calls *of_parent = bpf_map_lookup_elem(&begun_forks, &tid);

	if (!of_parent)
		return;
	for (int i = 0; i < BEGUN_MOST; i++) {
		t->begun[i] = of_parent->call[i];
		t->n_begun += !!t->begun[i].station;
	}
	bpf_map_delete_elem(&begun_forks, &tid);
}

#endif

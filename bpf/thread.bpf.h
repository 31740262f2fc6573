/*
 * thread.bpf.h - what a thread is in the middle of, from one program to the next.
 */
#ifndef THREAD_BPF_H
#define THREAD_BPF_H

#include "maps.bpf.h"

/* Out of line: half of the stack that a program and all that it calls may have. */
static __noinline int thread_add(__u32 tid)
{
	struct thread fresh = {};

	return bpf_map_update_elem(&threads, &tid, &fresh, BPF_NOEXIST);
}

/* NULL: more threads than the map holds.  The caller says what that costs. */
static __always_inline struct thread *thread_get(__u32 tid)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &tid);

	if (t)
		return t;
	thread_add(tid);
	return bpf_map_lookup_elem(&threads, &tid);
}

#endif

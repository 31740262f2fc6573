/*
 * thread.bpf.h - what a thread is in the middle of, from one program to the next.
 */
#ifndef THREAD_BPF_H
#define THREAD_BPF_H

#include "maps.bpf.h"

/* Not on the stack: it would take most of what a program and all that it calls may have. */
const volatile __u64 fresh_thread[sizeof(struct thread) / sizeof(__u64)] __weak = {};

/* NULL: more threads than the map holds.  The caller says what that costs. */
static __always_inline struct thread *thread_get(__u32 tid)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &tid);

	if (t)
		return t;
	bpf_map_update_elem(&threads, &tid, (const void *)&fresh_thread, BPF_NOEXIST);
	return bpf_map_lookup_elem(&threads, &tid);
}

#endif

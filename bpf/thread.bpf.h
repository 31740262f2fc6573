/*
 * thread.bpf.h - what a thread is in the middle of, from one program to the next.
 *
 * The kernel keeps it with the task, where it can: that takes a fifth of looking it up in a hash,
 * it ends with the task, and there is no most of threads.  But one may not be made while on this
 * CPU another task's program has been preempted as it looked for its own (bpf_task_storage_busy,
 * kernel/bpf/bpf_task_storage.c, until 7.0).  That thread is in the hash then, for good.
 */
#ifndef THREAD_BPF_H
#define THREAD_BPF_H

#include "maps.bpf.h"

/* Not on the stack: it would take most of what a program and all that it calls may have. */
const volatile __u64 fresh_thread[sizeof(struct thread) / sizeof(__u64)] __weak = {};

/* What is kept with the current task; NULL: nothing. */
static __always_inline struct thread *thread_of_task(void)
{
	if (!config.task_storage)
		return NULL;
	return bpf_task_storage_get(&task_threads, bpf_get_current_task_btf(), NULL, 0);
}

/* Of the current task, whose id is tid; NULL: nothing is known of it. */
static __always_inline struct thread *thread_find(__u32 tid)
{
	struct thread *t = thread_of_task();

	return t ? t : bpf_map_lookup_elem(&threads, &tid);
}

/* Its parent's thread may have been in the middle of calls when it forked: so it is as well. */
VERIFIED_ONCE int thread_inherit(__u32 tid)
{
	struct begun_calls *of_parent = bpf_map_lookup_elem(&begun_forks, &tid);
	struct thread *t = thread_find(tid);

	if (!of_parent || !t)
		return 0;
	for (int i = 0; i < BEGUN_MOST; i++) {
		t->begun[i] = of_parent->call[i];
		t->n_begun += !!t->begun[i].station;
	}
	bpf_map_delete_elem(&begun_forks, &tid);
	return 0;
}

/* The same, made if need be: out of line, for it is so once. */
static __noinline struct thread *thread_make(__u32 tid)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &tid);

	if (t)
		return t;
	if (config.task_storage) {
		t = bpf_task_storage_get(&task_threads, bpf_get_current_task_btf(),
					 (void *)fresh_thread, BPF_LOCAL_STORAGE_GET_F_CREATE);
	}
	if (!t) {
		bpf_map_update_elem(&threads, &tid, (const void *)&fresh_thread, BPF_NOEXIST);
		t = bpf_map_lookup_elem(&threads, &tid);
	}
	if (t && config.live)
		thread_inherit(tid);
	return t;
}

/* NULL: more threads than the map holds.  The caller says what that costs. */
static __always_inline struct thread *thread_get(__u32 tid)
{
	struct thread *t = thread_of_task();

	return t ? t : thread_make(tid);
}

/* What the current task was in the middle of is void. */
static __always_inline void thread_forget(__u32 tid)
{
	struct thread *t = thread_of_task();

	bpf_map_delete_elem(&threads, &tid);
	if (config.live)
		bpf_map_delete_elem(&begun_forks, &tid);
	if (t)
		*t = (struct thread){};
}

#endif

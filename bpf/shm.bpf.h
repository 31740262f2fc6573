/*
 * shm.bpf.h - System V shared memory that comes into an address space, and goes.
 *
 * Both are told at their ends alone: the arguments are in the registers still,
 * and how large the segment is, which nobody passed, the mapping tells.
 */
#ifndef SHM_BPF_H
#define SHM_BPF_H

#include "call.bpf.h"

VERIFIED_ONCE int shm_spill(__u8 type)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = type};
	struct spilled_process *p = spill_begin(&key, task, bpf_get_current_pid_tgid() >> 32);

	cells_add(&key, 0);
	note_change(p, &key);
	return 0;
}

static __always_inline int shm_emit(__u8 type, const __u64 *args, long ret, __u64 size)
{
	__u64 fill = ring_fill();
	struct event_map *m = bpf_ringbuf_reserve(&ring, sizeof(*m), 0);

	if (!m)
		return shm_spill(type);
	__builtin_memset(m, 0, sizeof(*m));
	event_fill(&m->e, type, MAP_OK, size, 0);
	m->addr = type == EVENT_SHMAT ? args[1] : args[0];
	m->fd = type == EVENT_SHMAT ? args[0] : -1;
	m->flags = type == EVENT_SHMAT ? args[2] : 0;
	m->result = ret;
	m->begin_ns = m->e.ts_ns;
	bpf_ringbuf_submit(m, wake_flags(fill));
	return 0;
}

static __noinline int shmat_end(struct pt_regs *regs, long ret)
{
	struct search s = {.addr = ret};
	__u64 args[6];

	/* A filter's SIGSYS leaves the call's number there: no page begins at it. */
	if (failed(ret) || ret & ((1UL << config.page_shift) - 1) ||
	    !watched(bpf_get_current_pid_tgid() >> 32))
		return 0;
	args_read(args, regs);
	if (!find_vma(0, &s))
		bpf_loop(FIND_TRIES, find_vma, &s, 0);
	return shm_emit(EVENT_SHMAT, args, ret, s.map.end - s.map.start);
}

static __noinline int shmdt_end(struct pt_regs *regs, long ret)
{
	__u64 args[6];

	if (ret || !watched(bpf_get_current_pid_tgid() >> 32))
		return 0;
	args_read(args, regs);
	return shm_emit(EVENT_SHMDT, args, ret, 0);
}

#endif

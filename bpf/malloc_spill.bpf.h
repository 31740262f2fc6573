/*
 * malloc_spill.bpf.h - an allocation call that finds the ring full: counted, exactly.
 */
#ifndef MALLOC_SPILL_BPF_H
#define MALLOC_SPILL_BPF_H

#include "burst.bpf.h"
#include "emit.bpf.h"

/* Among the other processes', for want of room? */
VERIFIED_ONCE int malloc_spill(__u32 tgid, __u64 size, __u32 fn, __u32 flags, __u64 ts)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = EVENT_MALLOC, .op = fn, .flags = flags};
	struct spilled_process *p;

	key.flags |= burst_flags(ts);
	key.bucket = size_bucket(size);
	p = spill_begin(&key, task, tgid);
	cells_add(&key, size);
	note_missed_call(p);
	return !key.start_ns;
}

#endif

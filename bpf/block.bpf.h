/*
 * block.bpf.h - the records of a block's beginning and end.
 */
#ifndef BLOCK_BPF_H
#define BLOCK_BPF_H

#include "said.bpf.h"

/* Counted, but which block it was is not kept. */
VERIFIED_ONCE int block_spill(__u32 tgid, __u8 type)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = type};
	struct spilled_process *p = spill_begin(&key, task, tgid);

	cells_add(&key, 0);
	note_missed_call(p);
	return 0;
}

static __always_inline void block_emit(struct said *s, __u64 addr, __u64 sp)
{
	/* The time costs as much as all the rest; what came before it in the ring tells it well
	 * enough. */
	s->ts = config.times ? bpf_ktime_get_boot_ns() : 0;
	s->addr = addr;
	s->call = sp >> 3;
	if (!call_put(s))
		block_spill(s->id >> 32, s->type);
}

#endif

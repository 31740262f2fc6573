/*
 * block.bpf.h - the records of a block's beginning and end.
 */
#ifndef BLOCK_BPF_H
#define BLOCK_BPF_H

#include "emit.bpf.h"

static __always_inline void block_fill(struct event_call *c, __u8 type, __u64 id, __u64 addr,
				       __u64 sp)
{
	/* The time costs as much as all the rest; what came before it in the ring tells it well
	 * enough. */
	c->e.ts_ns = config.times ? bpf_ktime_get_boot_ns() : 0;
	c->e.size = 0;
	c->e.tgid = id >> 32;
	c->e.tid = id;
	c->e.type = type;
	c->e.op = 0;
	c->e.flags = 0;
	c->e.object = 0;
	c->addr = addr;
	c->call = sp >> 3;
	c->pad = 0;
}

/* Counted, but which block it was is not kept. */
static __noinline int block_spill(__u32 tgid, __u8 type)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = type};
	struct spilled_process *p = spill_begin(&key, task, tgid);

	cells_add(&key, 0);
	note_missed_call(p);
	return 0;
}

#endif

/*
 * emit.bpf.h - an event to the ring, or, where the ring is too full, exactly into the spill.
 *
 * Malloc events spill from a high-water mark on; the rarer events, which the
 * agent needs in order and whole, may fill the ring to its end.
 */
#ifndef EMIT_BPF_H
#define EMIT_BPF_H

#include "file.bpf.h"
#include "filter.bpf.h"

static __always_inline __u64 task_start_ns(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/*
 * The reader sleeps until the ring fills or its clock ticks: waking it for each
 * event would cost more than the event.
 */
static __always_inline __u64 wake_now(void)
{
	if (woken)
		return BPF_RB_NO_WAKEUP;
	woken = true;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline __u64 wake_flags(__u64 fill)
{
	return fill < config.wake_at ? BPF_RB_NO_WAKEUP : wake_now();
}

/* Code that the agent has not looked at: it may be an allocator, whose calls count from then on. */
static __always_inline __u64 wake_for_code(__u64 fill, __u64 ino, __u32 dev)
{
	return file_is_known(ino, dev) ? wake_flags(fill) : wake_now();
}

static __always_inline __u64 ring_fill(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
}

/*
 * Atomic, and inserted with BPF_NOEXIST and looked up again: another task's
 * program may run on this CPU between any two of our instructions.
 */
static __always_inline bool cell_add(void *map, const struct cell_key *key, __u64 bytes)
{
	struct cell zero = {};
	struct cell *cell = bpf_map_lookup_elem(map, key);

	if (!cell) {
		bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
		cell = bpf_map_lookup_elem(map, key);
		if (!cell)
			return false;
	}
	__sync_fetch_and_add(&cell->calls, 1);
	/*
	 * With a constant 0 clang makes the addition an atomic `or`, which Linux
	 * before 5.12 does not load.
	 */
	if (bytes)
		__sync_fetch_and_add(&cell->bytes, bytes);
	return true;
}

static __noinline bool cells_add(struct cell_key *key, __u64 bytes)
{
	if (!key)
		return false;
	if (key->start_ns && cell_add(&cells, key, bytes))
		return true;
	key->start_ns = 0;
	/* Whose address it is takes the PID to find out. */
	if (key->ip.dev != SITE_ADDRESS && key->caller.dev != SITE_ADDRESS)
		key->tgid = 0;
	if (cell_add(&other_cells, key, bytes))
		return true;
	__sync_fetch_and_add(&lost, 1);
	return false;
}

/* The process's entry in the spill, made if need be.  NULL: no room, it is one of the others. */
static __always_inline struct spilled_process *spilled_process(struct task_struct *task, __u32 tgid)
{
	struct process_key key = {.start_ns = task_start_ns(task), .tgid = tgid};
	struct spilled_process *p = bpf_map_lookup_elem(&processes, &key);
	struct spilled_process fresh = {};

	if (p)
		return p;
	fresh.start_ns = key.start_ns;
	fresh.ppid = BPF_CORE_READ(task, group_leader, real_parent, tgid);
	fresh.cgroup = bpf_get_current_cgroup_id();
	fresh.brk_start = BPF_CORE_READ(task, mm, start_brk);
	fresh.brk_end = BPF_CORE_READ(task, mm, brk);
	BPF_CORE_READ_INTO(&fresh.comm, task, group_leader, comm);
	bpf_map_update_elem(&processes, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&processes, &key);
}

/* What has spilled of it is in there.  NULL: nothing has. */
static __always_inline struct spilled_process *spilled_find(struct task_struct *task, __u32 tgid)
{
	struct process_key key = {.tgid = tgid};

	if (!spilled)
		return NULL;
	key.start_ns = task_start_ns(task);
	return bpf_map_lookup_elem(&processes, &key);
}

/*
 * The break as it is now, for an exit that can no longer ask for it.  Without an
 * entry in the spill the ring has every change of it.
 */
static __always_inline void break_note(struct task_struct *task, __u32 tgid)
{
	struct spilled_process *p = spilled_find(task, tgid);

	if (!p)
		return;
	p->brk_start = BPF_CORE_READ(task, mm, start_brk);
	p->brk_end = BPF_CORE_READ(task, mm, brk);
}

/* Names the process in key, or, when the table is full, the others. */
static __always_inline struct spilled_process *spill_begin(struct cell_key *key,
							   struct task_struct *task, __u32 tgid)
{
	struct spilled_process *p = spilled_process(task, tgid);

	__sync_fetch_and_add(&spilled, 1);
	key->tgid = tgid;
	key->start_ns = p ? p->start_ns : 0;
	return p;
}

/* Counted among the others, the event does not show that the process's ledger missed it. */
static __always_inline void note_change(struct spilled_process *p, const struct cell_key *key)
{
	if (p && !key->start_ns)
		p->mm_changed = 1;
}

/* Which blocks it has cannot be told any more; nor of a child that it forks from now on. */
static __always_inline void note_missed_call(struct spilled_process *p)
{
	if (config.live && p)
		p->calls_missed = 1;
}

#endif

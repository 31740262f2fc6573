/*
 * brk.bpf.h - brk, judged by the break before and after it.
 */
#ifndef BRK_BPF_H
#define BRK_BPF_H

#include "call.bpf.h"

static __noinline int brk_begin(struct pt_regs *regs)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct thread *t = syscall_begin(EVENT_BRK, regs);

	if (!t)
		return 0;
	t->brk_start = BPF_CORE_READ(task, mm, start_brk);
	t->brk_before = BPF_CORE_READ(task, mm, brk);
	return 0;
}

static __always_inline __u8 brk_outcome(__u64 request, __u64 before, __u64 after)
{
	if (after > before)
		return BRK_GROW;
	if (after < before)
		return BRK_SHRINK;
	return !request || request == before ? BRK_QUERY : BRK_FAILED;
}

VERIFIED_ONCE int brk_spill(__u8 op, __u64 size, __u8 flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = EVENT_BRK, .op = op, .bucket = size_bucket(size)};
	struct spilled_process *p = spill_begin(&key, task, bpf_get_current_pid_tgid() >> 32);

	if (flags & EVENT_F_LATE) {
		if (p)
			p->mm_changed = 1;
		return 0;
	}
	cells_add(&key, size);
	note_change(p, &key);
	return 0;
}

static __noinline int brk_end(struct pt_regs *regs, __u64 after)
{
	struct thread *t = syscall_end(EVENT_BRK, regs);
	struct event_brk *b;
	__u64 size, fill;
	__u8 op, flags = 0;

	if (!t)
		return 0;
	if (!t->begin_ns) {
		flags = EVENT_F_LATE;
		t->brk_start = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm,
					     start_brk);
		/* Refused by a filter before the kernel took it up it returns anything. */
		after = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm, brk);
		t->brk_before = after;
	}
	op = brk_outcome(t->args[0], t->brk_before, after);
	size = op == BRK_SHRINK ? t->brk_before - after : after - t->brk_before;
	if (op == BRK_FAILED)
		t->brk_failed = true;
	fill = ring_fill();
	b = bpf_ringbuf_reserve(&ring, sizeof(*b), 0);
	if (!b) {
		brk_spill(op, size, flags);
	} else {
		event_fill(&b->e, EVENT_BRK, op, size, flags);
		b->request = t->args[0];
		b->start = t->brk_start;
		b->before = t->brk_before;
		b->after = after;
		bpf_ringbuf_submit(b, wake_flags(fill));
	}
	break_note((struct task_struct *)bpf_get_current_task(), bpf_get_current_pid_tgid() >> 32);
	return 0;
}

#endif

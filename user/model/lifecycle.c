/*
 * lifecycle.c - processes that come, turn into other programs, and go.
 */
#include <errno.h>
#include <string.h>

#include "model/holes.h"
#include "model/space.h"
#include "model/state.h"

void lifecycle__set_comm(struct process *p, const char comm[16])
{
	memcpy(p->stats.comm, comm, 15);
	p->stats.comm[15] = 0;
}

/* own: the address space is a copy; tid: the thread that forked. */
static int inherit(struct process *child, const struct process *parent, bool own, __u32 tid)
{
	struct process_stats *to = &child->stats;
	const struct process_stats *from = &parent->stats;
	int err = process__set_text(&to->exe, from->exe);

	if (!err)
		err = process__set_text(&to->cgroup, from->cgroup);
	if (!err)
		err = process__set_text(&to->allocator_object, from->allocator_object);
	to->allocator = from->allocator;
	to->allocator_probed = from->allocator_probed;
	to->malloc.arena_split = from->malloc.arena_split;
	child->allocator_seen = parent->allocator_seen;
	child->allocator_called = parent->allocator_called;
	to->malloc_since_ns = from->malloc_since_ns > child->begun_ns ? from->malloc_since_ns : 0;
	child->code_unknown = parent->code_unknown;
	child->has_allocator = parent->has_allocator;
	child->allocator_index = parent->allocator_index;
	child->image_bytes = parent->image_bytes;
	child->image_regions = parent->image_regions;
	child->stale |= parent->stale; /* one of its own may have spilled already */
	child->unseen = parent->unseen;
	child->stack_is_code = parent->stack_is_code;
	if (own && parent->pairing) {
		pairing__free(child->pairing);
		child->pairing = pairing__fork(parent->pairing, tid, child->stats.pid);
		if (!child->pairing)
			return -ENOMEM;
	}
	child->unpaired = child->unpaired ? child->unpaired : parent->unpaired;
	child->told = parent->told;
	child->marks = parent->marks;
	child->lowest_break = parent->lowest_break;
	child->complete = parent->complete && !parent->stats.malloc_since_ns;
	if (parent->ledger) {
		ledger__free(child->ledger);
		child->ledger = ledger__share(parent->ledger);
		if (!child->ledger)
			return -ENOMEM;
		to->heap.start = from->heap.start; /* whose holes these are */
		ledger__free(child->holes);
		child->holes = holes__share(parent->holes);
	}
	return err;
}

/* A PID comes again: the exit of who had it before has been spilled. */
static struct process *fresh_process(struct model *m, const struct event_task *t)
{
	struct process *p = model__find(m, t->e.tgid);

	if (p && p->stats.start_ns && !start__same(p->stats.start_ns, t->start_ns))
		model__end(m, p);
	return model__add(m, t->e.tgid, t->start_ns);
}

/*
 * The kernel copied the address space some time before this event.  What other
 * threads of the parent changed meanwhile, and what it leaves out of a copy
 * (MADV_DONTFORK), shows in its count.  All that the child itself does comes after.
 */
static void check_inherited(struct model *m, struct process *child, const struct event_task *t)
{
	space__check(child, t->total_vm * m->config.page_size,
		     (t->stack_vm + t->e.size) * m->config.page_size);
	if (child->stats.space.known && stats__unexplained(&child->stats)) {
		child->unseen = true;
		child->stats.live_known = false;
	}
	space__forget(child);
	child->changed_ns = t->e.ts_ns;
	if (child->unseen && !child->list)
		model__want_maps(m, child, false);
}

static int on_process_fork(struct model *m, const struct event_task *t, struct note *note)
{
	struct process *child = fresh_process(m, t);
	struct process *parent = model__find(m, t->e.tid); /* who forked; ppid may be another */
	struct process *mm = parent ? model__mm_owner(m, parent) : NULL;
	int err = 0;

	if (!child)
		return -ENOMEM;
	child->stats.start_ns = t->start_ns;
	child->begun_ns = t->e.ts_ns;
	child->stats.ppid = t->ppid;
	lifecycle__set_comm(child, t->comm);
	if (mm && mm != child)
		err = model__settle_before(m, mm, t->e.ts_ns);
	if (mm && mm != child && !err)
		err = inherit(child, mm, !(t->e.flags & EVENT_F_SHARED_MM), t->e.object);
	if (t->e.flags & EVENT_F_MISSED)
		child->unpaired = UNPAIRED_MISSED;
	if (t->e.flags & EVENT_F_SHARED_MM && parent) {
		child->lender = parent->stats.pid;
		child->lender_start_ns = parent->stats.start_ns;
		child->lent_on = mm != parent;
	}
	process__set_heap(child, t->brk_start, t->brk_end, m->config.page_size);
	process__update_live(child);
	/* Records from elsewhere may have two borrow from each other: nobody would own it. */
	if (t->e.flags & EVENT_F_SHARED_MM && mm != child && t->e.tid != t->e.tgid) {
		m->borrowers += !child->borrows;
		child->borrows = mm ? mm->stats.pid : t->e.tid;
	} else if (!(t->e.flags & EVENT_F_SHARED_MM)) {
		check_inherited(m, child, t);
	}
	process__set_baseline(child);
	note->process = child;
	return err;
}

/* In a record from elsewhere the parts may be more than all. */
static __u64 image_pages(const struct event_task *t)
{
	__u64 others = t->stack_vm + t->e.size;

	return others >= t->stack_vm && t->total_vm > others ? t->total_vm - others : 0;
}

static int on_process_exec(struct model *m, const struct event_exec *x, struct note *note)
{
	const struct event_task *t = &x->t;
	struct process *p = fresh_process(m, t);
	struct count one = {.type = EVENT_EXEC, .calls = 1};
	struct ledger *fresh = ledger__new();
	int err;

	if (!p || !fresh) {
		ledger__free(fresh);
		return -ENOMEM;
	}
	note->process = p;
	model__own(m, p, fresh);
	p->own_ns = t->e.ts_ns;
	/* The spill is read ahead of the ring: what it has may have come after this. */
	p->stale &= t->e.ts_ns < m->spilled_ns;
	p->doubtful = false;
	p->stack_is_code = false;
	model__changed(p, t->e.ts_ns);
	p->image_bytes = image_pages(t) * m->config.page_size;
	p->image_regions = t->map_count ? t->map_count - 1 : 0;
	p->unseen = false;
	p->stats.start_ns = t->start_ns;
	if (!p->stats.ppid)
		p->stats.ppid = t->ppid;
	if (p->stats.malloc.calls > p->calls_before_exec)
		p->stats.malloc.earlier |= stats__rest_routes(&p->stats);
	p->stats.allocator = ALLOCATOR_UNKNOWN;
	p->stats.allocator_probed = false;
	p->stats.malloc_since_ns = 0;
	p->begun_ns = t->e.ts_ns;
	p->has_allocator = p->allocator_seen = p->code_unknown = false;
	p->allocator_called = false;
	p->calls_before_exec = p->stats.estimate.seen.calls;
	p->complete = true;
	p->told = false;
	p->marks = (struct heap_marks){};
	p->lowest_break = 0;
	lifecycle__set_comm(p, t->comm);
	process__forget_peaks(p);
	process__set_heap(p, t->brk_start, t->brk_end, m->config.page_size);
	process__update_live(p);
	process__set_baseline(p);
	err = process__set_text(&p->stats.exe, x->path[0] ? x->path : NULL);
	if (!err)
		err = process__set_text(&p->stats.allocator_object, NULL);
	if (!err)
		err = process__count(p, &one);
	/* A list that is older is of another program; a later one has all there is. */
	if (p->list && !list__is_later(p->list, t->e.ts_ns)) {
		list__free(p->list);
		p->list = NULL;
	}
	if (!p->stale && !p->list)
		model__want_maps(m, p, true);
	return err;
}

bool lifecycle__has_borrowed(struct model *m, struct process *p, __u64 brk_start)
{
	__u64 page = m->config.page_size, start = (brk_start + page - 1) / page * page;
	struct process *owner = model__mm_owner(m, p);

	return owner != p && start == owner->stats.heap.start;
}

int lifecycle__stop_borrowing(struct model *m, struct process *p)
{
	struct process *owner = model__mm_owner(m, p);
	struct ledger *fresh = ledger__new();

	if (!fresh)
		return -ENOMEM;
	/* What it has mapped since then was taken for the owner's. */
	owner->stale = p->stale = true;
	owner->stats.live_known = p->stats.live_known = false;
	model__own(m, p, fresh);
	return 0;
}

void lifecycle__set_final(struct model *m, struct process *p, __u64 brk_start, __u64 brk_end,
			  const __s64 rss_pages[3])
{
	__u64 page = m->config.page_size;

	/* Not the heap that it had borrowed: it has become another program since, unseen. */
	if (model__mm_owner(m, p) != p && brk_end && !lifecycle__has_borrowed(m, p, brk_start)) {
		m->borrowers--;
		p->borrows = 0;
		p->stale = true;
		p->stats.live_known = false;
	}
	if (brk_end)
		process__set_heap(p, brk_start, brk_end, page);
	p->stats.resident.known = false;
	p->stats.rss.known = rss_pages != NULL;
	if (!rss_pages)
		return;
	p->stats.rss.anon_bytes = rss_pages[0] * page;
	p->stats.rss.file_bytes = rss_pages[1] * page;
	p->stats.rss.shmem_bytes = rss_pages[2] * page;
}

static int on_process_exit(struct model *m, const struct event_task *t, struct note *note)
{
	struct process *p;
	const __s64 rss[] = {t->rss_anon, t->rss_file, t->rss_shmem};

	/* Two threads that end at once may both find that they were the last. */
	if (model__has_ended(m, t->e.tgid, t->start_ns))
		return -ENOENT;
	p = fresh_process(m, t);
	if (!p)
		return -ENOMEM;
	if (model__settle_before(m, p, ~0ull))
		return -ENOMEM;
	note->process = p;
	p->stats.start_ns = t->start_ns; /* cells of it may still come */
	p->ended_ns = t->e.ts_ns;
	p->in_spill |= !!(t->e.flags & EVENT_F_IN_SPILL);
	if (!p->stats.ppid)
		p->stats.ppid = t->ppid;
	/* Probed when it had gone, or as it went: of its calls at most the last are known. */
	if (p->stats.malloc_since_ns >= t->e.ts_ns)
		p->stats.allocator_probed = p->allocator_called = false;
	lifecycle__set_comm(p, t->comm);
	lifecycle__set_final(m, p, t->brk_start, t->brk_end, t->e.flags & EVENT_F_MM ? rss : NULL);
	space__forget(p);
	if (t->e.flags & EVENT_F_MM)
		space__check(p, t->total_vm * m->config.page_size,
			     (t->stack_vm + t->e.size) * m->config.page_size);
	model__end(m, p);
	return 0;
}

/* Exec and exit events come whatever the comm: a process may leave the filter by them. */
static bool outside_filter(struct model *m, const struct event_task *t)
{
	struct process *p;

	if (!m->config.comm || (t->e.type != EVENT_EXEC && t->e.type != EVENT_EXIT))
		return false;
	p = model__find(m, t->e.tgid);
	if (t->e.type == EVENT_EXIT)
		return !p;
	if (!strncmp(t->comm, m->config.comm, 15))
		return false;
	if (p)
		model__leave(m, p);
	return true;
}

int lifecycle__event(struct model *m, const struct event *e, struct note *note)
{
	if (outside_filter(m, (const struct event_task *)e))
		return -ENOENT;
	switch (e->type) {
	case EVENT_FORK:
		return on_process_fork(m, (const struct event_task *)e, note);
	case EVENT_EXEC:
		return on_process_exec(m, (const struct event_exec *)e, note);
	default:
		return on_process_exit(m, (const struct event_task *)e, note);
	}
}

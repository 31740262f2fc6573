/*
 * events.c - what the ring brings: counted, and applied to the ledger.
 */
#include <errno.h>

#include "model/apply.h"
#include "model/calls.h"
#include "model/decode.h"
#include "model/state.h"

struct caller caller__of(struct model *m, __u32 pid, const struct site *ip,
			 const struct site *caller)
{
	struct caller by = {*ip, *caller};

	if (m->config.resolve && by.ip.dev == SITE_ADDRESS)
		m->config.resolve(pid, &by.ip, m->config.arg);
	if (m->config.resolve && by.caller.dev == SITE_ADDRESS)
		m->config.resolve(pid, &by.caller, m->config.arg);
	return by;
}

__u32 caller__index(struct model *m, const struct process *p, const struct caller *by)
{
	const struct site *who = cause_asker(m->config.causes, &by->ip, &by->caller);
	__u32 known;

	if (who->dev == SITE_ADDRESS)
		return CALLER_UNKNOWN;
	known = call_sites__find(m->sites, who);
	if (known)
		return known;
	/* One process's endless callers take no numbers from the others'. */
	return caller_table__full(&p->callers) ? CALLER_OTHERS : call_sites__add(m->sites, who);
}

/* What malloc does outside of its arenas, by mmap or by mremap, is for one block. */
enum cause caller__route(struct model *m, enum cause cause, const struct caller *by)
{
	if (cause == CAUSE_ARENA)
		return cause;
	return cause_is_allocator(m->config.causes, &by->ip, &by->caller) ? CAUSE_MALLOC
									  : CAUSE_DIRECT;
}

static int count_event(struct process *p, const struct event *e, enum cause cause, __u32 caller)
{
	struct count c = {.type = e->type,
			  .op = e->op,
			  .flags = e->flags,
			  .bucket = size_bucket(e->size),
			  .cause = cause,
			  .caller = caller,
			  .calls = 1,
			  .bytes = e->size};

	return process__count(p, &c);
}

/*
 * The request that malloc's own mmap or mremap was made for: by its caller alone,
 * for a cell knows no more.
 */
static int count_request(struct model *m, struct process *p, const struct event_map *e,
			 const struct caller *by)
{
	enum cause cause = cause_of(m->config.causes, e->e.flags, &by->ip, &by->caller);
	__u32 bits, times = bursts__times(&m->bursts, e->request_ns, &bits);
	struct count c = {.type = EVENT_ROUTE,
			  .bucket = size_bucket(e->request),
			  .cause = caller__route(m, cause, by),
			  .calls = 1,
			  .bytes = e->request,
			  .beyond = times - 1,
			  .beyond_bytes = bytes_times(e->request, times - 1)};

	return times && e->e.flags & EVENT_F_REQUEST ? process__count(p, &c) : 0;
}
static bool map_failed(const struct event *e)
{
	return e->type == EVENT_MREMAP ? e->op == REMAP_REFUSED : e->op == MAP_REFUSED;
}

/* Why the range was mapped, now or before. */
static enum cause cause_of_map(struct model *m, struct process *mm, const struct event_map *e,
			       const struct caller *by)
{
	struct region at;

	if (e->e.type == EVENT_MMAP)
		return cause_of(m->config.causes, e->e.flags, &by->ip, &by->caller);
	if (e->e.type == EVENT_MREMAP && cause_is_allocator(m->config.causes, &by->ip, &by->caller))
		return CAUSE_MALLOC;
	if (mm->ledger && ledger__find(mm->ledger, e->addr, &at))
		return at.cause;
	/* A page of the heap that malloc does not move is a mapping of its own then. */
	if (e->e.type == EVENT_MREMAP && apply__in_heap(mm, e->addr))
		return CAUSE_DIRECT;
	return CAUSE_UNATTRIBUTED;
}

static int on_map(struct model *m, struct process *p, const struct event_map *e, struct note *note)
{
	struct process *mm = model__mm_owner(m, p);
	struct caller by = caller__of(m, e->e.tgid, &e->ip, &e->caller);
	int err = model__settle_before(m, mm, e->e.ts_ns);
	enum cause cause = cause_of_map(m, mm, e, &by);
	__u32 caller = CALLER_UNKNOWN;

	if (err)
		return err;
	if (e->e.type == EVENT_MMAP || e->e.type == EVENT_MREMAP)
		caller = caller__index(m, p, &by);

	note->cause = cause == CAUSE_UNATTRIBUTED && e->e.type != EVENT_MMAP ? CAUSE_COUNT : cause;
	note->caller = e->e.type == EVENT_MMAP ? caller : CALLER_UNKNOWN;
	err = count_event(p, &e->e, cause, caller);
	if (!err)
		err = count_request(m, p, e, &by);
	if (err || !mm->ledger)
		return err;
	/* Ranges that wrap are the kernel's no: there is nothing to apply. */
	err = map_failed(&e->e) ? apply__refused(m, mm, e) : apply__call(m, mm, e, cause, caller);
	model__changed(mm, e->e.ts_ns);
	process__update_live(mm);
	return err == -EINVAL ? 0 : err;
}
static int on_shm(struct model *m, struct process *p, const struct event_map *e, struct note *note)
{
	struct process *mm = model__mm_owner(m, p);
	int err = model__settle_before(m, mm, e->e.ts_ns);

	note->cause = CAUSE_FILE;
	if (err || !mm->ledger)
		return err;
	err = apply__shm(m, mm, e);
	model__changed(mm, e->e.ts_ns);
	process__update_live(mm);
	return err == -EINVAL ? 0 : err;
}

static int on_brk(struct model *m, struct process *p, const struct event_brk *e)
{
	struct process *mm = model__mm_owner(m, p);
	int err = 0;

	if (mm != p && mm->stats.heap.known && !lifecycle__has_borrowed(m, p, e->start)) {
		err = lifecycle__stop_borrowing(m, p);
		mm = p;
	}
	if (!err)
		err = model__settle_before(m, mm, e->e.ts_ns);
	if (err)
		return err;
	model__changed(mm, e->e.ts_ns);
	process__set_heap(mm, e->start, e->after, m->config.page_size);
	if (e->e.flags & EVENT_F_LATE)
		return 0;
	return count_event(p, &e->e, CAUSE_UNATTRIBUTED, CALLER_UNKNOWN);
}

/* Not the whole call: to clear that would take as long as to count it. */
static void begin_note(struct note *note)
{
	note->cause = CAUSE_COUNT;
	note->caller = CALLER_UNKNOWN;
	note->process = NULL;
	note->unpaired = false;
	note->call.tid = 0;
}

int model__event(struct model *m, const struct event *e, size_t size, struct note *note)
{
	struct note unused;
	struct process *p;

	note = note ? note : &unused;
	begin_note(note);
	if (!event__valid(e, size))
		return -EINVAL;
	if (e->type == EVENT_FORK || e->type == EVENT_EXEC || e->type == EVENT_EXIT)
		return lifecycle__event(m, e, note);
	p = model__process_of(m, e->tgid);
	if (!p)
		return -ENOMEM;
	note->process = p;
	switch (e->type) {
	case EVENT_MALLOC:
		return calls__count(m, p, e);
	case EVENT_CALL:
	case EVENT_BLOCK:
	case EVENT_RETURN:
	case EVENT_FREE:
		return calls__event(m, p, (const struct event_call *)e, note);
	case EVENT_BRK:
		return on_brk(m, p, (const struct event_brk *)e);
	case EVENT_SHMAT:
	case EVENT_SHMDT:
		return on_shm(m, p, (const struct event_map *)e, note);
	default:
		return on_map(m, p, (const struct event_map *)e, note);
	}
}

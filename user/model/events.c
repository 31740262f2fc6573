/*
 * events.c - what the ring brings: counted, and applied to the ledger.
 */
#include <errno.h>

#include "model/decode.h"
#include "model/state.h"

/* include/uapi/linux/mman.h */
#define REMAP_FIXED	2
#define REMAP_DONTUNMAP 4
/* include/uapi/asm-generic/mman-common.h, asm-generic/mman.h; FIXED_NOREPLACE is another bit */
#define FLAG_FIXED     0x10
#define FLAG_GROWSDOWN 0x100

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
	struct count c = {.type = EVENT_ROUTE,
			  .bucket = size_bucket(e->request),
			  .cause = caller__route(m, cause, by),
			  .calls = 1,
			  .bytes = e->request};

	return e->e.flags & EVENT_F_REQUEST ? process__count(p, &c) : 0;
}
static __u64 page_up(const struct model *m, __u64 bytes)
{
	return (bytes + m->config.page_size - 1) & ~(m->config.page_size - 1);
}

static __u64 page_down(const struct model *m, __u64 addr)
{
	return addr & ~(m->config.page_size - 1);
}

static int apply_mmap(struct process *mm, const struct event_map *e, enum cause cause, __u32 caller)
{
	struct region r = {.start = e->result,
			   .end = e->result + e->e.size,
			   .born_ns = e->e.ts_ns,
			   .request = e->e.flags & EVENT_F_REQUEST ? e->request : 0,
			   .caller = caller,
			   .cause = cause,
			   .usable = e->prot != 0,
			   .grows = e->flags & FLAG_GROWSDOWN};

	/* A piece that malloc takes back inside one of its arenas is no new one. */
	if (cause == CAUSE_ARENA && e->addr == e->result) {
		struct region at;

		if (ledger__find(mm->ledger, r.start, &at) && at.cause == CAUSE_ARENA &&
		    at.end >= r.end && at.start < r.start)
			return ledger__protect(&mm->ledger, r.start, r.end, r.usable);
	}
	return ledger__map(&mm->ledger, &r);
}

struct newer {
	__u64 than_ns;
	struct region found;
};

static bool find_newer(const struct region *r, void *arg)
{
	struct newer *n = arg;

	if (r->placed_ns <= n->than_ns)
		return true;
	n->found = *r;
	return false;
}

struct older {
	__u64 than_ns;
	struct region found; /* all 0: none */
};

static bool find_older(const struct region *r, void *arg)
{
	struct older *o = arg;

	if (r->placed_ns > o->than_ns)
		return true;
	o->found = *r;
	return false;
}

/*
 * Events come in the order in which calls returned.  What another thread has
 * mapped since this munmap was entered can only stand where this one had
 * already made room: its event came first, but it happened later.
 */
static int apply_munmap(struct process *mm, __u64 start, __u64 end, __u64 begin_ns)
{
	int err = 0;

	while (start < end && !err) {
		struct newer n = {.than_ns = begin_ns, .found = {.start = end, .end = end}};

		ledger__within(mm->ledger, start, end, find_newer, &n);
		if (n.found.start > start)
			err = ledger__unmap(&mm->ledger, start, n.found.start);
		start = n.found.end;
	}
	return err;
}

/* The part of an old range that no other thread has got since is gone; what it was. */
static int take_away(struct process *mm, __u64 start, __u64 end, __u64 begin_ns, struct region *was)
{
	struct older o = {.than_ns = begin_ns};

	ledger__within(mm->ledger, start, end, find_older, &o);
	*was = o.found;
	return apply_munmap(mm, start, end, begin_ns);
}

static bool others_have(struct process *mm, __u64 start, __u64 end, __u64 begin_ns)
{
	struct newer n = {.than_ns = begin_ns, .found = {.start = end}};

	ledger__within(mm->ledger, start, end, find_newer, &n);
	return n.found.start != end;
}

/* Other threads have mapped something in its old place by now: what it was is still known. */
static int apply_late_move(struct process *mm, const struct event_map *e, __u64 old_len,
			   const struct region *block)
{
	struct region was = {}, moved = *block;
	int err = take_away(mm, e->addr, e->addr + old_len, e->begin_ns, &was);

	if (was.end && block->cause != CAUSE_MALLOC) {
		moved = was;
		moved.start = block->start;
		moved.end = block->end;
		moved.continued = false;
	}
	moved.placed_ns = e->e.ts_ns;
	return err ? err : ledger__map(&mm->ledger, &moved);
}

static int apply_mremap(struct model *m, struct process *mm, const struct event_map *e,
			enum cause cause, __u32 caller)
{
	__u64 old_len = page_up(m, e->offset), new_len = page_up(m, e->length);
	bool keep = !old_len || e->flags & REMAP_DONTUNMAP;
	bool known = cause == CAUSE_MALLOC;
	struct region block = {.start = e->result,
			       .end = e->result + new_len,
			       .born_ns = e->e.ts_ns,
			       .request = e->request,
			       .caller = known ? caller : CALLER_UNKNOWN,
			       .cause = known ? cause : CAUSE_UNATTRIBUTED,
			       .usable = true};
	struct region at = {};
	int err;

	ledger__find(mm->ledger, e->addr, &at);
	if (!keep && others_have(mm, e->addr, e->addr + old_len, e->begin_ns)) {
		if (e->addr == e->result)
			return apply_munmap(mm, e->result + new_len, e->addr + old_len,
					    e->begin_ns);
		return apply_late_move(mm, e, old_len, &block);
	}
	/* Length 0 makes a second mapping of the same pages: as long as the new one. */
	if (at.caller && at.cause == CAUSE_MALLOC)
		block.caller = at.caller;
	err = ledger__remap(&mm->ledger, e->addr, old_len ? old_len : new_len, e->result, new_len,
			    keep, cause);
	if (!err && (e->addr != e->result || new_len > old_len))
		err = ledger__place(&mm->ledger, block.start, block.end, e->e.ts_ns);
	/* malloc moves whole blocks: whatever it was taken for, this is one, of a new size. */
	if (!err && known && e->e.flags & EVENT_F_REQUEST)
		err = ledger__map(&mm->ledger, &block);
	return err;
}

static int apply_map(struct model *m, struct process *mm, const struct event_map *e,
		     enum cause cause, __u32 caller)
{
	__u64 start = page_down(m, e->addr);

	switch (e->e.type) {
	case EVENT_MMAP:
		return apply_mmap(mm, e, cause, caller);
	case EVENT_MREMAP:
		return apply_mremap(m, mm, e, cause, caller);
	case EVENT_MUNMAP:
		return apply_munmap(mm, start, start + e->e.size, e->begin_ns);
	default:
		return ledger__protect(&mm->ledger, start, start + e->e.size, e->prot != 0);
	}
}

static bool map_failed(const struct event *e)
{
	return e->type == EVENT_MREMAP ? e->op == REMAP_REFUSED : e->op == MAP_REFUSED;
}

#define ASK_EVERY_NS 100000000ull

/*
 * Only the kernel's list tells what there is now: at once, for all that changes
 * later comes as events; but not so often that a process could keep us busy by it.
 */
static void ask_again(struct model *m, struct process *mm, __u64 ts_ns)
{
	mm->doubtful = true;
	mm->stats.live_known = false;
	if (ts_ns - mm->doubted_ns < ASK_EVERY_NS)
		return;
	mm->doubted_ns = ts_ns;
	model__want_maps(m, mm, false);
}

/*
 * What a call that failed has done all the same.  mprotect changes what comes
 * before the first hole (do_mprotect_pkey, mm/mprotect.c); a mapping to a fixed
 * place can have cleared that before it failed (mremap_to, mm/mremap.c), and only
 * the kernel's list can tell.
 */
static int apply_refused(struct model *m, struct process *mm, const struct event_map *e)
{
	__u64 start = page_down(m, e->addr), end = start + page_up(m, e->length);
	int err = -(__s64)e->result;
	bool doubt = false;

	if (err == EINVAL)
		return 0;
	if (e->e.type == EVENT_MPROTECT) {
		__u64 hole = ledger__hole(mm->ledger, start, end);

		if (err == ENOMEM && hole < end)
			return hole > start
				       ? ledger__protect(&mm->ledger, start, hole, e->prot != 0)
				       : 0;
		doubt = start < end;
	} else if (e->e.type == EVENT_MREMAP) {
		doubt = e->flags & REMAP_FIXED;
	} else if (e->e.type == EVENT_MMAP) {
		doubt = e->flags & FLAG_FIXED && err != EBADF && err != EACCES && err != EPERM;
	}
	if (doubt)
		ask_again(m, mm, e->e.ts_ns);
	return 0;
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
	err = map_failed(&e->e) ? apply_refused(m, mm, e) : apply_map(m, mm, e, cause, caller);
	model__changed(mm, e->e.ts_ns);
	process__update_live(mm);
	return err == -EINVAL ? 0 : err;
}
static int on_brk(struct model *m, struct process *p, const struct event_brk *e)
{
	struct process *mm = model__mm_owner(m, p);
	int err = model__settle_before(m, mm, e->e.ts_ns);

	if (err)
		return err;
	model__changed(mm, e->e.ts_ns);
	process__set_heap(mm, e->start, e->after, m->config.page_size);
	if (e->e.flags & EVENT_F_LATE)
		return 0;
	return count_event(p, &e->e, CAUSE_UNATTRIBUTED, CALLER_UNKNOWN);
}
int model__event(struct model *m, const struct event *e, size_t size, struct note *note)
{
	struct note unused;
	struct process *p;

	note = note ? note : &unused;
	*note = (struct note){.cause = CAUSE_COUNT};
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
		return count_event(p, e, CAUSE_UNATTRIBUTED, CALLER_UNKNOWN);
	case EVENT_BRK:
		return on_brk(m, p, (const struct event_brk *)e);
	default:
		return on_map(m, p, (const struct event_map *)e, note);
	}
}

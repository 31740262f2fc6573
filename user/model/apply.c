/*
 * apply.c - what a call does to the ledger of the address space that it was made in.
 *
 * Events come in the order in which calls returned, which is not always the one
 * in which they happened: what a thread has given back, another one can have got,
 * and said so, before the first one's call returns.
 */
#include "model/apply.h"

#include <errno.h>

#include "model/holes.h"

/* include/uapi/linux/mman.h */
#define REMAP_FIXED	2
#define REMAP_DONTUNMAP 4
/* include/uapi/asm-generic/mman-common.h, asm-generic/mman.h; FIXED_NOREPLACE is another bit */
#define FLAG_FIXED     0x10
#define FLAG_GROWSDOWN 0x100

static __u64 page_up(const struct model *m, __u64 bytes)
{
	return (bytes + m->config.page_size - 1) & ~(m->config.page_size - 1);
}

static __u64 page_down(const struct model *m, __u64 addr)
{
	return addr & ~(m->config.page_size - 1);
}

/* A call, of which others of the process may know more by the time that it returns. */
struct call {
	__u64 begin_ns, end_ns;
	struct region found; /* by a search; all 0: none */
};

static struct call call_of(const struct event_map *e)
{
	return (struct call){.begin_ns = e->begin_ns, .end_ns = e->e.ts_ns};
}

/*
 * What an event has put there since the call began can only stand where the call
 * had made room.  What the kernel's list has there is newer if it was seen after
 * the call had ended; before, it may be what the call was about.
 */
static bool is_newer(const struct region *r, const struct call *c)
{
	return r->placed_ns > (r->listed ? c->end_ns : c->begin_ns);
}

static bool find_newer(const struct region *r, void *arg)
{
	struct call *c = arg;

	if (!is_newer(r, c))
		return true;
	c->found = *r;
	return false;
}

static bool find_older(const struct region *r, void *arg)
{
	struct call *c = arg;

	if (is_newer(r, c))
		return true;
	c->found = *r;
	return false;
}

static bool find_listed_since(const struct region *r, void *arg)
{
	struct call *c = arg;

	if (!r->listed || !is_newer(r, c))
		return true;
	c->found = *r;
	return false;
}

static bool search(struct process *mm, __u64 start, __u64 end, struct call *c,
		   bool (*find)(const struct region *r, void *arg))
{
	c->found = (struct region){};
	ledger__within(mm->ledger, start, end, find, c);
	return c->found.end;
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

	/*
	 * A piece that malloc takes back inside one of its arenas is no new one.  Where it only
	 * asked for that place, nothing was there any more: a call that returns later had made
	 * room.
	 */
	if (cause == CAUSE_ARENA && e->flags & FLAG_FIXED) {
		struct region at;

		if (ledger__find(mm->ledger, r.start, &at) && at.cause == CAUSE_ARENA &&
		    at.end >= r.end && at.start < r.start)
			return ledger__protect(&mm->ledger, r.start, r.end, r.usable);
	}
	return ledger__map(&mm->ledger, &r);
}

/* But for what is newer. */
static int apply_munmap(struct process *mm, __u64 start, __u64 end, struct call c)
{
	int err = 0;

	while (start < end && !err) {
		__u64 stop = search(mm, start, end, &c, find_newer) ? c.found.start : end;

		if (stop > start)
			err = ledger__unmap(&mm->ledger, start, stop);
		start = stop < end ? c.found.end : end;
	}
	return err;
}

#define ASK_EVERY_NS 100000000ull

/*
 * Only the kernel's list tells what there is now: at once, for all that changes
 * later comes as events; but not so often that a process could keep us busy by it.
 */
static void ask_again(struct model *m, struct process *mm, __u64 ts_ns)
{
	if (mm->unseen || mm->list) /* of what is from before its list nothing is known yet */
		return;
	mm->doubtful = true;
	mm->stats.live_known = false;
	if (ts_ns - mm->doubted_ns < ASK_EVERY_NS)
		return;
	mm->doubted_ns = ts_ns;
	model__want_maps(m, mm, false);
}

/* A block that malloc has moved or resized, or whatever it is. */
static struct region moved_block(const struct event_map *e, __u64 length, enum cause cause,
				 __u32 caller)
{
	bool known = cause == CAUSE_MALLOC;

	return (struct region){.start = e->result,
			       .end = e->result + length,
			       .born_ns = e->e.ts_ns,
			       .request = e->request,
			       .caller = known ? caller : CALLER_UNKNOWN,
			       .cause = known ? cause : CAUSE_UNATTRIBUTED,
			       .usable = true};
}

/* Others have something in its old place by now: of what is left there it may be told what it was.
 */
static int apply_late_move(struct model *m, struct process *mm, const struct event_map *e,
			   __u64 old_len, struct region block)
{
	struct call c = call_of(e);
	bool told = search(mm, e->addr, e->addr + old_len, &c, find_older);
	int err;

	if (told && block.cause != CAUSE_MALLOC) {
		c.found.start = block.start;
		c.found.end = block.end;
		c.found.continued = c.found.listed = false;
		block = c.found;
	}
	block.placed_ns = e->e.ts_ns;
	if (!told)
		ask_again(m, mm, e->e.ts_ns);
	err = apply_munmap(mm, e->addr, e->addr + old_len, call_of(e));
	return err ? err : ledger__map(&mm->ledger, &block);
}

bool apply__in_heap(const struct process *mm, __u64 addr)
{
	return mm->stats.heap.known && addr >= mm->stats.heap.start && addr < mm->stats.heap.end &&
	       !holes__has(mm->holes, addr);
}

/* Pages of the heap: what it has grown by, or all where it is now, is no heap. */
static int apply_heap_mremap(struct process *mm, const struct event_map *e, struct region r,
			     __u64 old_end)
{
	if (e->addr == e->result)
		r.start = old_end;
	return r.start < r.end ? ledger__map(&mm->ledger, &r) : 0;
}

static int apply_mremap(struct model *m, struct process *mm, const struct event_map *e,
			enum cause cause, __u32 caller)
{
	__u64 old_len = page_up(m, e->offset), new_len = page_up(m, e->length);
	__u64 old_end = e->addr + old_len, new_end = e->result + new_len;
	bool keep = !old_len || e->flags & REMAP_DONTUNMAP, moves = e->addr != e->result;
	struct region block = moved_block(e, new_len, cause, caller), at = {};
	struct call c = call_of(e);
	int err;

	/* In the list as it was later on. */
	if (search(mm, moves ? e->result : old_end, new_end, &c, find_listed_since))
		return keep || !moves ? 0 : apply_munmap(mm, e->addr, old_end, c);
	if (!keep && moves && search(mm, e->addr, old_end, &c, find_newer))
		return apply_late_move(m, mm, e, old_len, block);
	if (!ledger__find(mm->ledger, e->addr, &at) && apply__in_heap(mm, e->addr)) {
		block.cause = cause;
		block.caller = CALLER_UNKNOWN;
		return apply_heap_mremap(mm, e, block, old_end);
	}
	if (!at.end)
		ask_again(m, mm, e->e.ts_ns);
	else if (at.caller && at.cause == CAUSE_MALLOC)
		block.caller = at.caller;
	if (!moves && new_len < old_len)
		err = apply_munmap(mm, new_end, old_end, c);
	else /* length 0 makes a second mapping of the same pages: as long as the new one */
		err = ledger__remap(&mm->ledger, e->addr, old_len ? old_len : new_len, e->result,
				    new_len, keep, cause);
	if (!err)
		err = ledger__place(&mm->ledger, e->result, new_end, e->e.ts_ns);
	/* malloc moves whole blocks: whatever it was taken for, this is one, of a new size. */
	if (!err && cause == CAUSE_MALLOC && e->e.flags & EVENT_F_REQUEST)
		err = ledger__map(&mm->ledger, &block);
	return err;
}

/*
 * What the kernel's list has there, read while the call was under way, may be what the call was
 * about, or what another thread got in its place before the list was read, by a call of which no
 * event may have told, or of which the event is still to come.
 */
static bool in_doubt(const struct model *m, struct process *mm, const struct event_map *e)
{
	struct call c = call_of(e);
	__u64 start = page_down(m, e->addr);

	if (c.begin_ns >= mm->taken.to_ns || c.end_ns < mm->taken.from_ns)
		return false;
	if (e->e.type == EVENT_MREMAP)
		return e->addr != e->result || e->length < e->offset;
	return e->e.type == EVENT_MUNMAP && search(mm, start, start + e->e.size, &c, find_older);
}

static int apply_call(struct model *m, struct process *mm, const struct event_map *e,
		      enum cause cause, __u32 caller)
{
	__u64 start = page_down(m, e->addr);

	switch (e->e.type) {
	case EVENT_MMAP:
		return apply_mmap(mm, e, cause, caller);
	case EVENT_MREMAP:
		return apply_mremap(m, mm, e, cause, caller);
	case EVENT_MUNMAP:
		return apply_munmap(mm, start, start + e->e.size, call_of(e));
	default:
		return ledger__protect(&mm->ledger, start, start + e->e.size, e->prot != 0);
	}
}

/*
 * What a call has taken out of the heap, and what it has put there.  A range that is not the
 * heap's does no harm: only what is between its ends is looked at.
 */
static int cut_heap(const struct model *m, struct process *mm, const struct event_map *e)
{
	__u64 start = page_down(m, e->addr), end = start + e->e.size, low, high;
	__u64 now = e->result, now_end = e->result + e->e.size;

	if (!mm->stats.heap.known || e->e.type == EVENT_MPROTECT)
		return 0;
	if (e->e.type == EVENT_MREMAP) {
		now_end = now + page_up(m, e->length);
		end = e->flags & REMAP_DONTUNMAP ? start : start + page_up(m, e->offset);
		if (start == now && start < now_end)
			start = now_end;
	}
	if (e->e.type == EVENT_MMAP)
		start = end;
	if (e->e.type == EVENT_MUNMAP)
		now = now_end;
	low = start > mm->stats.heap.start ? start : mm->stats.heap.start;
	high = end < mm->stats.heap.end ? end : mm->stats.heap.end;
	if (low < high && holes__cut(&mm->holes, low, high))
		return -ENOMEM;
	return holes__fill(&mm->holes, now, now_end);
}

int apply__call(struct model *m, struct process *mm, const struct event_map *e, enum cause cause,
		__u32 caller)
{
	bool doubt = in_doubt(m, mm, e);
	int err = apply_call(m, mm, e, cause, caller);

	if (!err)
		err = cut_heap(m, mm, e);
	if (doubt)
		ask_again(m, mm, e->e.ts_ns);
	return err;
}

/*
 * What a call that failed has done all the same.  mprotect changes what comes
 * before the first hole (do_mprotect_pkey, mm/mprotect.c); a mapping to a fixed
 * place can have cleared that before it failed (mremap_to, mm/mremap.c), and only
 * the kernel's list can tell.
 */
int apply__refused(struct model *m, struct process *mm, const struct event_map *e)
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

static bool is_other(const struct region *r, void *arg)
{
	struct region *wanted = arg;

	if (r->born_ns != wanted->born_ns)
		return true;
	wanted->start = r->start;
	wanted->end = r->end;
	return false;
}

/* All that is left of a segment goes, whatever has come between. */
static int apply_shmdt(struct model *m, struct process *mm, const struct event_map *e)
{
	struct region at;
	__u64 end;
	int err = 0;

	/* Its beginning has gone, or it is from before and may be in parts. */
	if (!ledger__find(mm->ledger, e->addr, &at) || at.cause != CAUSE_FILE || !at.request) {
		if (ledger__find(mm->ledger, e->addr, &at) && at.cause == CAUSE_FILE)
			err = ledger__unmap(&mm->ledger, at.start, at.end);
		ask_again(m, mm, e->e.ts_ns);
		return err;
	}
	end = e->addr + at.request;
	while (!err) {
		struct region part = {.born_ns = at.born_ns};

		ledger__within(mm->ledger, e->addr, end, is_other, &part);
		if (!part.end)
			return 0;
		err = ledger__unmap(&mm->ledger, part.start, part.end);
	}
	return err;
}

int apply__shm(struct model *m, struct process *mm, const struct event_map *e)
{
	struct region r = {.start = e->result,
			   .end = e->result + e->e.size,
			   .born_ns = e->e.ts_ns,
			   .request = e->e.size,
			   .cause = CAUSE_FILE,
			   .usable = true};

	if (e->e.type == EVENT_SHMDT)
		return apply_shmdt(m, mm, e);
	if (e->e.size)
		return ledger__map(&mm->ledger, &r);
	ask_again(m, mm, e->e.ts_ns);
	return 0;
}

/*
 * calls.c - calls of the malloc family, their returns, and frees: counted, and the blocks kept.
 *
 * Counts are of the process that calls; blocks are in an address space, which a vfork's child
 * has from its parent.
 */
#include "model/calls.h"

#include <errno.h>

/* A block's tag: when it was given, in steps of 8.4 ms; good for 104 days of uptime. */
#define AGE_SHIFT 23

static __u32 tag_of(__u64 ts_ns)
{
	__u64 age = ts_ns >> AGE_SHIFT;

	return age < BLOCK_TAG_MAX ? age : BLOCK_TAG_MAX;
}

static enum route route_of_cause(enum cause cause)
{
	return cause == CAUSE_MALLOC  ? ROUTE_MMAP
	       : cause == CAUSE_ARENA ? ROUTE_ARENA
				      : ROUTE_UNKNOWN;
}

/* By where it is: all that was mapped before it was given has come by now. */
static enum route route_of(struct process *mm, __u64 addr)
{
	struct region at;

	if (mm->stats.heap.known && addr >= mm->stats.heap.start && addr < mm->stats.heap.end)
		return ROUTE_HEAP;
	if (addr >= mm->found.start && addr < mm->found.end &&
	    mm->found.version == mm->ledger_version)
		return mm->found.route;
	if (!mm->ledger || !ledger__find(mm->ledger, addr, &at))
		return ROUTE_UNKNOWN;
	mm->found.start = at.start;
	mm->found.end = at.end;
	mm->found.version = mm->ledger_version;
	mm->found.route = route_of_cause(at.cause);
	return mm->found.route;
}

/* NULL: no memory. */
static struct pairing *pairing_of(struct process *mm)
{
	if (!mm->pairing)
		mm->pairing = pairing__new(mm->stats.start_ns * 0x9e3779b97f4a7c15ull ^
					   (__u64)(unsigned long)mm);
	return mm->pairing;
}

/* Which blocks there are is not known from here on; the counts are. */
static int give_up(struct process *mm, int err)
{
	if (err)
		mm->unpaired = err == -ERANGE ? UNPAIRED_BEYOND : UNPAIRED_NO_MEMORY;
	return 0;
}

/* bits: the bursts that it is in. */
static int count(struct model *m, struct process *p, const struct event *e, __u32 times, __u32 bits)
{
	struct count c = {.type = EVENT_MALLOC,
			  .op = e->op,
			  .flags = e->flags,
			  .bucket = size_bucket(e->size),
			  .calls = 1,
			  .bytes = e->size,
			  .beyond = times - 1,
			  .beyond_bytes = bytes_times(e->size, times - 1)};

	if (bits)
		sampling__count(m, p, &c, bits, e->ts_ns);
	return process__count_malloc(p, &c);
}

int calls__count(struct model *m, struct process *p, const struct event *e)
{
	__u32 bits, times = bursts__times(&m->bursts, e->ts_ns, &bits);

	return times ? count(m, p, e, times, bits) : 0;
}

static int on_call(struct model *m, struct process *p, struct process *mm,
		   const struct event_call *e)
{
	const struct event *head = &e->e;
	struct pairing *pairing = pairing_of(mm);
	int err = count(m, p, head, 1, 0);

	if (err || !pairing)
		return -ENOMEM;
	/* What it comes to is known where no memory could serve it. */
	if (head->flags & EVENT_F_NO_RETURN && head->flags & EVENT_F_IMPOSSIBLE) {
		p->stats.paired.failed++;
		return 0;
	}
	if (head->flags & EVENT_F_NO_RETURN)
		mm->unpaired = UNPAIRED_SPARED;
	p->had_missed |= mm->unpaired != UNPAIRED_NOT;
	if (mm->unpaired)
		return 0;
	return give_up(mm, pairing__call(pairing, e));
}

static void count_had(struct process *p, enum route route, __u64 size)
{
	p->stats.paired.had[route].calls++;
	p->stats.paired.had[route].bytes += size;
	if (p->histograms)
		p->histograms->malloc_size[size_bucket(size)].had[route]++;
}

static bool is_aligned(__u8 fn)
{
	return (fn >= FN_ALIGNED_ALLOC && fn <= FN_PVALLOC) || fn == FN_NEW_ALIGNED;
}

static void mark_had(struct process *mm, const struct block *block, const struct open_call *call)
{
	if (call->resizes && call->old.route == ROUTE_HEAP)
		heap_marks__resized(&mm->marks, &call->old, block);
	if (block->route == ROUTE_HEAP)
		heap_marks__had(&mm->marks, block, is_aligned(call->request.fn));
}

/* glibc takes the size of a mapping for one that is wanted again, up to a limit. */
static void mark_freed(struct process *mm, const struct block *block)
{
	struct region at;

	if (block->route == ROUTE_HEAP)
		heap_marks__freed(&mm->marks, block);
	else if (block->route == ROUTE_MMAP && mm->ledger &&
		 ledger__find(mm->ledger, block->addr, &at))
		heap_marks__mapping_freed(&mm->marks, at.end - at.start);
}

static int on_return(struct process *p, struct process *mm, const struct event_call *e,
		     __u64 now_ns, struct open_call *call)
{
	struct block block;

	if (!mm->pairing || mm->unpaired)
		return 0;
	switch (pairing__return(mm->pairing, e, call, &block)) {
	case PAIRED_BLOCK:
		block.route = route_of(mm, block.addr);
		block.tag = tag_of(e->e.ts_ns ? e->e.ts_ns : now_ns);
		count_had(p, block.route, block.size);
		mark_had(mm, &block, call);
		return give_up(mm, pairing__had(mm->pairing, &block));
	case PAIRED_FAILED:
		p->stats.paired.failed++;
		return 0;
	case PAIRED_FREED:
		if (call->resizes && call->old.route == ROUTE_HEAP)
			heap_marks__freed(&mm->marks, &call->old);
		return 0;
	case PAIRED_LOST:
		mm->unpaired = UNPAIRED_MISSED;
		return 0;
	default:
		return 0;
	}
}

/* Call and return in one. */
static int on_block(struct model *m, struct process *p, struct process *mm,
		    const struct event_call *e, struct open_call *call)
{
	struct event_call begin = *e, end = *e;
	int err;

	begin.addr = 0;
	end.e.flags = 0;
	err = on_call(m, p, mm, &begin);
	if (mm->unpaired) /* what came of it is in the event itself */
		*call = (struct open_call){
			.tid = e->e.tid,
			.request = {.fn = e->e.op,
				    .impossible = e->e.flags & EVENT_F_IMPOSSIBLE,
				    .size = e->e.size}};
	return err ? err : on_return(p, mm, &end, m->now_ns, call);
}

static int on_free(struct process *p, struct process *mm, const struct event_call *e)
{
	struct block block;
	int found = 0;

	p->stats.paired.frees++;
	if (mm->pairing && !mm->unpaired)
		found = pairing__freed(mm->pairing, e->addr, &block);
	if (found > 0)
		mark_freed(mm, &block);
	p->stats.paired.frees_unknown += found <= 0;
	return found < 0 ? give_up(mm, found) : 0;
}

void model__set_time(struct model *m, __u64 now_ns)
{
	m->now_ns = now_ns;
}

void model__prefetch(struct model *m, const struct event_call *e)
{
	struct process *p = e->addr ? model__find(m, e->e.tgid) : NULL;

	if (p && p->pairing)
		blocks__prefetch(pairing__blocks(p->pairing), e->addr);
}

int calls__event(struct model *m, struct process *p, const struct event_call *e, struct note *note)
{
	struct process *mm = model__mm_owner(m, p);
	int err;

	switch (e->e.type) {
	case EVENT_CALL:
		err = on_call(m, p, mm, e);
		note->unpaired = mm->unpaired != UNPAIRED_NOT;
		return err;
	case EVENT_BLOCK:
		return on_block(m, p, mm, e, &note->call);
	case EVENT_RETURN:
		return on_return(p, mm, e, m->now_ns, &note->call);
	default:
		return on_free(p, mm, e);
	}
}

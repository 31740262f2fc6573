/*
 * space.c - a process's address space by the kernel's own count against what its ledger has.
 */
#include "model/space.h"

#include "model/holes.h"

struct overlap {
	__u64 start, end, bytes;
};

static bool add_overlap(const struct region *r, void *arg)
{
	struct overlap *o = arg;

	o->bytes += (r->end < o->end ? r->end : o->end) -
		    (r->start > o->start ? r->start : o->start);
	return true;
}

/*
 * What has been mapped over the heap, as musl does with its first page, is no heap any more,
 * and what the program has unmapped of it is nothing.
 */
static __u64 heap_bytes(const struct process *p)
{
	struct overlap o = {p->stats.heap.start, p->stats.heap.end, 0};

	ledger__within(p->ledger, o.start, o.end, add_overlap, &o);
	return o.end - o.start - o.bytes - holes__bytes(p->holes, p->ledger, o.start, o.end);
}

static __u64 explained(const struct process *p)
{
	__u64 bytes = heap_bytes(p) + p->image_bytes;

	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		const struct ledger_total *t = ledger__total(p->ledger, cause);

		bytes += t->bytes - t->grows_bytes;
	}
	return bytes;
}

void space__check(struct process *p, __u64 bytes, __u64 untold)
{
	/* Of a stack that is executable the kernel keeps no count of its own. */
	p->stats.space.known = bytes && p->ledger && p->stats.live_known && p->stats.heap.known &&
			       !p->stack_is_code && !p->borrows;
	if (!p->stats.space.known)
		return;
	p->stats.space.bytes = bytes;
	p->stats.space.explained_bytes = explained(p) + untold;
}

void space__forget(struct process *p)
{
	p->stats.space.known = false;
}

/*
 * holes.c - what of a heap is not mapped any more: its program has unmapped it, or moved it away.
 */
#include "model/holes.h"

#include <errno.h>

int holes__cut(struct ledger **holes, __u64 start, __u64 end)
{
	const struct region hole = {.start = start, .end = end, .cause = CAUSE_UNATTRIBUTED};

	if (start >= end)
		return 0;
	if (!*holes)
		*holes = ledger__new();
	return *holes ? ledger__map(holes, &hole) : -ENOMEM;
}

int holes__fill(struct ledger **holes, __u64 start, __u64 end)
{
	int err;

	if (!*holes || start >= end)
		return 0;
	err = ledger__unmap(holes, start, end);
	if (err || ledger__count(*holes))
		return err;
	ledger__free(*holes);
	*holes = NULL;
	return 0;
}

bool holes__has(const struct ledger *holes, __u64 addr)
{
	struct region at;

	return holes && ledger__find(holes, addr, &at);
}

struct ledger *holes__share(struct ledger *holes)
{
	return holes ? ledger__share(holes) : NULL;
}

struct part {
	const struct ledger *mapped;
	__u64 start, end, bytes;
};

static bool take_off(const struct region *r, void *arg)
{
	struct part *p = arg;

	p->bytes -= (r->end < p->end ? r->end : p->end) -
		    (r->start > p->start ? r->start : p->start);
	return true;
}

static bool add_hole(const struct region *r, void *arg)
{
	struct part *all = arg, one = {.start = r->start, .end = r->end};

	one.start = one.start > all->start ? one.start : all->start;
	one.end = one.end < all->end ? one.end : all->end;
	one.bytes = one.end - one.start;
	ledger__within(all->mapped, one.start, one.end, take_off, &one);
	all->bytes += one.bytes;
	return true;
}

__u64 holes__bytes(const struct ledger *holes, const struct ledger *mapped, __u64 start, __u64 end)
{
	struct part all = {.mapped = mapped, .start = start, .end = end};

	if (holes && mapped && start < end)
		ledger__within(holes, start, end, add_hole, &all);
	return all.bytes;
}

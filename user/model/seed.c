/*
 * seed.c - the mappings that were there before: from the kernel's list into a ledger.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/state.h"

struct keep {
	struct ledger *into;
	const struct region *now; /* a mapping that there is */
	int err;
};

/* The part of a known region that is still mapped keeps what is known of it. */
static bool keep_known(const struct region *known, void *arg)
{
	struct keep *k = arg;
	struct region r = *known;

	r.start = r.start > k->now->start ? r.start : k->now->start;
	r.end = r.end < k->now->end ? r.end : k->now->end;
	r.continued = known->continued || r.start > known->start;
	r.usable = k->now->usable;
	k->err = ledger__map(&k->into, &r);
	return !k->err;
}

static int seed_ledger(struct process *p, const struct region *regions, size_t n)
{
	struct keep k = {.into = ledger__new()};

	if (!k.into)
		return -ENOMEM;
	for (size_t i = 0; i < n && !k.err; i++) {
		k.err = ledger__map(&k.into, &regions[i]);
		k.now = &regions[i];
		if (!k.err)
			ledger__within(p->ledger, regions[i].start, regions[i].end, keep_known, &k);
	}
	if (k.err) {
		ledger__free(k.into);
		return k.err;
	}
	ledger__free(p->ledger);
	p->ledger = k.into;
	return 0;
}

/* The break: from its own mapping, or, where nothing has been asked of it yet, its start alone. */
static void seed_heap(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		      __u64 start_brk)
{
	__u64 end = start_brk, start = start_brk;

	for (size_t i = 0; i < n; i++) {
		if (maps[i].kind == MAPPING_STACK)
			p->stack_is_code = maps[i].executable;
		if (maps[i].kind != MAPPING_HEAP)
			continue;
		if (!start || start > maps[i].start)
			start = maps[i].start;
		if (maps[i].end > end)
			end = maps[i].end;
	}
	process__set_heap(p, start, end, m->config.page_size);
}

int model__seed(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		__u64 start_brk, __u64 read_ns)
{
	struct region *regions;
	bool first = p->unseen;
	size_t count;
	int err;

	if (!p->ledger)
		return 0;
	regions = calloc(n ? n : 1, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	err = evidence__regions(maps, n, regions, &count);
	if (!err)
		err = seed_ledger(p, regions, count);
	free(regions);
	if (err)
		return err;
	/* What has spilled is in the list, but is not in the ring behind events from before it. */
	p->reread_ns = p->stale ? read_ns : 0;
	p->stats.space.rereads += p->stale || p->doubtful;
	p->stale = p->unseen = p->doubtful = false;
	p->image_bytes = p->image_regions = 0;
	seed_heap(m, p, maps, n, start_brk);
	process__update_live(p);
	if (first)
		process__set_baseline(p);
	return 0;
}

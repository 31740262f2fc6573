/*
 * seed.c - the mappings that were there before: from the kernel's list into a ledger.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/holes.h"
#include "model/state.h"

struct keep {
	struct ledger *into;
	const struct region *now; /* a mapping that there is */
	int err;
};

/* Memory of a file is listed as such, and no other is. */
static bool contradicts(const struct region *now, const struct region *known)
{
	bool of_file = known->cause == CAUSE_FILE;
	bool of_none = known->cause == CAUSE_MALLOC || known->cause == CAUSE_ARENA ||
		       known->cause == CAUSE_DIRECT || known->cause == CAUSE_STACK;

	return now->cause == CAUSE_FILE ? of_none : of_file && now->cause != CAUSE_LOADER;
}

/* The part of a known region that is still mapped keeps what is known of it. */
static bool keep_known(const struct region *known, void *arg)
{
	struct keep *k = arg;
	struct region r = *known;

	if (contradicts(k->now, known))
		return true;
	r.start = r.start > k->now->start ? r.start : k->now->start;
	r.end = r.end < k->now->end ? r.end : k->now->end;
	r.continued = known->continued || r.start > known->start;
	r.usable = k->now->usable;
	r.grows = k->now->grows;
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

/* A list that was read while events from before it are still to be applied. */
struct list {
	struct region *regions;
	size_t n;
	__u64 heap_start, heap_end;
	struct ledger *holes;  /* in that */
	__u64 read_ns, end_ns; /* when that began, and when the last mapping was seen */
	bool stack_is_code;
};

/* The break: from its own mapping, or, where nothing has been asked of it yet, its start alone. */
static void find_heap(struct list *l, const struct mapping *maps, size_t n, __u64 start_brk)
{
	l->heap_start = l->heap_end = start_brk;
	for (size_t i = 0; i < n; i++) {
		if (maps[i].kind == MAPPING_STACK)
			l->stack_is_code = maps[i].executable;
		if (maps[i].kind != MAPPING_HEAP)
			continue;
		if (!l->heap_start || l->heap_start > maps[i].start)
			l->heap_start = maps[i].start;
		if (maps[i].end > l->heap_end)
			l->heap_end = maps[i].end;
	}
}

/* Of the heap each part that is there is listed as its own. */
static int find_holes(struct list *l, const struct mapping *maps, size_t n)
{
	__u64 at = l->heap_start;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (maps[i].kind != MAPPING_HEAP)
			continue;
		if (at < maps[i].start)
			err = holes__cut(&l->holes, at, maps[i].start);
		at = maps[i].end;
	}
	return err;
}

void list__free(struct list *l)
{
	if (!l)
		return;
	ledger__free(l->holes);
	free(l->regions);
	free(l);
}

bool list__is_later(const struct list *l, __u64 ts_ns)
{
	return l->read_ns > ts_ns;
}

static struct list *list_of(const struct mapping *maps, size_t n, __u64 start_brk, __u64 read_ns)
{
	struct list *l = calloc(1, sizeof(*l));

	if (l)
		l->regions = calloc(n ? n : 1, sizeof(*l->regions));
	if (!l || !l->regions || evidence__regions(maps, n, l->regions, &l->n)) {
		list__free(l);
		return NULL;
	}
	l->read_ns = l->end_ns = read_ns;
	for (size_t i = 0; i < n; i++)
		if (maps[i].read_ns > l->end_ns)
			l->end_ns = maps[i].read_ns;
	find_heap(l, maps, n, start_brk);
	if (find_holes(l, maps, n)) {
		list__free(l);
		return NULL;
	}
	return l;
}

/* All that changed before it was read is known: now it is what there is. */
static int take_list(struct model *m, struct process *p, const struct list *l)
{
	bool first = p->unseen;
	int err = p->ledger ? seed_ledger(p, l->regions, l->n) : 0;

	if (err || !p->ledger)
		return err;
	/* What has spilled is in the list, but is not in the ring behind events from before it. */
	p->reread_ns = p->stale ? l->read_ns : 0;
	p->stats.space.rereads += p->stale || p->doubtful;
	p->stale = p->unseen = p->doubtful = false;
	m->changes_missed = false; /* what is still missed it may not have */
	p->taken.from_ns = l->read_ns;
	p->taken.to_ns = l->end_ns;
	p->image_bytes = p->image_regions = 0;
	p->stack_is_code = l->stack_is_code;
	process__set_heap(p, l->heap_start, l->heap_end, m->config.page_size);
	ledger__free(p->holes);
	p->holes = holes__share(l->holes);
	process__update_live(p);
	if (first)
		process__set_baseline(p);
	return 0;
}

int model__seed(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		__u64 start_brk, __u64 read_ns)
{
	int err = model__seed_later(m, p, maps, n, start_brk, read_ns);

	if (!err)
		err = model__settle_before(m, p, ~0ull);
	/* Of what exec made: nobody else had it before. */
	p->taken.from_ns = p->taken.to_ns = 0;
	return err;
}

int model__seed_later(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		      __u64 start_brk, __u64 read_ns)
{
	struct list *l = list_of(maps, n, start_brk, read_ns);

	if (!l)
		return -ENOMEM;
	list__free(p->list);
	p->list = l;
	m->lists = true;
	return 0;
}

int model__settle_before(struct model *m, struct process *p, __u64 ts_ns)
{
	struct list *l = p->list;
	int err;

	if (!l || ts_ns < l->read_ns)
		return 0;
	p->list = NULL;
	err = take_list(m, p, l);
	list__free(l);
	return err;
}

int model__settle_until(struct model *m, __u64 ts_ns)
{
	bool waits = false;
	int err = 0;

	for (size_t i = 0; i < m->n && m->lists && !err; i++) {
		err = model__settle_before(m, m->all[i], ts_ns);
		waits |= m->all[i]->list != NULL;
	}
	m->lists &= waits || err;
	return err;
}

int model__settle(struct model *m)
{
	return model__settle_until(m, ~0ull);
}

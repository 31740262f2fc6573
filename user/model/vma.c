/*
 * vma.c - whose each part of an address space is, by the model.
 */
#include "model/vma.h"

#include <errno.h>
#include <stdlib.h>

static int add(struct holdings *c, const struct holding *holding)
{
	struct holding *more;

	if (c->n == c->most) {
		c->most = c->most ? c->most * 2 : 64;
		more = realloc(c->all, c->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->all = more;
	}
	c->all[c->n++] = *holding;
	return 0;
}

struct gathering {
	struct holdings *c;
	int err;
};

static bool add_region(const struct region *r, void *arg)
{
	struct holding holding = {.start = r->start, .end = r->end, .region = *r, .part = r->cause};
	struct gathering *g = arg;

	g->err = add(g->c, &holding);
	return !g->err;
}

/* What of [start, end) none of the first n of `by`, which are in order, has. */
static int add_rest(struct holdings *c, const struct holdings *by, size_t n, __u64 start, __u64 end,
		    enum part part)
{
	struct holding holding = {.start = start, .end = end, .part = part};
	int err = 0;

	for (size_t i = 0; i < n && !err && holding.start < end; i++) {
		__u64 next = by->all[i].end;

		if (next <= holding.start)
			continue;
		if (by->all[i].start >= end)
			break;
		holding.end = by->all[i].start;
		if (holding.start < holding.end)
			err = add(c, &holding);
		holding.start = next;
	}
	holding.end = end;
	return !err && holding.start < end ? add(c, &holding) : err;
}

static int by_start(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* mprotect may have split exec's stack: only one part of it has the name. */
static bool in_main_stack(const struct vma *vmas, size_t n, size_t i)
{
	size_t k;

	if (vmas[i].kind == MAPPING_STACK)
		return true;
	if (!vmas[i].grows)
		return false;
	for (k = i; k + 1 < n && vmas[k + 1].start == vmas[k].end && vmas[k + 1].grows; k++)
		if (vmas[k + 1].kind == MAPPING_STACK)
			return true;
	for (k = i; k && vmas[k - 1].end == vmas[k].start && vmas[k - 1].grows; k--)
		if (vmas[k - 1].kind == MAPPING_STACK)
			return true;
	return false;
}

/* A fault below a MAP_GROWSDOWN region has made it longer, and no event tells. */
static void add_grown(struct holdings *h, const struct vma *vmas, size_t n)
{
	size_t v = 0;

	for (size_t i = 0; i < h->n; i++) {
		struct holding *x = &h->all[i];
		__u64 low;

		if (x->part >= CAUSE_COUNT || !x->region.grows)
			continue;
		while (v < n && vmas[v].end <= x->start)
			v++;
		if (v == n || vmas[v].start >= x->start || !vmas[v].grows)
			continue;
		low = i && h->all[i - 1].end > vmas[v].start ? h->all[i - 1].end : vmas[v].start;
		x->start = low;
	}
}

/* In a hole there may be something by now: the two overlap, and add_rest does not mind. */
static int add_heap(struct holdings *c, size_t regions, const struct space *space)
{
	struct holdings cut = {};
	struct gathering g = {.c = &cut};
	int err = 0;

	for (size_t i = 0; i < regions && !err; i++)
		err = add(&cut, &c->all[i]);
	if (!err) {
		ledger__each(space->holes, add_region, &g);
		err = g.err;
	}
	if (!err && cut.n)
		qsort(cut.all, cut.n, sizeof(*cut.all), by_start);
	if (!err)
		err = add_rest(c, &cut, cut.n, space->heap_start, space->heap_end, PART_HEAP);
	holdings__clear(&cut);
	return err;
}

int holdings__build(struct holdings *c, const struct space *space, const struct vma *vmas, size_t n)
{
	struct gathering g = {.c = c};
	size_t regions;
	int err;

	ledger__each(space->ledger, add_region, &g);
	err = g.err;
	regions = c->n;
	if (!err && space->heap_start < space->heap_end)
		err = space->holes ? add_heap(c, regions, space)
				   : add_rest(c, c, regions, space->heap_start, space->heap_end,
					      PART_HEAP);
	for (size_t i = 0; i < n && !err; i++)
		if (vmas[i].probes)
			err = add_rest(c, c, regions, vmas[i].start, vmas[i].end, PART_PROBES);
		else if (in_main_stack(vmas, n, i))
			err = add_rest(c, c, regions, vmas[i].start, vmas[i].end, PART_MAIN_STACK);
	if (c->n)
		qsort(c->all, c->n, sizeof(*c->all), by_start);
	add_grown(c, vmas, n);
	return err;
}

void holdings__clear(struct holdings *c)
{
	free(c->all);
	*c = (struct holdings){};
}

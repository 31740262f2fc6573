/*
 * process_counts.c - what events, one by one or as cells, add to a process's numbers; and what one
 * process's numbers add to another row's.
 */
#include "model/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Not in stats as long as there are too few bursts to make an estimate. */
struct beyond {
	struct malloc_stats malloc;
	struct malloc_bucket sizes[SIZE_BUCKETS];
};

static void add(struct tally *t, const struct count *c)
{
	t->calls += c->calls;
	t->bytes = bytes_sum(t->bytes, c->bytes);
}

static void count_malloc(struct malloc_stats *m, struct malloc_bucket *b, const struct count *c)
{
	if (!(c->flags & EVENT_F_KEPT)) {
		m->calls += c->calls;
		m->bytes = bytes_sum(m->bytes, c->bytes);
		add(&m->by_function[c->op], c);
		b->calls += c->calls;
	}
	if (c->flags & EVENT_F_IMPOSSIBLE)
		m->impossible += c->calls;
	if (c->flags & (EVENT_F_KEEPS_MAPPING | EVENT_F_KEPT)) {
		add(&m->route_mmap, c);
		b->mmap += c->calls;
	}
	if (c->flags & EVENT_F_ARENA) {
		add(&m->route_arena, c);
		b->arena += c->calls;
	}
}

/* The request that a mapping was made for; the call itself is counted apart. */
static void count_route(struct malloc_stats *m, struct malloc_bucket *b, const struct count *c)
{
	if (c->cause == CAUSE_MALLOC) {
		add(&m->route_mmap, c);
		b->mmap += c->calls;
	} else if (c->cause == CAUSE_ARENA) {
		add(&m->route_arena, c);
		b->arena += c->calls;
	}
}

static void count_beyond(struct beyond *to, const struct count *c)
{
	struct count beyond = *c;

	beyond.calls = c->beyond;
	beyond.bytes = c->beyond_bytes;
	if (c->type == EVENT_MALLOC)
		count_malloc(&to->malloc, &to->sizes[c->bucket], &beyond);
	else
		count_route(&to->malloc, &to->sizes[c->bucket], &beyond);
}

static void count_brk(struct process *p, const struct count *c)
{
	switch (c->op) {
	case BRK_GROW:
		add(&p->stats.heap.grow, c);
		p->histograms->brk_grow[c->bucket] += c->calls;
		break;
	case BRK_SHRINK:
		add(&p->stats.heap.shrink, c);
		break;
	case BRK_QUERY:
		p->stats.heap.query_calls += c->calls;
		break;
	default:
		p->stats.heap.failed_calls += c->calls;
	}
}

/* The table may have moved. */
static void show_callers(struct process *p)
{
	p->stats.callers = p->callers.entries;
	p->stats.n_callers = p->callers.n;
}

static int need_callers(struct process *p, __u32 more)
{
	int err = caller_table__reserve(&p->callers, more);

	show_callers(p);
	return err;
}

/* There is room for one more. */
static void count_caller(struct process *p, __u32 caller, enum cause cause, __u64 calls,
			 __u64 bytes)
{
	struct caller_stats *e = caller_table__entry(&p->callers, caller, cause);

	e->calls += calls;
	e->bytes += bytes;
	show_callers(p);
}

static void count_mmap(struct process *p, const struct count *c)
{
	if (c->op == MAP_REFUSED) {
		p->stats.mmap_failed += c->calls;
		if ((c->cause == CAUSE_MALLOC || c->cause == CAUSE_ARENA) && !p->told)
			p->stats.malloc.refused = true;
		return;
	}
	p->stats.mapped[c->cause].calls += c->calls;
	p->stats.mapped[c->cause].bytes += c->bytes;
	count_caller(p, c->caller, c->cause, c->calls, c->bytes);
	p->histograms->mmap_size[c->bucket][c->cause] += c->calls;
	if (c->cause == CAUSE_ARENA && !p->told)
		p->stats.malloc.arena_split = false;
}

static void count_mremap(struct process *p, const struct count *c)
{
	if (c->op == REMAP_REFUSED) {
		p->stats.mmap_failed += c->calls;
		return;
	}
	p->stats.mremap.calls += c->calls;
	if (c->op == REMAP_GROW)
		p->stats.mremap.grow_bytes += c->bytes;
	else if (c->op == REMAP_SHRINK)
		p->stats.mremap.shrink_bytes += c->bytes;
}

static int need_histograms(struct process *p)
{
	if (!p->histograms)
		p->histograms = calloc(1, sizeof(*p->histograms));
	p->stats.histograms = p->histograms;
	return p->histograms ? 0 : -ENOMEM;
}

static int need_beyond(struct process *p)
{
	if (!p->beyond)
		p->beyond = calloc(1, sizeof(*p->beyond));
	return p->beyond ? 0 : -ENOMEM;
}

int process__count_malloc(struct process *p, const struct count *c)
{
	struct tally *seen = &p->stats.estimate.seen;

	if (need_histograms(p) || (c->beyond && need_beyond(p)))
		return -ENOMEM;
	count_malloc(&p->stats.malloc, &p->histograms->malloc_size[c->bucket], c);
	if (!(c->flags & EVENT_F_KEPT))
		add(seen, c);
	if (c->beyond)
		count_beyond(p->beyond, c);
	p->told |= !!(c->flags & EVENT_F_TOLD);
	return 0;
}

static int count_served(struct process *p, const struct count *c)
{
	if (c->beyond && need_beyond(p))
		return -ENOMEM;
	count_route(&p->stats.malloc, &p->histograms->malloc_size[c->bucket], c);
	if (c->beyond)
		count_beyond(p->beyond, c);
	return 0;
}

int process__count(struct process *p, const struct count *c)
{
	if (need_histograms(p) || (c->type == EVENT_MMAP && need_callers(p, 1)))
		return -ENOMEM;
	switch (c->type) {
	case EVENT_MALLOC:
		return process__count_malloc(p, c);
	case EVENT_ROUTE:
		return count_served(p, c);
	case EVENT_BRK:
		count_brk(p, c);
		break;
	case EVENT_MMAP:
		count_mmap(p, c);
		break;
	case EVENT_MREMAP:
		count_mremap(p, c);
		break;
	case EVENT_MUNMAP:
		if (c->op == MAP_REFUSED)
			p->stats.mmap_failed += c->calls;
		else
			add(&p->stats.munmap, c);
		break;
	case EVENT_FREE:
		p->stats.paired.frees += c->calls;
		break;
	case EVENT_EXEC:
		p->stats.execs += c->calls;
		break;
	}
	return 0;
}

static void add_tally(struct tally *to, const struct tally *t)
{
	to->calls += t->calls;
	to->bytes = bytes_sum(to->bytes, t->bytes);
}

static void add_sizes(struct malloc_bucket to[SIZE_BUCKETS],
		      const struct malloc_bucket from[SIZE_BUCKETS])
{
	for (int b = 0; b < SIZE_BUCKETS; b++) {
		to[b].calls += from[b].calls;
		to[b].mmap += from[b].mmap;
		to[b].arena += from[b].arena;
		for (int r = 0; r < ROUTE_COUNT; r++)
			to[b].had[r] += from[b].had[r];
	}
}

static void add_histograms(struct histograms *to, const struct histograms *h)
{
	add_sizes(to->malloc_size, h->malloc_size);
	for (int b = 0; b < SIZE_BUCKETS; b++) {
		to->brk_grow[b] += h->brk_grow[b];
		for (int c = 0; c < CAUSE_COUNT; c++)
			to->mmap_size[b][c] += h->mmap_size[b][c];
	}
}

static void add_malloc(struct malloc_stats *to, const struct malloc_stats *m)
{
	to->calls += m->calls;
	to->bytes = bytes_sum(to->bytes, m->bytes);
	to->impossible += m->impossible;
	for (int fn = 0; fn < FN_COUNT; fn++)
		add_tally(&to->by_function[fn], &m->by_function[fn]);
	add_tally(&to->route_mmap, &m->route_mmap);
	add_tally(&to->route_arena, &m->route_arena);
}

__u64 process__beyond(const struct process *p)
{
	return p->beyond ? p->beyond->malloc.calls : 0;
}

void process__extrapolate(struct process *p)
{
	if (!p->beyond)
		return;
	add_malloc(&p->stats.malloc, &p->beyond->malloc);
	add_sizes(p->histograms->malloc_size, p->beyond->sizes);
	/* What belongs to a time before the last snapshot is no call of this one's window. */
	p->last.malloc_calls += p->last.beyond;
	p->last.beyond = 0;
	free(p->beyond);
	p->beyond = NULL;
}

int process__add_counts(struct process *to, const struct process *p)
{
	struct process_stats *t = &to->stats;
	const struct process_stats *s = &p->stats;

	if (need_histograms(to) || need_callers(to, p->callers.n) || (p->beyond && need_beyond(to)))
		return -ENOMEM;
	t->execs += s->execs;
	add_tally(&t->heap.grow, &s->heap.grow);
	add_tally(&t->heap.shrink, &s->heap.shrink);
	t->heap.query_calls += s->heap.query_calls;
	t->heap.failed_calls += s->heap.failed_calls;
	for (int c = 0; c < CAUSE_COUNT; c++) {
		t->mapped[c].calls += s->mapped[c].calls;
		t->mapped[c].bytes += s->mapped[c].bytes;
	}
	for (__u32 i = 0; i < p->callers.n; i++) {
		const struct caller_stats *e = &p->callers.entries[i];

		if (e->calls || e->bytes)
			count_caller(to, e->caller, e->cause, e->calls, e->bytes);
	}
	add_tally(&t->munmap, &s->munmap);
	t->mremap.calls += s->mremap.calls;
	t->mremap.grow_bytes += s->mremap.grow_bytes;
	t->mremap.shrink_bytes += s->mremap.shrink_bytes;
	t->mmap_failed += s->mmap_failed;
	t->malloc.refused |= s->malloc.refused;
	add_tally(&t->estimate.seen, &s->estimate.seen);
	add_malloc(&t->malloc, &s->malloc);
	if (s->malloc.calls)
		t->malloc.earlier |= stats__rest_routes(s);
	t->paired.frees += s->paired.frees;
	if (p->histograms)
		add_histograms(to->histograms, p->histograms);
	if (p->beyond) {
		add_malloc(&to->beyond->malloc, &p->beyond->malloc);
		add_sizes(to->beyond->sizes, p->beyond->sizes);
	}
	return 0;
}

int process__update_callers(struct process *p, const struct process *owner)
{
	struct caller_stats *image;
	int err = 0;

	if (!owner->ledger)
		return 0; /* as they were at its end */
	err = caller_table__set_live(&p->callers, owner->ledger);
	if (!err && (owner->image_bytes || owner->image_regions)) {
		err = caller_table__reserve(&p->callers, 1);
		if (!err) {
			image = caller_table__entry(&p->callers, CALLER_UNKNOWN, CAUSE_LOADER);
			image->live_bytes += owner->image_bytes;
			image->live_regions += owner->image_regions;
		}
	}
	if (err)
		p->stats.live_known = false;
	show_callers(p);
	return err;
}

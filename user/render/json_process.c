/*
 * json_process.c - one process of schema brkscope.report/1.
 *
 * json_pack() takes what it is given even where it fails, so no function here
 * has anything to clean up but an array or object that it fills itself.
 */
#include "render/json_process.h"

#include <limits.h>

#include "render/json_callers.h"
#include "render/json_histograms.h"
#include "render/json_retained.h"
#include "render/json_value.h"
#include "render/names.h"
#include "render/route.h"
#include "render/sort.h"
#include "render/units.h"

static json_t *calls_of(__u64 calls)
{
	return json_pack("{s:o}", "calls", value__number(calls));
}

static json_t *tally_of(bool known, const struct tally *t)
{
	return json_pack("{s:o, s:o}", "calls", value__known(known, t->calls), "bytes",
			 value__known(known, t->bytes));
}

static json_t *allocator_of(const struct process_stats *p)
{
	return json_pack("{s:o, s:s, s:b}", "object", value__string(p->allocator_object, PATH_MAX),
			 "kind", allocator__name(p->allocator), "probed", p->allocator_probed);
}

static json_t *resident_of(const struct process_stats *p, const struct resident *r)
{
	return value__known(p->resident.known && r->known, r->bytes);
}

static json_t *heap_of(const struct snapshot *s, const struct process_stats *p)
{
	bool known = heap__known(p);
	__u64 pages = 0;

	if (known && s->page_size)
		pages = unit__pages(p->heap.start, p->heap.end, s->page_size);
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "start",
		value__known(known, p->heap.start), "end", value__known(known, p->heap.end),
		"bytes", value__known(known, stats__heap_bytes(p)), "pages",
		value__known(known && s->page_size, pages), "unmapped_bytes",
		value__known(known && p->live_known, p->heap.unmapped_bytes), "rss_bytes",
		resident_of(p, &p->resident.heap), "peak_bytes",
		value__known(known, p->heap.peak_bytes), "grow", tally_of(true, &p->heap.grow),
		"shrink", tally_of(true, &p->heap.shrink), "query", calls_of(p->heap.query_calls),
		"failed", calls_of(p->heap.failed_calls));
}

static json_t *mapped_of(const struct process_stats *p, enum cause cause)
{
	const struct mapped *m = &p->mapped[cause];
	bool known = p->live_known;
	json_t *object;

	object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "calls", value__number(m->calls),
			   "bytes", value__number(m->bytes), "live_bytes",
			   value__known(known, m->live_bytes), "live_regions",
			   value__known(known, m->live_regions), "peak_bytes",
			   value__known(known, m->peak_bytes), "rss_bytes",
			   resident_of(p, &p->resident.causes[cause]));
	if (cause != CAUSE_ARENA ||
	    !json_object_set_new(object, "usable_bytes", value__known(known, m->usable_bytes)))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *mmap_of(const struct process_stats *p)
{
	json_t *object = json_object();
	int i, failed = 0;

	for (i = 0; i < CAUSE_COUNT; i++)
		failed |= json_object_set_new(object, cause__name((enum cause)i),
					      mapped_of(p, (enum cause)i));
	failed |= json_object_set_new(object, "munmap", tally_of(true, &p->munmap));
	failed |= json_object_set_new(object, "mremap",
				      json_pack("{s:o, s:o, s:o}", "calls",
						value__number(p->mremap.calls), "grow_bytes",
						value__number(p->mremap.grow_bytes), "shrink_bytes",
						value__number(p->mremap.shrink_bytes)));
	failed |= json_object_set_new(object, "failed", calls_of(p->mmap_failed));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *functions_of(const struct process_stats *p)
{
	json_t *object = json_object();
	int i, failed = 0;

	for (i = 0; i < FN_COUNT; i++)
		if (p->malloc.by_function[i].calls)
			failed |= json_object_set_new(
				object, alloc_fn__name((enum alloc_fn)i),
				value__number(p->malloc.by_function[i].calls));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *routes_of(const struct process_stats *p)
{
	struct routes r = route__of(p);
	struct tally both = {r.heap.calls + r.arena.calls, r.heap.bytes + r.arena.bytes};
	struct tally heap = route__heap(&r);

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "heap",
			 tally_of(route__told(&r, ROUTE_HEAP), &heap), "mmap",
			 tally_of(route__told(&r, ROUTE_MMAP), &r.mmap), "arena",
			 tally_of(route__told(&r, ROUTE_ARENA), &r.arena), "heap_or_arena",
			 tally_of(route__told_heap_or_arena(&r), &both), "unknown",
			 tally_of(route__told(&r, ROUTE_UNKNOWN), &r.unknown));
}

static json_t *blocks_of(const struct process_stats *p, enum route route)
{
	bool known = p->paired.known;

	return json_pack("{s:o, s:o}", "blocks", value__known(known, p->paired.live[route].blocks),
			 "bytes", value__known(known, p->paired.live[route].bytes));
}

static json_t *live_routes_of(const struct process_stats *p)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "heap", blocks_of(p, ROUTE_HEAP), "mmap",
			 blocks_of(p, ROUTE_MMAP), "arena", blocks_of(p, ROUTE_ARENA), "unknown",
			 blocks_of(p, ROUTE_UNKNOWN));
}

/* What returns and frees tell: at level live. */
static json_t *paired_of(const struct snapshot *s, const struct process_stats *p)
{
	bool known = p->paired.known, live = s->level >= LEVEL_LIVE;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "live_unknown",
			 live && !known ? json_string(unpaired__name(p->paired.why)) : json_null(),
			 "frees", value__known(live, p->paired.frees), "frees_unknown",
			 value__known(known, p->paired.frees_unknown), "failed",
			 value__known(known, p->paired.failed), "live_bytes",
			 value__known(known, stats__live_bytes(p)), "live_blocks",
			 value__known(known, stats__live_blocks(p)), "live_complete",
			 known ? json_boolean(p->paired.complete) : json_null(), "live_peak_bytes",
			 value__known(known, p->paired.peak_bytes), "live_route",
			 live_routes_of(p));
}

static json_t *interval_of(bool is, const struct interval *i)
{
	if (!is || !i->known)
		return json_null();
	return json_pack("[o, o]", value__number(i->low), value__known(!i->open, i->high));
}

/* To what takes few digits. */
static double rounded(double part)
{
	return (double)(__u64)(part * (1 << 20) + .5) / (1 << 20);
}

static json_t *estimate_of(const struct process_stats *p)
{
	bool is = p->estimate.is, one = p->pid != 0;
	double coverage = rounded(p->estimate.coverage), slowed = rounded(p->estimate.slowed);

	return json_pack("{s:b, s:b, s:o, s:f, s:o, s:o, s:o}", "estimated", is, "at_least",
			 is && p->estimate.at_least, "seen",
			 tally_of(true, is ? &p->estimate.seen
					   : &(struct tally){p->malloc.calls, p->malloc.bytes}),
			 "slowed", is && one ? slowed : 0.0, "coverage",
			 !is   ? json_real(1)
			 : one ? json_real(coverage)
			       : json_null(),
			 "calls_ci95", interval_of(is, &p->estimate.calls), "bytes_ci95",
			 interval_of(is, &p->estimate.bytes));
}

static json_t *malloc_of(const struct snapshot *s, const struct process_stats *p)
{
	json_t *object, *paired, *estimate;

	if (!p->malloc_known)
		return json_null();
	object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "since_ns",
			   value__known(p->malloc_since_ns, p->malloc_since_ns), "calls",
			   value__number(p->malloc.calls), "bytes", value__number(p->malloc.bytes),
			   "impossible", value__number(p->malloc.impossible), "by_function",
			   functions_of(p), "route", routes_of(p));
	paired = paired_of(s, p);
	estimate = estimate_of(p);
	if (object && (!paired || json_object_update(object, paired) || !estimate ||
		       json_object_update(object, estimate))) {
		json_decref(object);
		object = NULL;
	}
	json_decref(paired);
	json_decref(estimate);
	return object;
}

static json_t *rss_of(const struct process_stats *p)
{
	bool known = p->rss.known;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "anon_bytes",
			 value__known(known, p->rss.anon_bytes), "file_bytes",
			 value__known(known, p->rss.file_bytes), "shmem_bytes",
			 value__known(known, p->rss.shmem_bytes), "main_stack_bytes",
			 resident_of(p, &p->resident.main_stack), "left_over_bytes",
			 value__known(p->resident.known, p->resident.left_over_bytes));
}

/* unexplained_bytes is below 0 where the ledger has something that is gone. */
static json_t *space_of(const struct process_stats *p)
{
	bool known = p->space.known;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "bytes", value__known(known, p->space.bytes),
			 "explained_bytes", value__known(known, p->space.explained_bytes),
			 "unexplained_bytes",
			 known ? json_integer(stats__unexplained(p)) : json_null(), "not_compared",
			 known || !p->pid ? json_null() : json_string(space_unknown__name(p)),
			 "rereads", value__number(p->space.rereads));
}

json_t *json_process(const struct snapshot *s, const struct process_stats *p)
{
	bool one = p->pid != 0; /* and not all the others */

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"pid", value__known(one, p->pid), "ppid", value__known(one, p->ppid), "comm",
		value__string(p->pid ? p->comm : NULL, sizeof(p->comm)), "exe",
		value__string(p->exe, PATH_MAX), "cgroup", value__string(p->cgroup, PATH_MAX),
		"exited", p->exited, "execs", value__number(p->execs), "allocator", allocator_of(p),
		"heap", heap_of(s, p), "mmap", mmap_of(p), "callers", json_callers(s, p), "malloc",
		malloc_of(s, p), "retained",
		p->retained && p->paired.known ? json_retained(p->retained) : json_null(),
		"histograms", json_histograms(p), "address_space", space_of(p), "rss", rss_of(p));
}

/*
 * json_histograms.c - a process's histograms in schema brkscope.report/1.
 *
 * Only buckets that hold something are written: of 64, few do.
 */
#include "render/json_histograms.h"

#include "render/json_value.h"
#include "render/route.h"

/* The last bucket holds whatever is above the one before it. */
static json_t *edge_of(int bucket)
{
	if (bucket == SIZE_BUCKETS - 1)
		return json_string("+Inf");
	return value__number(1ull << bucket);
}

/* NULL with *empty set: nothing to write; without: no memory */
static json_t *malloc_bucket(const struct process_stats *p, int i, bool *empty)
{
	struct routes r = route__in_bucket(p, i);
	__u64 both = r.heap.calls + r.arena.calls;

	*empty = !r.calls && !r.mmap.calls;
	if (*empty)
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "le", edge_of(i), "calls",
			 value__number(r.calls), "heap",
			 value__known(route__told(&r, ROUTE_HEAP), route__heap(&r).calls), "mmap",
			 value__known(route__told(&r, ROUTE_MMAP), r.mmap.calls), "arena",
			 value__known(route__told(&r, ROUTE_ARENA), r.arena.calls), "heap_or_arena",
			 value__known(route__told_heap_or_arena(&r), both), "unknown",
			 value__known(route__told(&r, ROUTE_UNKNOWN), r.unknown.calls));
}

static json_t *brk_bucket(const struct process_stats *p, int i, bool *empty)
{
	__u64 count = p->histograms->brk_grow[i];

	*empty = !count;
	if (*empty)
		return NULL;
	return json_pack("{s:o, s:o}", "le", edge_of(i), "count", value__number(count));
}

static json_t *mmap_bucket(const struct process_stats *p, int i, bool *empty)
{
	const __u64 *counts = p->histograms->mmap_size[i];
	json_t *bucket;
	int cause, failed;

	*empty = true;
	for (cause = 0; cause < CAUSE_COUNT; cause++)
		if (counts[cause])
			*empty = false;
	if (*empty)
		return NULL;
	bucket = json_object();
	failed = json_object_set_new(bucket, "le", edge_of(i));
	for (cause = 0; cause < CAUSE_COUNT; cause++)
		failed |= json_object_set_new(bucket, cause__name((enum cause)cause),
					      value__number(counts[cause]));
	if (!failed)
		return bucket;
	json_decref(bucket);
	return NULL;
}

static json_t *buckets_of(const struct process_stats *p,
			  json_t *(*bucket_of)(const struct process_stats *p, int i, bool *empty))
{
	json_t *buckets = json_array(), *bucket;
	bool empty;
	int i;

	for (i = 0; p->histograms && i < SIZE_BUCKETS; i++) {
		bucket = bucket_of(p, i, &empty);
		if (empty || !json_array_append_new(buckets, bucket))
			continue;
		json_decref(buckets);
		return NULL;
	}
	return buckets;
}

json_t *json_histograms(const struct process_stats *p)
{
	return json_pack("{s:o, s:o, s:o}", "malloc_size",
			 p->malloc_known ? buckets_of(p, malloc_bucket) : json_null(), "brk_grow",
			 buckets_of(p, brk_bucket), "mmap_size", buckets_of(p, mmap_bucket));
}

/*
 * json_retained.c - what is freed and not given back, in schema brkscope.report/1.
 */
#include "render/json_retained.h"

#include "render/json_value.h"
#include "render/retained.h"

static json_t *gaps_of(const struct retained *r)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < r->n_gaps; i++) {
		const struct retained_gap *gap = &r->gaps[i];
		json_t *one = json_pack("{s:o, s:o, s:o}", "start", value__number(gap->start),
					"end", value__number(gap->end), "bytes",
					value__number(gap->end - gap->start));

		if (!json_array_append_new(array, one))
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

static json_t *heap_of(const struct retained *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "bytes",
			 value__number(r->heap_bytes), "resident_bytes",
			 value__known(r->heap_resident.known, r->heap_resident.bytes),
			 "live_blocks", value__number(r->live_blocks), "live_bytes",
			 value__number(r->live_bytes), "overhead_bytes",
			 value__known(r->overhead_known, r->overhead_bytes), "free_bytes",
			 value__number(r->free_bytes), "unseen_bytes",
			 value__number(r->unseen_bytes), "top_bytes", value__number(r->top_bytes),
			 "inside_bytes", value__number(r->inside_bytes), "whole_page_bytes",
			 value__number(r->top_page_bytes + r->inside_page_bytes), "gaps",
			 value__number(r->gap_count), "largest_gaps", gaps_of(r));
}

static json_t *pinned_of(const struct retained *r)
{
	const struct block *lowest = &r->pinned.lowest;

	if (!r->pinned.pins)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "blocks",
			 value__number(r->pinned.pins), "bytes", value__number(r->pinned.bytes),
			 "free_bytes", value__number(r->pinned.free_bytes), "lowest", "address",
			 value__number(lowest->addr), "bytes", value__number(lowest->size), "tag",
			 value__number(lowest->tag));
}

static json_t *arenas_of(const struct retained *r)
{
	const struct resident *resident = &r->arenas.resident;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "usable_bytes",
			 value__number(r->arenas.usable_bytes), "resident_bytes",
			 value__known(resident->known, resident->bytes), "live_blocks",
			 value__number(r->arenas.live_blocks), "live_bytes",
			 value__number(r->arenas.live_bytes), "overhead_bytes",
			 value__known(r->overhead_known, r->arenas.overhead_bytes), "free_bytes",
			 value__number(r->arenas.free_bytes));
}

/* Only glibc's are known, and only as they are if nobody has set them. */
static json_t *thresholds_of(const struct retained *r)
{
	if (r->allocator != ALLOCATOR_GLIBC)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "mmap",
			 value__known(r->thresholds_known, r->mmap_threshold), "trim",
			 value__known(r->thresholds_known, r->trim_threshold),
			 "largest_mapping_freed", value__number(r->mapping_freed),
			 "largest_heap_request", value__number(r->heap_request));
}

static json_t *advice_of(const struct retained *r)
{
	json_t *array = json_array();

	for (int i = 0; array && i < RETAINED_ADVICE && r->advice[i]; i++) {
		if (!json_array_append_new(array, json_string(retained_advice__name(r->advice[i]))))
			continue;
		json_decref(array);
		array = NULL;
	}
	return array;
}

json_t *json_retained(const struct retained *r)
{
	return json_pack("{s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "bytes",
			 value__number(retained__bytes(r)), "at_most", retained__at_most(r),
			 "pattern", retained_pattern__name(r->pattern), "heap", heap_of(r),
			 "arenas", arenas_of(r), "pinned", pinned_of(r), "default_thresholds",
			 thresholds_of(r), "advice", advice_of(r));
}

/*
 * test_retained_pattern.c - by what free memory is kept in heaps of known layout, and what helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/glibc_malloc.h"
#include "render/retained.h"
#include "sketch.h"

/* Ends with ADVICE_NONE. */
static void assert_advice(const struct retained *r, enum retained_advice first,
			  enum retained_advice second)
{
	assert_string_equal(retained_advice__name(r->advice[0]), retained_advice__name(first));
	assert_string_equal(retained_advice__name(r->advice[1]), retained_advice__name(second));
	assert_int_equal(r->advice[2], ADVICE_NONE);
}

static void little_is_nothing_to_explain(void **state)
{
	struct retained r;

	sketch__begin();
	sketch.in.marks.mapping_freed = 8 * MIB;
	sketch__live(MIB);
	r = sketch__end(MIB - 16);
	assert_pattern(&r, RETAINED_NONE);
	assert_int_equal(r.advice[0], ADVICE_NONE);
	r = sketch__end(MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* a quarter of the heap */
	sketch__begin();
	sketch.in.marks.mapping_freed = 8 * MIB;
	sketch__live(12 * MIB);
	r = sketch__end(4 * MIB - 16);
	assert_pattern(&r, RETAINED_NONE);
	r = sketch__end(4 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* and what is not in memory */
	sketch.in.heap_resident = (struct resident){true, MIB - 1};
	r = sketch__end(4 * MIB);
	assert_pattern(&r, RETAINED_NONE);
	sketch.in.heap_resident.bytes = 4 * MIB;
	r = sketch__end(4 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* no heap at all */
	sketch__begin();
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_NONE);
	assert_int_equal(retained__bytes(&r), 0);
}

static void at_the_end(void **state)
{
	struct retained r;

	sketch__begin();
	sketch.in.marks.mapping_freed = 8 * MIB;
	r = sketch__end(2 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_THRESHOLD);
	assert_int_equal(r.top_bytes, 2 * MIB);
	assert_int_equal(r.top_page_bytes, 2 * MIB - PAGE);
	assert_int_equal(r.pinned.pins, 0);
	assert_int_equal(r.trim_threshold, 16 * MIB);
	/* as much goes back with the sketch.next free */
	r = sketch__end(16 * MIB - 16);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	sketch.in.marks.tcache_end = sketch.next + 16 * MIB;
	r = sketch__end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	/* which nobody knows of a threshold that may have been raised before */
	sketch.in.complete = false;
	r = sketch__end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TCACHE);
	sketch.in.marks.tcache_end = 0;
	r = sketch__end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_NONE);
	r = sketch__end(16 * MIB - 16);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_THRESHOLD);
	sketch.in.allocator = ALLOCATOR_OTHER;
	sketch.in.complete = true;
	r = sketch__end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_NONE, ADVICE_NONE);
	/* half of it is enough */
	sketch__begin();
	sketch.in.marks.mapping_freed = 8 * MIB;
	sketch__free(2 * MIB);
	sketch__live(64);
	r = sketch__end(2 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	r = sketch__end(2 * MIB - 16);
	assert_pattern(&r, RETAINED_TOP_PINNED);
}

/*
 * M_TOP_PAD of 64 MiB and one block, or M_TRIM_THRESHOLD of 1 GiB and all freed: no block was freed
 * that could be cached, or it lies so low that what is above it would have gone back.
 */
static void at_the_end_and_no_cached_block_explains_it(void **state)
{
	const __u64 most = GLIBC_TOP_PAD + CHUNK_MIN + 2 * PAGE;
	struct retained r;

	sketch__begin();
	sketch__live(112);
	r = sketch__end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_SETTINGS);
	assert_int_equal(r.top_cache_bytes, 0);
	sketch.in.marks.tcache_end = sketch.next;
	r = sketch__end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
	sketch.in.marks.tcache_end = sketch.next + 64 * MIB - most - 16;
	r = sketch__end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_SETTINGS);
	assert_int_equal(r.top_cache_bytes, 64 * MIB - most - 16);
	sketch.in.marks.tcache_end += 16;
	r = sketch__end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	/* a threshold that was raised keeps more of it */
	sketch.in.marks.mapping_freed = 4 * MIB;
	sketch.in.marks.tcache_end = sketch.next + 64 * MIB - 8 * MIB;
	r = sketch__end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	sketch.in.marks.tcache_end -= 16;
	r = sketch__end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
}

static void each_cache_has_its_own_advice(void **state)
{
	struct retained r;

	sketch__begin();
	sketch__live(64);
	sketch.in.marks.tcache_end = sketch.next + 8 * MIB;
	sketch.in.marks.fastbin_end = sketch.next;
	r = sketch__end(8 * MIB + 64 * KIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TCACHE);
	sketch.in.marks.fastbin_end = sketch.next + 32;
	r = sketch__end(8 * MIB + 64 * KIB);
	assert_advice(&r, ADVICE_TRIM, ADVICE_FASTBINS);
	assert_int_equal(r.top_cache_bytes, 8 * MIB);
	assert_int_equal(r.top_fastbin_bytes, 32);
	/* no more than there is */
	sketch.in.marks.tcache_end = sketch.next + 16 * MIB;
	r = sketch__end(8 * MIB);
	assert_int_equal(r.top_cache_bytes, 8 * MIB);
	/* both keep it: less than the threshold, and cached blocks over most of it */
	sketch.in.marks.mapping_freed = 8 * MIB;
	sketch.in.marks.tcache_end = sketch.next + 4 * MIB;
	r = sketch__end(8 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_true(retained__may_be_cached(&r));
	assert_string_equal(retained_advice__name(r.advice[1]), "trim_threshold");
	assert_string_equal(retained_advice__name(r.advice[2]), "fastbins");
	sketch.in.marks.tcache_end -= 16;
	r = sketch__end(8 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_THRESHOLD);
	/* others have neither */
	sketch.in.allocator = ALLOCATOR_OTHER;
	r = sketch__end(8 * MIB);
	assert_int_equal(r.top_cache_bytes, 0);
}

static void below_a_few_blocks(void **state)
{
	struct retained r;

	sketch__begin();
	sketch__live(1024);
	sketch__free(8 * MIB);
	sketch__live(64);
	r = sketch__end(16 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_advice(&r, ADVICE_FREE_PIN, ADVICE_TRIM);
	assert_int_equal(r.pinned.pins, 1);
	assert_int_equal(r.pinned.bytes, 64 - EDGES);
	assert_int_equal(r.pinned.lowest.addr, HEAP + 1024 + 8 * MIB + 16);
	assert_int_equal(r.pinned.lowest.tag, 7);
	assert_int_equal(r.pinned.free_bytes, 8 * MIB);
	for (int i = 1; i < RETAINED_PINS; i++)
		sketch__live(64);
	r = sketch__end(16 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.pins, RETAINED_PINS);
	assert_int_equal(r.pinned.free_bytes, 8 * MIB);
	sketch__live(64);
	r = sketch__end(16 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.pins, RETAINED_PINS + 1);
	/* what is as large as a quarter of that is more than a pin */
	sketch__begin();
	sketch__free(8 * MIB);
	sketch__live(2 * MIB);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	sketch__begin();
	sketch__free(8 * MIB);
	sketch__live(2 * MIB + 16);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_INSIDE);
}

/* 1000 blocks of 60000 bytes, all freed but for the last ten. */
static void more_of_them_close_together(void **state)
{
	struct retained r;

	sketch__begin();
	sketch__free(990 * 60016);
	for (int i = 0; i < 10; i++)
		sketch__live(60016);
	r = sketch__end(70 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_advice(&r, ADVICE_FREE_PIN, ADVICE_TRIM);
	assert_int_equal(r.pinned.pins, 10);
	assert_int_equal(r.pinned.bytes, 10 * (60016 - EDGES));
	assert_int_equal(r.pinned.lowest.addr, HEAP + 990 * 60016 + 16);
	assert_int_equal(r.pinned.free_bytes, 990 * 60016);
	/* they may take a quarter of what is free below them, with what is between */
	for (int wide = 0; wide < 2; wide++) {
		sketch__begin();
		sketch__free(8 * MIB);
		for (int i = 0; i < 15; i++) {
			sketch__live(64);
			sketch__free(128 * KIB - 64);
		}
		sketch__live(128 * KIB + 16 * wide);
		r = sketch__end(0);
		assert_int_equal(r.pinned.pins, wide ? 1 : 16);
		assert_pattern(&r, wide ? RETAINED_INSIDE : RETAINED_TOP_PINNED);
	}
}

/* Freeing a block nearer to the end gives back what is between, too. */
static void pins_one_above_the_other(void **state)
{
	struct retained r;

	sketch__begin();
	sketch__live(64);
	sketch__free(4 * MIB);
	sketch__live(64);
	sketch__free(MIB);
	sketch__live(128);
	sketch__free(16 * KIB);
	sketch__live(32);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.pins, 3);
	assert_int_equal(r.pinned.bytes, 64 + 128 + 32 - 3 * EDGES);
	assert_int_equal(r.pinned.lowest.addr, HEAP + 64 + 4 * MIB + 16);
	assert_int_equal(r.pinned.free_bytes, 5 * MIB + 16 * KIB);
	assert_int_equal(r.gap_count, 3);
	assert_int_equal(r.gaps[0].end - r.gaps[0].start, 4 * MIB);
	assert_int_equal(r.gaps[1].end - r.gaps[1].start, MIB);
	assert_int_equal(r.gaps[2].end - r.gaps[2].start, 16 * KIB);
}

static void between_live_blocks(void **state)
{
	struct retained r;

	sketch__begin();
	for (int i = 0; i < 100; i++) {
		sketch__free(64 * KIB);
		sketch__live(64 * KIB);
	}
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	assert_int_equal(r.gap_count, 100);
	assert_int_equal(r.n_gaps, RETAINED_GAPS);
	assert_advice(&r, ADVICE_TRIM, ADVICE_NONE);
	assert_true(r.inside_page_bytes >= 100 * 15 * PAGE);
	/* no page is whole */
	sketch__begin();
	for (int i = 0; i < 15000; i++) {
		sketch__free(1024);
		sketch__live(1024);
	}
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	assert_int_equal(r.inside_page_bytes, 0);
	assert_advice(&r, ADVICE_SEPARATE, ADVICE_NONE);
}

static void in_arenas(void **state)
{
	struct retained r;

	sketch__begin();
	sketch.in.arenas.usable_bytes = 10 * MIB;
	sketch.in.arenas.blocks = 1000;
	sketch.in.arenas.bytes = MIB;
	sketch.in.arenas.chunk_bytes = MIB + 8000;
	sketch__free(9 * MIB - 8000);
	sketch__live(64);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_ARENAS);
	assert_advice(&r, ADVICE_ARENA_MAX, ADVICE_TRIM);
	assert_int_equal(r.arenas.free_bytes, 9 * MIB - 8000);
	assert_int_equal(r.arenas.overhead_bytes, 8000);
	assert_int_equal(retained__bytes(&r), 2 * (9 * MIB - 8000));
	sketch__begin();
	sketch.in.arenas.usable_bytes = 10 * MIB;
	sketch__free(10 * MIB + 16);
	sketch__live(64);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	/* as far as it is in memory */
	sketch.in.arenas.usable_bytes = 20 * MIB;
	sketch.in.arenas.resident = (struct resident){true, 100 * KIB};
	sketch.in.heap_resident = (struct resident){true, 100 * KIB};
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_NONE);
	/* more than is open: a block that has been counted too much must not make it negative */
	sketch.in.arenas.chunk_bytes = 30 * MIB;
	r = sketch__end(0);
	assert_int_equal(r.arenas.free_bytes, 0);
}

static void each_allocator_has_its_own_advice(void **state)
{
	static const struct {
		enum allocator_kind allocator;
		enum retained_advice advice;
	} rows[] = {
		{ALLOCATOR_JEMALLOC, ADVICE_JEMALLOC_DECAY},
		{ALLOCATOR_TCMALLOC, ADVICE_TCMALLOC_RELEASE},
		{ALLOCATOR_MIMALLOC, ADVICE_MIMALLOC_COLLECT},
		{ALLOCATOR_MUSL, ADVICE_NONE},
		{ALLOCATOR_REFMALLOC, ADVICE_NONE},
		{ALLOCATOR_OTHER, ADVICE_NONE},
		{ALLOCATOR_UNKNOWN, ADVICE_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct retained r;

		sketch__begin();
		sketch.in.allocator = rows[i].allocator;
		sketch.in.arenas.usable_bytes = 10 * MIB;
		r = sketch__end(0);
		assert_pattern(&r, RETAINED_ARENAS);
		assert_advice(&r, rows[i].advice, ADVICE_NONE);
	}
}

static struct retained large_blocks(__u64 mapping_freed, __u64 by_large, __u64 gap)
{
	sketch__begin();
	sketch__free(gap);
	sketch__live(64);
	sketch.in.marks.mapping_freed = mapping_freed;
	sketch.in.marks.by_large = by_large;
	return sketch__end(0);
}

static void since_the_threshold_was_raised(void **state)
{
	struct retained r = large_blocks(8 * MIB, 4 * MIB, 4 * MIB);

	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	assert_advice(&r, ADVICE_MMAP_THRESHOLD, ADVICE_TRIM);
	assert_int_equal(r.mmap_threshold, 8 * MIB);
	assert_int_equal(r.pinned.pins, 1);
	r = large_blocks(GLIBC_THRESHOLD + PAGE, 2 * MIB, 2 * MIB);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	/* glibc raises by what is larger than the threshold, and not above a limit */
	r = large_blocks(GLIBC_THRESHOLD, 2 * MIB, 2 * MIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.mmap_threshold, GLIBC_THRESHOLD);
	r = large_blocks(GLIBC_THRESHOLD_MAX, 2 * MIB, 2 * MIB);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	assert_int_equal(r.trim_threshold, 2 * GLIBC_THRESHOLD_MAX);
	r = large_blocks(GLIBC_THRESHOLD_MAX + PAGE, 2 * MIB, 2 * MIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	/* most of the heap was there before, or for small blocks */
	r = large_blocks(8 * MIB, 0, 2 * MIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	r = large_blocks(8 * MIB, 8 * MIB, 16 * MIB);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	r = large_blocks(8 * MIB, 8 * MIB, 16 * MIB + 16);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	/* large blocks live there still */
	sketch__live(4 * MIB);
	sketch.in.marks.by_large = 12 * MIB - 16;
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	sketch.in.marks.by_large += 16;
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	/* the gaps are small */
	sketch__begin();
	sketch.in.marks.mapping_freed = sketch.in.marks.heap_request = 8 * MIB;
	sketch.in.marks.by_large = 13 * MIB;
	for (int i = 0; i < 100; i++) {
		sketch__free(GLIBC_THRESHOLD - 16);
		sketch__live(64);
	}
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	sketch.in.allocator = ALLOCATOR_OTHER;
	r = retained__judge(&sketch.in);
	assert_pattern(&r, RETAINED_INSIDE);
	assert_int_equal(r.mmap_threshold, 0);
}

/* free(malloc(30 MiB)), then 40 blocks of 4 MiB, and 39 of them freed: one gap of them all. */
static void many_large_blocks_leave_one_gap(void **state)
{
	struct retained r;

	sketch__begin();
	sketch.in.marks.mapping_freed = 30 * MIB + PAGE;
	sketch.in.marks.heap_request = 4 * MIB;
	sketch.in.marks.by_large = 40 * (4 * MIB + 16);
	sketch__free(39 * (4 * MIB + 16));
	sketch__live(4 * MIB + 16);
	r = sketch__end(131 * KIB);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	assert_advice(&r, ADVICE_MMAP_THRESHOLD, ADVICE_TRIM);
}

/* Large blocks were there, and then as much of small ones: it would be there for these, too. */
static void small_blocks_came_after_large_ones(void **state)
{
	struct retained r;

	sketch__begin();
	sketch.in.marks.mapping_freed = 8 * MIB;
	sketch.in.marks.by_large = 8 * MIB;
	sketch.in.marks.small_bytes = 64;
	sketch.in.marks.small_peak = 64 + 4 * MIB;
	sketch__free(8 * MIB);
	sketch__live(64);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	sketch.in.marks.small_peak += 16;
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	/* a free was missed */
	sketch.in.marks.small_bytes = 16 * MIB;
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
}

/* Many large gaps are more than those that are listed. */
static void all_large_gaps_count(void **state)
{
	struct retained r;

	sketch__begin();
	sketch.in.marks.mapping_freed = 8 * MIB;
	sketch.in.marks.heap_request = MIB;
	sketch.in.marks.by_large = 40 * MIB;
	for (int i = 0; i < 40; i++) {
		sketch__free(MIB);
		sketch__live(64);
	}
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	assert_int_equal(r.large_gap_bytes, 40 * MIB);
}

static void what_is_below_may_be_in_use(void **state)
{
	struct retained r;

	/* all of it */
	sketch__begin();
	sketch__free(8 * MIB);
	sketch__live(64);
	sketch.in.known_from = sketch.next;
	r = sketch__end(0);
	assert_true(retained__at_most(&r));
	assert_int_equal(r.unseen_bytes, 8 * MIB);
	assert_int_equal(r.free_bytes, 8 * MIB);
	assert_pattern(&r, RETAINED_UNKNOWN);
	assert_int_equal(r.advice[0], ADVICE_NONE);
	assert_int_equal(r.pinned.pins, 0);
	/* part of it, of what is below a block */
	sketch.in.known_from = HEAP + 4 * MIB;
	r = sketch__end(0);
	assert_int_equal(r.unseen_bytes, 4 * MIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.free_bytes, 4 * MIB);
	/* too little is certain */
	sketch.in.known_from = HEAP + 8 * MIB - (MIB - 16);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_UNKNOWN);
	sketch.in.known_from = HEAP + 7 * MIB;
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_UNKNOWN);
	/* part of the top */
	sketch__begin();
	sketch.in.complete = false;
	sketch.in.known_from = HEAP + 2 * MIB;
	r = sketch__end(8 * MIB);
	assert_int_equal(r.unseen_bytes, 2 * MIB);
	assert_int_equal(r.top_bytes, 8 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* little is little, whoever was not seen */
	sketch.in.known_from = sketch.next + MIB;
	r = sketch__end(MIB - 16);
	assert_int_equal(r.unseen_bytes, MIB - 16);
	assert_pattern(&r, RETAINED_NONE);
	/* arenas */
	sketch__begin();
	sketch.in.complete = false;
	sketch.in.arenas.usable_bytes = 8 * MIB;
	r = sketch__end(0);
	assert_true(retained__at_most(&r));
	assert_pattern(&r, RETAINED_UNKNOWN);
	sketch__free(8 * MIB);
	sketch__live(64);
	r = sketch__end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_is_nothing_to_explain),
		cmocka_unit_test(at_the_end),
		cmocka_unit_test(at_the_end_and_no_cached_block_explains_it),
		cmocka_unit_test(each_cache_has_its_own_advice),
		cmocka_unit_test(below_a_few_blocks),
		cmocka_unit_test(more_of_them_close_together),
		cmocka_unit_test(pins_one_above_the_other),
		cmocka_unit_test(between_live_blocks),
		cmocka_unit_test(in_arenas),
		cmocka_unit_test(each_allocator_has_its_own_advice),
		cmocka_unit_test(since_the_threshold_was_raised),
		cmocka_unit_test(many_large_blocks_leave_one_gap),
		cmocka_unit_test(small_blocks_came_after_large_ones),
		cmocka_unit_test(all_large_gaps_count),
		cmocka_unit_test(what_is_below_may_be_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_retained.c - heaps of known layout: how much is free, where, by what it is kept, what helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "golden.h"
#include "model/glibc_malloc.h"
#include "model/retained.h"
#include "render/json_retained.h"
#include "render/retained.h"

#define HEAP  0x555500000000ULL
#define PAGE  4096ULL
#define KIB   1024ULL
#define MIB   (1024 * KIB)
#define EDGES 8 /* of a chunk's 16 bytes header, those that are the chunk's own */

/* A heap as it is laid out from its start on, as glibc would. */
static struct block blocks[20000];
static struct retained_input in;
static __u64 next;

static void begin(void)
{
	in = (struct retained_input){.allocator = ALLOCATOR_GLIBC,
				     .page_size = PAGE,
				     .heap_start = HEAP,
				     .known_from = HEAP,
				     .blocks = blocks,
				     .complete = true};
	next = HEAP;
}

/* So many bytes, with all that is around them. */
static void put_live(__u64 chunk)
{
	assert_true(in.n_blocks < sizeof(blocks) / sizeof(*blocks) && chunk % 16 == 0);
	blocks[in.n_blocks++] = (struct block){next + 16, chunk - EDGES, ROUTE_HEAP, 7};
	next += chunk;
}

static void put_free(__u64 bytes)
{
	next += bytes;
}

/* And so many are free at the end. */
static struct retained end(__u64 top)
{
	struct retained r;

	in.heap_end = next + top;
	r = retained__judge(&in);
	assert_int_equal(r.free_bytes, r.top_bytes + r.inside_bytes);
	assert_int_equal(r.heap_bytes, r.live_bytes + r.overhead_bytes + r.free_bytes);
	assert_true(r.inside_page_bytes <= r.inside_bytes && r.top_page_bytes <= r.top_bytes);
	assert_true(r.pinned.free_bytes <= r.inside_bytes);
	return r;
}

static void assert_pattern(const struct retained *r, enum retained_pattern pattern)
{
	assert_string_equal(retained_pattern__name(r->pattern), retained_pattern__name(pattern));
}

/* Ends with ADVICE_NONE. */
static void assert_advice(const struct retained *r, enum retained_advice first,
			  enum retained_advice second)
{
	assert_string_equal(retained_advice__name(r->advice[0]), retained_advice__name(first));
	assert_string_equal(retained_advice__name(r->advice[1]), retained_advice__name(second));
	assert_int_equal(r->advice[2], ADVICE_NONE);
}

static void chunks_are_as_glibc_makes_them(void **state)
{
	static const __u64 sizes[][2] = {{0, 32},  {24, 32}, {25, 48},	   {40, 48},
					 {41, 64}, {56, 64}, {1000, 1008}, {1001, 1024}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		assert_int_equal(retained__chunk(ALLOCATOR_GLIBC, sizes[i][0]), sizes[i][1]);
	assert_int_equal(retained__chunk(ALLOCATOR_MUSL, 25), 25);
}

static void every_byte_is_live_around_or_free(void **state)
{
	struct retained r;

	begin();
	put_live(48);
	put_free(10000);
	put_live(128);
	blocks[1].size -= 10;
	put_live(32);
	r = end(5000);
	assert_int_equal(r.live_blocks, 3);
	assert_int_equal(r.live_bytes, 40 + 110 + 24);
	assert_int_equal(r.overhead_bytes, 8 + 18 + 8);
	assert_int_equal(r.inside_bytes, 10000);
	assert_int_equal(r.top_bytes, 5000);
	assert_int_equal(r.gap_count, 1);
	assert_int_equal(r.gaps[0].start, HEAP + 48);
	assert_int_equal(r.gaps[0].end, HEAP + 48 + 10000);
	assert_false(retained__at_most(&r));
	/* of another allocator nothing is known of what is around a block */
	in.allocator = ALLOCATOR_OTHER;
	r = end(5000);
	assert_false(r.overhead_known);
	assert_int_equal(r.free_bytes, r.heap_bytes - r.live_bytes);
	assert_int_equal(r.mmap_threshold, 0);
}

/* As malloc_trim() does it: a free chunk's first 48 bytes stay, and 33 of the top. */
static void whole_pages_are_those_that_malloc_trim_gives(void **state)
{
	static const struct {
		__u64 before, gap, pages;
	} rows[] = {
		{PAGE - 48, PAGE + 48, 1}, {PAGE - 32, PAGE + 32, 0}, {PAGE - 48, PAGE + 32, 0},
		{PAGE, 2 * PAGE, 1},	   {PAGE, 4 * PAGE, 3},	      {32, 3 * PAGE, 2},
	};
	static const __u64 tops[][2] = {
		{0, 0}, {33, 0}, {PAGE + 32, 0}, {PAGE + 33, 1}, {3 * PAGE, 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct retained r;

		begin();
		put_live(rows[i].before);
		put_free(rows[i].gap);
		put_live(32);
		r = end(0);
		assert_int_equal(r.inside_page_bytes, rows[i].pages * PAGE);
	}
	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		struct retained r;

		begin();
		put_live(PAGE);
		r = end(tops[i][0]);
		assert_int_equal(r.top_page_bytes, tops[i][1] * PAGE);
	}
}

static void little_is_nothing_to_explain(void **state)
{
	struct retained r;

	begin();
	in.marks.mapping_freed = 8 * MIB;
	put_live(MIB);
	r = end(MIB - 16);
	assert_pattern(&r, RETAINED_NONE);
	assert_int_equal(r.advice[0], ADVICE_NONE);
	r = end(MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* a quarter of the heap */
	begin();
	in.marks.mapping_freed = 8 * MIB;
	put_live(12 * MIB);
	r = end(4 * MIB - 16);
	assert_pattern(&r, RETAINED_NONE);
	r = end(4 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* and what is not in memory */
	in.heap_resident = (struct resident){true, MIB - 1};
	r = end(4 * MIB);
	assert_pattern(&r, RETAINED_NONE);
	in.heap_resident.bytes = 4 * MIB;
	r = end(4 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* no heap at all */
	begin();
	r = end(0);
	assert_pattern(&r, RETAINED_NONE);
	assert_int_equal(retained__bytes(&r), 0);
}

static void at_the_end(void **state)
{
	struct retained r;

	begin();
	in.marks.mapping_freed = 8 * MIB;
	r = end(2 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_THRESHOLD);
	assert_int_equal(r.top_bytes, 2 * MIB);
	assert_int_equal(r.top_page_bytes, 2 * MIB - PAGE);
	assert_int_equal(r.pinned.pins, 0);
	assert_int_equal(r.trim_threshold, 16 * MIB);
	/* as much goes back with the next free */
	r = end(16 * MIB - 16);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	in.marks.tcache_end = next + 16 * MIB;
	r = end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	/* which nobody knows of a threshold that may have been raised before */
	in.complete = false;
	r = end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TCACHE);
	in.marks.tcache_end = 0;
	r = end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_NONE);
	r = end(16 * MIB - 16);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_THRESHOLD);
	in.allocator = ALLOCATOR_OTHER;
	in.complete = true;
	r = end(16 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_NONE, ADVICE_NONE);
	/* half of it is enough */
	begin();
	in.marks.mapping_freed = 8 * MIB;
	put_free(2 * MIB);
	put_live(64);
	r = end(2 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	r = end(2 * MIB - 16);
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

	begin();
	put_live(112);
	r = end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_SETTINGS);
	assert_int_equal(r.top_cache_bytes, 0);
	in.marks.tcache_end = next;
	r = end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
	in.marks.tcache_end = next + 64 * MIB - most - 16;
	r = end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_SETTINGS);
	assert_int_equal(r.top_cache_bytes, 64 * MIB - most - 16);
	in.marks.tcache_end += 16;
	r = end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	/* a threshold that was raised keeps more of it */
	in.marks.mapping_freed = 4 * MIB;
	in.marks.tcache_end = next + 64 * MIB - 8 * MIB;
	r = end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	in.marks.tcache_end -= 16;
	r = end(64 * MIB);
	assert_pattern(&r, RETAINED_TOP_UNTRIMMED);
}

static void each_cache_has_its_own_advice(void **state)
{
	struct retained r;

	begin();
	put_live(64);
	in.marks.tcache_end = next + 8 * MIB;
	in.marks.fastbin_end = next;
	r = end(8 * MIB + 64 * KIB);
	assert_pattern(&r, RETAINED_TOP_CACHED);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TCACHE);
	in.marks.fastbin_end = next + 32;
	r = end(8 * MIB + 64 * KIB);
	assert_advice(&r, ADVICE_TRIM, ADVICE_FASTBINS);
	assert_int_equal(r.top_cache_bytes, 8 * MIB);
	assert_int_equal(r.top_fastbin_bytes, 32);
	/* no more than there is */
	in.marks.tcache_end = next + 16 * MIB;
	r = end(8 * MIB);
	assert_int_equal(r.top_cache_bytes, 8 * MIB);
	/* both keep it: less than the threshold, and cached blocks over most of it */
	in.marks.mapping_freed = 8 * MIB;
	in.marks.tcache_end = next + 4 * MIB;
	r = end(8 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_true(retained__may_be_cached(&r));
	assert_string_equal(retained_advice__name(r.advice[1]), "trim_threshold");
	assert_string_equal(retained_advice__name(r.advice[2]), "fastbins");
	in.marks.tcache_end -= 16;
	r = end(8 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	assert_advice(&r, ADVICE_TRIM, ADVICE_TRIM_THRESHOLD);
	/* others have neither */
	in.allocator = ALLOCATOR_OTHER;
	r = end(8 * MIB);
	assert_int_equal(r.top_cache_bytes, 0);
}

static void below_a_few_blocks(void **state)
{
	struct retained r;

	begin();
	put_live(1024);
	put_free(8 * MIB);
	put_live(64);
	r = end(16 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_advice(&r, ADVICE_FREE_PIN, ADVICE_TRIM);
	assert_int_equal(r.pinned.pins, 1);
	assert_int_equal(r.pinned.bytes, 64 - EDGES);
	assert_int_equal(r.pinned.lowest.addr, HEAP + 1024 + 8 * MIB + 16);
	assert_int_equal(r.pinned.lowest.tag, 7);
	assert_int_equal(r.pinned.free_bytes, 8 * MIB);
	for (int i = 1; i < RETAINED_PINS; i++)
		put_live(64);
	r = end(16 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.pins, RETAINED_PINS);
	assert_int_equal(r.pinned.free_bytes, 8 * MIB);
	put_live(64);
	r = end(16 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.pins, RETAINED_PINS + 1);
	/* what is as large as a quarter of that is more than a pin */
	begin();
	put_free(8 * MIB);
	put_live(2 * MIB);
	r = end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	begin();
	put_free(8 * MIB);
	put_live(2 * MIB + 16);
	r = end(0);
	assert_pattern(&r, RETAINED_INSIDE);
}

/* 1000 blocks of 60000 bytes, all freed but for the last ten. */
static void more_of_them_close_together(void **state)
{
	struct retained r;

	begin();
	put_free(990 * 60016);
	for (int i = 0; i < 10; i++)
		put_live(60016);
	r = end(70 * KIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_advice(&r, ADVICE_FREE_PIN, ADVICE_TRIM);
	assert_int_equal(r.pinned.pins, 10);
	assert_int_equal(r.pinned.bytes, 10 * (60016 - EDGES));
	assert_int_equal(r.pinned.lowest.addr, HEAP + 990 * 60016 + 16);
	assert_int_equal(r.pinned.free_bytes, 990 * 60016);
	/* they may take a quarter of what is free below them, with what is between */
	for (int wide = 0; wide < 2; wide++) {
		begin();
		put_free(8 * MIB);
		for (int i = 0; i < 15; i++) {
			put_live(64);
			put_free(128 * KIB - 64);
		}
		put_live(128 * KIB + 16 * wide);
		r = end(0);
		assert_int_equal(r.pinned.pins, wide ? 1 : 16);
		assert_pattern(&r, wide ? RETAINED_INSIDE : RETAINED_TOP_PINNED);
	}
}

/* Freeing a block nearer to the end gives back what is between, too. */
static void pins_one_above_the_other(void **state)
{
	struct retained r;

	begin();
	put_live(64);
	put_free(4 * MIB);
	put_live(64);
	put_free(MIB);
	put_live(128);
	put_free(16 * KIB);
	put_live(32);
	r = end(0);
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

	begin();
	for (int i = 0; i < 100; i++) {
		put_free(64 * KIB);
		put_live(64 * KIB);
	}
	r = end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	assert_int_equal(r.gap_count, 100);
	assert_int_equal(r.n_gaps, RETAINED_GAPS);
	assert_advice(&r, ADVICE_TRIM, ADVICE_NONE);
	assert_true(r.inside_page_bytes >= 100 * 15 * PAGE);
	/* no page is whole */
	begin();
	for (int i = 0; i < 15000; i++) {
		put_free(1024);
		put_live(1024);
	}
	r = end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	assert_int_equal(r.inside_page_bytes, 0);
	assert_advice(&r, ADVICE_SEPARATE, ADVICE_NONE);
}

static void in_arenas(void **state)
{
	struct retained r;

	begin();
	in.arenas.usable_bytes = 10 * MIB;
	in.arenas.blocks = 1000;
	in.arenas.bytes = MIB;
	in.arenas.chunk_bytes = MIB + 8000;
	put_free(9 * MIB - 8000);
	put_live(64);
	r = end(0);
	assert_pattern(&r, RETAINED_ARENAS);
	assert_advice(&r, ADVICE_ARENA_MAX, ADVICE_TRIM);
	assert_int_equal(r.arenas.free_bytes, 9 * MIB - 8000);
	assert_int_equal(r.arenas.overhead_bytes, 8000);
	assert_int_equal(retained__bytes(&r), 2 * (9 * MIB - 8000));
	begin();
	in.arenas.usable_bytes = 10 * MIB;
	put_free(10 * MIB + 16);
	put_live(64);
	r = end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	/* as far as it is in memory */
	in.arenas.usable_bytes = 20 * MIB;
	in.arenas.resident = (struct resident){true, 100 * KIB};
	in.heap_resident = (struct resident){true, 100 * KIB};
	r = end(0);
	assert_pattern(&r, RETAINED_NONE);
	/* more than is open: a block that has been counted too much must not make it negative */
	in.arenas.chunk_bytes = 30 * MIB;
	r = end(0);
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

		begin();
		in.allocator = rows[i].allocator;
		in.arenas.usable_bytes = 10 * MIB;
		r = end(0);
		assert_pattern(&r, RETAINED_ARENAS);
		assert_advice(&r, rows[i].advice, ADVICE_NONE);
	}
}

static struct retained large_blocks(__u64 mapping_freed, __u64 by_large, __u64 gap)
{
	begin();
	put_free(gap);
	put_live(64);
	in.marks.mapping_freed = mapping_freed;
	in.marks.by_large = by_large;
	return end(0);
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
	put_live(4 * MIB);
	in.marks.by_large = 12 * MIB - 16;
	r = end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	in.marks.by_large += 16;
	r = end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	/* the gaps are small */
	begin();
	in.marks.mapping_freed = in.marks.heap_request = 8 * MIB;
	in.marks.by_large = 13 * MIB;
	for (int i = 0; i < 100; i++) {
		put_free(GLIBC_THRESHOLD - 16);
		put_live(64);
	}
	r = end(0);
	assert_pattern(&r, RETAINED_INSIDE);
	in.allocator = ALLOCATOR_OTHER;
	r = retained__judge(&in);
	assert_pattern(&r, RETAINED_INSIDE);
	assert_int_equal(r.mmap_threshold, 0);
}

/* free(malloc(30 MiB)), then 40 blocks of 4 MiB, and 39 of them freed: one gap of them all. */
static void many_large_blocks_leave_one_gap(void **state)
{
	struct retained r;

	begin();
	in.marks.mapping_freed = 30 * MIB + PAGE;
	in.marks.heap_request = 4 * MIB;
	in.marks.by_large = 40 * (4 * MIB + 16);
	put_free(39 * (4 * MIB + 16));
	put_live(4 * MIB + 16);
	r = end(131 * KIB);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	assert_advice(&r, ADVICE_MMAP_THRESHOLD, ADVICE_TRIM);
}

/* Large blocks were there, and then as much of small ones: it would be there for these, too. */
static void small_blocks_came_after_large_ones(void **state)
{
	struct retained r;

	begin();
	in.marks.mapping_freed = 8 * MIB;
	in.marks.by_large = 8 * MIB;
	in.marks.small_bytes = 64;
	in.marks.small_peak = 64 + 4 * MIB;
	put_free(8 * MIB);
	put_live(64);
	r = end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	in.marks.small_peak += 16;
	r = end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	/* a free was missed */
	in.marks.small_bytes = 16 * MIB;
	r = end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
}

/* Many large gaps are more than those that are listed. */
static void all_large_gaps_count(void **state)
{
	struct retained r;

	begin();
	in.marks.mapping_freed = 8 * MIB;
	in.marks.heap_request = MIB;
	in.marks.by_large = 40 * MIB;
	for (int i = 0; i < 40; i++) {
		put_free(MIB);
		put_live(64);
	}
	r = end(0);
	assert_pattern(&r, RETAINED_THRESHOLD_RAISED);
	assert_int_equal(r.large_gap_bytes, 40 * MIB);
}

static void what_is_below_may_be_in_use(void **state)
{
	struct retained r;

	/* all of it */
	begin();
	put_free(8 * MIB);
	put_live(64);
	in.known_from = next;
	r = end(0);
	assert_true(retained__at_most(&r));
	assert_int_equal(r.unseen_bytes, 8 * MIB);
	assert_int_equal(r.free_bytes, 8 * MIB);
	assert_pattern(&r, RETAINED_UNKNOWN);
	assert_int_equal(r.advice[0], ADVICE_NONE);
	assert_int_equal(r.pinned.pins, 0);
	/* part of it, of what is below a block */
	in.known_from = HEAP + 4 * MIB;
	r = end(0);
	assert_int_equal(r.unseen_bytes, 4 * MIB);
	assert_pattern(&r, RETAINED_TOP_PINNED);
	assert_int_equal(r.pinned.free_bytes, 4 * MIB);
	/* too little is certain */
	in.known_from = HEAP + 8 * MIB - (MIB - 16);
	r = end(0);
	assert_pattern(&r, RETAINED_UNKNOWN);
	in.known_from = HEAP + 7 * MIB;
	r = end(0);
	assert_pattern(&r, RETAINED_UNKNOWN);
	/* part of the top */
	begin();
	in.complete = false;
	in.known_from = HEAP + 2 * MIB;
	r = end(8 * MIB);
	assert_int_equal(r.unseen_bytes, 2 * MIB);
	assert_int_equal(r.top_bytes, 8 * MIB);
	assert_pattern(&r, RETAINED_TOP_KEPT);
	/* little is little, whoever was not seen */
	in.known_from = next + MIB;
	r = end(MIB - 16);
	assert_int_equal(r.unseen_bytes, MIB - 16);
	assert_pattern(&r, RETAINED_NONE);
	/* arenas */
	begin();
	in.complete = false;
	in.arenas.usable_bytes = 8 * MIB;
	r = end(0);
	assert_true(retained__at_most(&r));
	assert_pattern(&r, RETAINED_UNKNOWN);
	put_free(8 * MIB);
	put_live(64);
	r = end(0);
	assert_pattern(&r, RETAINED_TOP_PINNED);
}

/* Frees that were missed, or an allocator that was told apart wrongly: no more than odd numbers. */
static void blocks_that_cannot_be(void **state)
{
	struct block odd[] = {
		{HEAP - 64, 1000, ROUTE_HEAP, 0},	{HEAP, 100, ROUTE_HEAP, 0},
		{HEAP + 8, 100, ROUTE_HEAP, 0},		{HEAP + 8, 10, ROUTE_HEAP, 0},
		{HEAP + 100, 16 * MIB, ROUTE_HEAP, 0},	{HEAP + 200, 1, ROUTE_HEAP, 0},
		{HEAP + 2 * MIB + 5, 1, ROUTE_HEAP, 0},
	};
	struct retained r;

	begin();
	in.blocks = odd;
	in.n_blocks = sizeof(odd) / sizeof(*odd);
	in.heap_end = HEAP + 2 * MIB;
	r = retained__judge(&in);
	assert_int_equal(r.free_bytes, 0);
	assert_pattern(&r, RETAINED_NONE);
	in.page_size = 0;
	in.known_from = HEAP + 100 * MIB;
	in.n_blocks = 1;
	r = retained__judge(&in);
	assert_int_equal(r.free_bytes + r.overhead_bytes + r.live_bytes, 2 * MIB);
	assert_int_equal(r.top_page_bytes + r.inside_page_bytes, 0);
	assert_pattern(&r, RETAINED_UNKNOWN);
	/* what lies on another one: together they take 96 and 32 bytes */
	begin();
	put_live(96);
	next -= 32;
	put_live(64);
	in.heap_end = next + 64;
	r = retained__judge(&in);
	assert_int_equal(r.free_bytes, 64);
	assert_int_equal(r.live_bytes, 96 + 64 - 2 * EDGES);
	assert_int_equal(r.overhead_bytes, 0);
	blocks[1].size = 0;
	r = retained__judge(&in);
	assert_int_equal(r.free_bytes, 64 + 32);
	assert_int_equal(r.overhead_bytes, EDGES);
}

/* SplitMix64 */
static __u64 draw(__u64 *state, __u64 below)
{
	__u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

/* Byte by byte. */
static void any_heap_adds_up(void **state)
{
	static bool used[64 * KIB];

	for (__u64 seed = 1; seed <= 300; seed++) {
		__u64 random = seed, free_bytes = 0, inside = 0, unseen = 0, from, size;
		struct retained r;

		begin();
		memset(used, 0, sizeof(used));
		while (next < HEAP + 60 * KIB) {
			__u64 chunk = 32 + 16 * draw(&random, draw(&random, 4) ? 20 : 200);

			if (draw(&random, 2)) {
				memset(used + (next - HEAP), true, chunk);
				put_live(chunk);
			} else {
				put_free(chunk);
			}
		}
		from = in.known_from = HEAP + draw(&random, 64 * KIB);
		r = end(draw(&random, 2) ? 16 * draw(&random, 40) : 0);
		size = in.heap_end - HEAP;
		for (__u64 i = 0; i < size; i++) {
			free_bytes += !used[i];
			unseen += !used[i] && HEAP + i < from;
		}
		while (size && !used[size - 1])
			size--;
		for (__u64 i = 0; i < size; i++)
			inside += !used[i];
		assert_int_equal(r.free_bytes, free_bytes);
		assert_int_equal(r.inside_bytes, inside);
		assert_int_equal(r.unseen_bytes, unseen);
		for (size_t i = 1; i < r.n_gaps; i++)
			assert_true(r.gaps[i - 1].end - r.gaps[i - 1].start >=
				    r.gaps[i].end - r.gaps[i].start);
	}
}

static void the_blocks_of_a_process_are_sorted(void **state)
{
	const struct block some[] = {
		{HEAP + 4096, 100, ROUTE_HEAP, 3},	{HEAP + 64, 10, ROUTE_UNKNOWN, 1},
		{HEAP + 1024, 10, ROUTE_HEAP, 2},	{0x7f0000000010, 25, ROUTE_ARENA, 0},
		{0x7f0000000040, 24, ROUTE_ARENA, 0},	{0x7f1000000010, 5 * MIB, ROUTE_MMAP, 0},
		{0x7f2000000010, 77, ROUTE_UNKNOWN, 0}, {HEAP - 16, 10, ROUTE_HEAP, 0},
		{HEAP + 64 * KIB, 10, ROUTE_HEAP, 0},
	};
	struct blocks *b = blocks__new(1);
	struct block *array;

	assert_non_null(b);
	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
		assert_int_equal(blocks__put(b, &some[i], NULL), 0);
	begin();
	in.heap_end = HEAP + 64 * KIB;
	in.arenas.blocks = 99;
	assert_int_equal(retained__collect(&in, b, &array), 0);
	assert_ptr_equal(in.blocks, array);
	assert_int_equal(in.n_blocks, 3);
	for (__u32 i = 0; i < 3; i++)
		assert_int_equal(array[i].tag, i + 1);
	assert_int_equal(in.arenas.blocks, 2);
	assert_int_equal(in.arenas.bytes, 49);
	assert_int_equal(in.arenas.chunk_bytes, 48 + 32);
	free(array);
	blocks__clear(b);
	assert_int_equal(retained__collect(&in, b, &array), 0);
	assert_int_equal(in.n_blocks, 0);
	free(array);
	blocks__free(b);
}

/* One of each pattern. */
static struct retained sample(enum retained_pattern pattern)
{
	begin();
	in.heap_resident = (struct resident){true, 7 * MIB};
	switch (pattern) {
	case RETAINED_NONE:
		in.heap_resident.bytes = 80 * KIB;
		put_live(64 * KIB);
		return end(32 * KIB);
	case RETAINED_TOP_KEPT:
		put_live(64 * KIB);
		in.marks.mapping_freed = 8 * MIB;
		return end(9 * MIB);
	case RETAINED_TOP_CACHED:
		put_live(64 * KIB);
		in.marks.tcache_end = in.marks.fastbin_end = next + 9 * MIB;
		return end(9 * MIB);
	case RETAINED_TOP_UNTRIMMED:
		put_live(64 * KIB);
		in.marks.tcache_end = next + MIB;
		return end(9 * MIB);
	case RETAINED_TOP_PINNED:
		put_live(64 * KIB);
		put_free(8 * MIB);
		put_live(1024);
		put_live(64);
		return end(132 * KIB);
	case RETAINED_INSIDE:
		for (int i = 0; i < 9000; i++) {
			put_free(16 * (30 + i % 60));
			put_live(512);
		}
		return end(0);
	case RETAINED_ARENAS:
		in.heap_resident.bytes = 12 * KIB;
		in.arenas.usable_bytes = 64 * MIB;
		in.arenas.blocks = 3;
		in.arenas.bytes = 4000;
		in.arenas.chunk_bytes = 4064;
		in.arenas.resident = (struct resident){true, 60 * MIB};
		put_live(4096);
		return end(128 * KIB);
	case RETAINED_THRESHOLD_RAISED:
		in.marks.mapping_freed = 8 * MIB;
		in.marks.heap_request = 4 * MIB;
		in.marks.by_large = 8 * MIB;
		put_free(4 * MIB);
		put_live(64);
		put_free(4 * MIB);
		put_live(64);
		return end(0);
	default:
		in.heap_resident.known = in.complete = false;
		in.known_from = HEAP + 64 * MIB;
		put_free(64 * MIB - 1024);
		put_live(2048);
		return end(0);
	}
}

static void text_is_as_agreed(void **state)
{
	static const struct {
		const char *golden;
		struct style style;
	} rows[] = {
		{"retained.80.ascii.txt", {.columns = 80}},
		{"retained.120.colour.txt", {.columns = 120, .colour = true, .utf8 = true}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct output o;

		output__begin(&o);
		for (int p = 0; p < RETAINED_PATTERN_COUNT; p++) {
			struct retained r = sample(p);

			assert_pattern(&r, p);
			fprintf(o.stream, "%s\n", retained_pattern__name(p));
			retained__print(o.stream, &rows[i].style, &r);
		}
		golden__check(rows[i].golden, &o);
	}
}

static void no_line_is_too_long(void **state)
{
	const struct style style = {.columns = 80};

	for (int p = 0; p < RETAINED_PATTERN_COUNT; p++) {
		struct retained r = sample(p);
		struct output o;

		output__begin(&o);
		retained__print(o.stream, &style, &r);
		output__finish(&o);
		for (const char *line = o.text; *line; line += strcspn(line, "\n") + 1)
			assert_in_range(strcspn(line, "\n"), 1, 80);
		output__free(&o);
	}
}

static void json_is_as_agreed(void **state)
{
	struct output o;

	output__begin(&o);
	for (int p = 0; p < RETAINED_PATTERN_COUNT; p++) {
		struct retained r = sample(p);
		json_t *json = json_retained(&r);

		assert_non_null(json);
		assert_int_equal(json_dumpf(json, o.stream, JSON_INDENT(2)), 0);
		fputc('\n', o.stream);
		json_decref(json);
	}
	golden__check("retained.json", &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_as_glibc_makes_them),
		cmocka_unit_test(every_byte_is_live_around_or_free),
		cmocka_unit_test(whole_pages_are_those_that_malloc_trim_gives),
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
		cmocka_unit_test(blocks_that_cannot_be),
		cmocka_unit_test(any_heap_adds_up),
		cmocka_unit_test(the_blocks_of_a_process_are_sorted),
		cmocka_unit_test(text_is_as_agreed),
		cmocka_unit_test(no_line_is_too_long),
		cmocka_unit_test(json_is_as_agreed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

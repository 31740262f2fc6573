/*
 * test_retained.c - heaps of known layout: how much is free, and where.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/glibc_malloc.h"
#include "sketch.h"

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

	sketch__begin();
	sketch__live(48);
	sketch__free(10000);
	sketch__live(128);
	sketch.blocks[1].size -= 10;
	sketch__live(32);
	r = sketch__end(5000);
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
	sketch.in.allocator = ALLOCATOR_OTHER;
	r = sketch__end(5000);
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

		sketch__begin();
		sketch__live(rows[i].before);
		sketch__free(rows[i].gap);
		sketch__live(32);
		r = sketch__end(0);
		assert_int_equal(r.inside_page_bytes, rows[i].pages * PAGE);
	}
	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		struct retained r;

		sketch__begin();
		sketch__live(PAGE);
		r = sketch__end(tops[i][0]);
		assert_int_equal(r.top_page_bytes, tops[i][1] * PAGE);
	}
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

	sketch__begin();
	sketch.in.blocks = odd;
	sketch.in.n_blocks = sizeof(odd) / sizeof(*odd);
	sketch.in.heap_end = HEAP + 2 * MIB;
	r = retained__judge(&sketch.in);
	assert_int_equal(r.free_bytes, 0);
	assert_pattern(&r, RETAINED_NONE);
	sketch.in.page_size = 0;
	sketch.in.known_from = HEAP + 100 * MIB;
	sketch.in.n_blocks = 1;
	r = retained__judge(&sketch.in);
	assert_int_equal(r.free_bytes + r.overhead_bytes + r.live_bytes, 2 * MIB);
	assert_int_equal(r.top_page_bytes + r.inside_page_bytes, 0);
	assert_pattern(&r, RETAINED_UNKNOWN);
	/* what lies on another one: together they take 96 and 32 bytes */
	sketch__begin();
	sketch__live(96);
	sketch.next -= 32;
	sketch__live(64);
	sketch.in.heap_end = sketch.next + 64;
	r = retained__judge(&sketch.in);
	assert_int_equal(r.free_bytes, 64);
	assert_int_equal(r.live_bytes, 96 + 64 - 2 * EDGES);
	assert_int_equal(r.overhead_bytes, 0);
	sketch.blocks[1].size = 0;
	r = retained__judge(&sketch.in);
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

		sketch__begin();
		memset(used, 0, sizeof(used));
		while (sketch.next < HEAP + 60 * KIB) {
			__u64 chunk = 32 + 16 * draw(&random, draw(&random, 4) ? 20 : 200);

			if (draw(&random, 2)) {
				memset(used + (sketch.next - HEAP), true, chunk);
				sketch__live(chunk);
			} else {
				sketch__free(chunk);
			}
		}
		from = sketch.in.known_from = HEAP + draw(&random, 64 * KIB);
		r = sketch__end(draw(&random, 2) ? 16 * draw(&random, 40) : 0);
		size = sketch.in.heap_end - HEAP;
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
	sketch__begin();
	sketch.in.heap_end = HEAP + 64 * KIB;
	sketch.in.arenas.blocks = 99;
	assert_int_equal(retained__collect(&sketch.in, b, &array), 0);
	assert_ptr_equal(sketch.in.blocks, array);
	assert_int_equal(sketch.in.n_blocks, 3);
	for (__u32 i = 0; i < 3; i++)
		assert_int_equal(array[i].tag, i + 1);
	assert_int_equal(sketch.in.arenas.blocks, 2);
	assert_int_equal(sketch.in.arenas.bytes, 49);
	assert_int_equal(sketch.in.arenas.chunk_bytes, 48 + 32);
	free(array);
	blocks__clear(b);
	assert_int_equal(retained__collect(&sketch.in, b, &array), 0);
	assert_int_equal(sketch.in.n_blocks, 0);
	free(array);
	blocks__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_as_glibc_makes_them),
		cmocka_unit_test(every_byte_is_live_around_or_free),
		cmocka_unit_test(whole_pages_are_those_that_malloc_trim_gives),
		cmocka_unit_test(blocks_that_cannot_be),
		cmocka_unit_test(any_heap_adds_up),
		cmocka_unit_test(the_blocks_of_a_process_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

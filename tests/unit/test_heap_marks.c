/*
 * test_heap_marks.c - what is remembered of a heap's freed blocks: where none is cached, and what
 * is there for large ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/glibc_malloc.h"
#include "model/heap_marks.h"

#define HEAP 0x555500000000ULL
#define KIB  1024ULL
#define MIB  (1024 * KIB)

/* A block whose chunk starts there. */
static struct block at(__u64 start, __u64 size)
{
	return (struct block){.addr = start + CHUNK_HEADER, .size = size, .route = ROUTE_HEAP};
}

static void had(struct heap_marks *m, __u64 start, __u64 size)
{
	struct block b = at(start, size);

	heap_marks__had(m, &b, false);
}

static void freed(struct heap_marks *m, __u64 start, __u64 size)
{
	struct block b = at(start, size);

	heap_marks__freed(m, &b);
}

static void assert_ends(const struct heap_marks *m, __u64 fastbin, __u64 tcache)
{
	assert_int_equal(m->fastbin_end, fastbin);
	assert_int_equal(m->tcache_end, tcache);
}

/* glibc 2.36: a request of up to 120 bytes, and of up to 1032. */
static void only_small_blocks_are_cached(void **state)
{
	struct heap_marks m = {};

	freed(&m, HEAP, 60000);
	freed(&m, HEAP, 1033);
	assert_ends(&m, 0, 0);
	freed(&m, HEAP, 1032);
	assert_ends(&m, 0, HEAP + 1040);
	freed(&m, HEAP, 121);
	assert_ends(&m, 0, HEAP + 1040);
	freed(&m, HEAP, 120);
	assert_ends(&m, HEAP + 128, HEAP + 1040);
	freed(&m, HEAP + 4096, 24);
	assert_ends(&m, HEAP + 4096 + 32, HEAP + 4096 + 32);
	freed(&m, HEAP + 512, 24);
	assert_ends(&m, HEAP + 4096 + 32, HEAP + 4096 + 32);
}

static void what_is_in_use_again_is_in_no_cache(void **state)
{
	struct heap_marks m = {};

	freed(&m, HEAP + 4096, 24);
	had(&m, HEAP, 4080);
	had(&m, HEAP + 4096 + 32, 4096);
	assert_ends(&m, HEAP + 4096 + 32, HEAP + 4096 + 32);
	/* the same, a little smaller; others may be below it */
	had(&m, HEAP + 4096, 20);
	assert_ends(&m, HEAP + 4096, HEAP + 4096);
	had(&m, HEAP, 60000);
	assert_ends(&m, HEAP, HEAP);
	/* a piece of it */
	freed(&m, HEAP + 4096, 1000);
	had(&m, HEAP + 4096, 500);
	assert_ends(&m, HEAP, HEAP + 4096 + 1008);
}

static void a_shorter_heap_has_no_cached_block_behind_its_end(void **state)
{
	struct heap_marks m = {};

	freed(&m, HEAP + MIB, 1000);
	freed(&m, HEAP + MIB - 64, 24);
	heap_marks__break(&m, HEAP, HEAP + 2 * MIB);
	assert_ends(&m, HEAP + MIB - 32, HEAP + MIB + 1008);
	heap_marks__break(&m, HEAP, HEAP + 64 * KIB);
	assert_ends(&m, HEAP + 64 * KIB, HEAP + 64 * KIB);
}

/* _int_realloc() and _int_memalign() free what they cut off. */
static void so_are_rests(void **state)
{
	struct block old = at(HEAP, 60000), new = at(HEAP, 59900);
	struct heap_marks m = {};

	heap_marks__resized(&m, &old, &new);
	assert_ends(&m, HEAP + glibc_chunk(60000), HEAP + glibc_chunk(60000));
	m = (struct heap_marks){};
	new.size = 59000;
	heap_marks__resized(&m, &old, &new);
	assert_ends(&m, 0, HEAP + glibc_chunk(60000));
	m = (struct heap_marks){};
	new.size = 30000;
	heap_marks__resized(&m, &old, &new);
	assert_ends(&m, 0, 0);
	heap_marks__resized(&m, &old, &old);
	assert_ends(&m, 0, 0);
	/* into what is behind it: how much is left of that is not known */
	heap_marks__resized(&m, &new, &old);
	assert_ends(&m, HEAP + glibc_chunk(60000) + 128, HEAP + glibc_chunk(60000) + 1040);
	/* elsewhere */
	m = (struct heap_marks){};
	old = at(HEAP + 64, 24);
	heap_marks__resized(&m, &old, &new);
	assert_ends(&m, HEAP + 96, HEAP + 96);
	m = (struct heap_marks){};
	heap_marks__had(&m, &new, true);
	assert_ends(&m, HEAP + glibc_chunk(30000) + 128, HEAP + glibc_chunk(30000) + 1040);
}

static void the_heap_is_there_for_large_blocks(void **state)
{
	struct heap_marks m = {};

	/* not since a threshold was raised: they fitted, or somebody has set it */
	had(&m, HEAP, MIB - 24);
	assert_int_equal(m.by_large, 0);
	assert_int_equal(m.reached, HEAP + MIB - 16);
	heap_marks__mapping_freed(&m, 4 * MIB);
	/* of which one part is where a block was before */
	had(&m, HEAP + MIB / 2, MIB);
	assert_int_equal(m.by_large, MIB / 2 + 32);
	assert_int_equal(m.heap_request, MIB);
	had(&m, HEAP, MIB);
	assert_int_equal(m.by_large, MIB / 2 + 32);
	/* too small, or so large that it would have a mapping of its own all the same */
	had(&m, HEAP + 2 * MIB, GLIBC_THRESHOLD - 1);
	had(&m, HEAP + 4 * MIB, 4 * MIB - 8);
	assert_int_equal(m.by_large, MIB / 2 + 32);
	assert_int_equal(m.reached, HEAP + 8 * MIB);
	had(&m, HEAP + 16 * MIB, GLIBC_THRESHOLD);
	assert_int_equal(m.by_large, MIB / 2 + 32 + GLIBC_THRESHOLD + 16);
	/* what was given back since is there for nobody */
	heap_marks__break(&m, HEAP, HEAP + 64 * KIB);
	assert_int_equal(m.by_large, 64 * KIB);
	assert_int_equal(m.reached, HEAP + 64 * KIB);
}

static void small_blocks_need_it_as_well(void **state)
{
	struct block old = at(HEAP, 1000), new = at(HEAP, 2000);
	struct heap_marks m = {};

	had(&m, HEAP, 1000);
	had(&m, HEAP + MIB, GLIBC_THRESHOLD);
	had(&m, HEAP + 2 * MIB, GLIBC_THRESHOLD - 1);
	assert_int_equal(m.small_bytes, 1008 + GLIBC_THRESHOLD + 16);
	freed(&m, HEAP + 2 * MIB, GLIBC_THRESHOLD - 1);
	freed(&m, HEAP + MIB, GLIBC_THRESHOLD);
	assert_int_equal(m.small_bytes, 1008);
	assert_int_equal(m.small_peak, 1008 + GLIBC_THRESHOLD + 16);
	/* in its place, and then elsewhere */
	heap_marks__resized(&m, &old, &new);
	heap_marks__had(&m, &new, false);
	assert_int_equal(m.small_bytes, 2016);
	old = new;
	new = at(HEAP + MIB, MIB);
	heap_marks__resized(&m, &old, &new);
	heap_marks__had(&m, &new, false);
	assert_int_equal(m.small_bytes, 0);
	/* one from before the agent */
	freed(&m, HEAP + 3 * MIB, 24);
	assert_int_equal(m.small_bytes, 0);
	heap_marks__break(&m, HEAP, HEAP + 64 * KIB);
	assert_int_equal(m.small_peak, 64 * KIB);
}

static void as_far_as_glibc_raises_a_threshold(void **state)
{
	struct heap_marks m = {};

	heap_marks__mapping_freed(&m, GLIBC_THRESHOLD_MAX + 4096);
	assert_int_equal(m.mapping_freed, 0);
	heap_marks__mapping_freed(&m, GLIBC_THRESHOLD_MAX);
	heap_marks__mapping_freed(&m, MIB);
	assert_int_equal(m.mapping_freed, GLIBC_THRESHOLD_MAX);
}

static void an_address_that_cannot_be(void **state)
{
	struct block b = {.addr = 1, .size = (1ULL << 48) - 1};
	struct heap_marks m = {.mapping_freed = MIB};

	heap_marks__had(&m, &b, true);
	heap_marks__freed(&m, &b);
	assert_int_equal(m.by_large, 0);
	assert_int_equal(m.reached, 1ULL << 48 | CHUNK_ALIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_small_blocks_are_cached),
		cmocka_unit_test(what_is_in_use_again_is_in_no_cache),
		cmocka_unit_test(a_shorter_heap_has_no_cached_block_behind_its_end),
		cmocka_unit_test(so_are_rests),
		cmocka_unit_test(the_heap_is_there_for_large_blocks),
		cmocka_unit_test(small_blocks_need_it_as_well),
		cmocka_unit_test(as_far_as_glibc_raises_a_threshold),
		cmocka_unit_test(an_address_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

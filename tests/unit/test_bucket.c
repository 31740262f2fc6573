/*
 * test_bucket.c - the bucket of a size: every edge, against a loop that cannot be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "brkscope/event.h"

/* The first bucket whose upper edge, 2^i inclusive, holds the size; the last one holds the rest. */
static int naive(__u64 size)
{
	int bucket = 0;

	while (bucket < SIZE_BUCKETS - 1 && size > 1ull << bucket)
		bucket++;
	return bucket;
}

static void the_smallest_share_one(void **state)
{
	assert_int_equal(size_bucket(0), 0);
	assert_int_equal(size_bucket(1), 0);
	assert_int_equal(size_bucket(2), 1);
	assert_int_equal(size_bucket(3), 2);
}

static void upper_edges_are_inclusive(void **state)
{
	for (int i = 1; i < SIZE_BUCKETS; i++) {
		assert_int_equal(size_bucket(1ull << i), i);
		assert_int_equal(size_bucket((1ull << i) - 1), i > 1 ? i : 0);
		assert_int_equal(size_bucket((1ull << i) + 1), i < 63 ? i + 1 : 63);
	}
}

static void what_is_above_every_edge_is_in_the_last(void **state)
{
	assert_int_equal(size_bucket((1ull << 63) - 1), 63);
	assert_int_equal(size_bucket(1ull << 63), 63);
	assert_int_equal(size_bucket((1ull << 63) + 1), 63);
	assert_int_equal(size_bucket(~0ull), 63);
	assert_int_equal(SIZE_BUCKETS, 64);
}

static void the_programs_find_the_same(void **state)
{
	for (int i = 0; i < 64; i++)
		for (int k = 0; k <= i; k++) {
			__u64 value = 1ull << i | 1ull << k;

			assert_int_equal(highest_by_halves(value), i + 1);
			assert_int_equal(highest_one(value), i + 1);
			assert_int_equal(highest_by_halves(value | (value - 1)), i + 1);
		}
}

static void as_the_loop_says(void **state)
{
	for (__u64 size = 0; size < 70000; size++)
		if (size_bucket(size) != naive(size))
			fail_msg("%llu is in bucket %d", size, size_bucket(size));
	for (int i = 0; i < 64; i++)
		for (int k = 0; k < i; k++)
			for (int by = -1; by <= 1; by++) {
				__u64 size = (1ull << i) + (1ull << k) + by;

				if (size_bucket(size) != naive(size))
					fail_msg("%llu is in bucket %d", size, size_bucket(size));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_share_one),
		cmocka_unit_test(upper_edges_are_inclusive),
		cmocka_unit_test(what_is_above_every_edge_is_in_the_last),
		cmocka_unit_test(the_programs_find_the_same),
		cmocka_unit_test(as_the_loop_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_ledger_events.c - what each event does, one behaviour a test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger_text.h"

static int set_up(void **state)
{
	*state = ledger__new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	ledger__free(*state);
	return 0;
}

static void an_empty_one(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct region r;

	CHECK(*l, "");
	assert_false(ledger__find(*l, 0, &r));
	do_unmap(l, 0, 10);
	do_protect(l, 0, 10, true);
	CHECK(*l, "");
	ledger__free(NULL);
}

static void neighbours_stay_two(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_map(l, 4, 8, CAUSE_MALLOC);
	do_map(l, 0, 4, CAUSE_MALLOC);
	do_map(l, 8, 9, CAUSE_MALLOC);
	CHECK(*l, "0-4M 4-8M 8-9M");
	assert_int_equal(ledger__total(*l, CAUSE_MALLOC)->regions, 3);
}

static void map_replaces(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_map(l, 0, 10, CAUSE_FILE);
	do_map(l, 4, 6, CAUSE_DIRECT);
	CHECK(*l, "0-4F 4-6D 6-10F");
	do_map(l, 2, 8, CAUSE_LOADER);
	CHECK(*l, "0-2F 2-8L 8-10F");
	do_map(l, 0, 10, CAUSE_STACK);
	CHECK(*l, "0-10S");
}

static void unmap_cuts(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_map(l, 2, 10, CAUSE_DIRECT);
	do_unmap(l, 0, 3);
	do_unmap(l, 9, 20);
	CHECK(*l, "3-9D");
	do_unmap(l, 5, 6);
	CHECK(*l, "3-5D 6-9D");
	do_map(l, 9, 12, CAUSE_MALLOC);
	do_unmap(l, 4, 10);
	CHECK(*l, "3-4D 10-12M");
	do_unmap(l, 5, 9);
	CHECK(*l, "3-4D 10-12M");
}

static void find_gives_all_that_is_known(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct region in = in_pages(4, 8, CAUSE_MALLOC, true), out;

	in.born_ns = 123;
	in.request = 14000;
	assert_int_equal(ledger__map(l, &in), 0);
	do_unmap(l, 5, 6);
	assert_false(ledger__find(*l, 4 * PAGE - 1, &out));
	assert_false(ledger__find(*l, 5 * PAGE, &out));
	assert_false(ledger__find(*l, 8 * PAGE, &out));
	assert_true(ledger__find(*l, 8 * PAGE - 1, &out));
	assert_int_equal(out.start, 6 * PAGE);
	assert_int_equal(out.end, 8 * PAGE);
	assert_int_equal(out.born_ns, 123);
	assert_int_equal(out.request, 14000);
	assert_int_equal(out.cause, CAUSE_MALLOC);
	assert_true(out.usable);
	assert_false(out.continued);
}

static void protect_splits_and_joins(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_reserve(l, 0, 64);
	do_protect(l, 10, 20, true);
	CHECK(*l, "0-10a 10-20A+ 20-64a+");
	assert_int_equal(ledger__total(*l, CAUSE_ARENA)->regions, 1);
	assert_int_equal(ledger__total(*l, CAUSE_ARENA)->usable_bytes, 10 * PAGE);
	do_protect(l, 5, 15, true);
	CHECK(*l, "0-5a 5-20A+ 20-64a+");
	do_protect(l, 30, 40, true);
	do_protect(l, 0, 64, false);
	CHECK(*l, "0-64a");
	do_protect(l, 0, 64, true);
	CHECK(*l, "0-64A");
}

static void an_arena_that_opens_is_two_pieces(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_reserve(l, 0, 16384);
	for (int i = 0; i < 16383; i++) {
		do_protect(l, i, i + 1, true);
		assert_int_equal(ledger__count(*l), 2);
	}
	CHECK(*l, "0-16383A 16383-16384a+");
	for (int i = 16382; i > 0; i--)
		do_protect(l, i, 16384, false);
	CHECK(*l, "0-1A 1-16384a+");
}

static void protect_keeps_regions_apart(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_reserve(l, 0, 4);
	do_reserve(l, 4, 8);
	do_map(l, 9, 12, CAUSE_FILE);
	do_protect(l, 2, 10, true);
	CHECK(*l, "0-2a 2-4A+ 4-8A 9-12F");
	do_protect(l, 0, 10, false);
	CHECK(*l, "0-4a 4-8a 9-10f 10-12F+");
}

static void a_piece_whose_left_goes_is_a_region(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_reserve(l, 0, 30);
	do_protect(l, 10, 20, true);
	do_unmap(l, 2, 4);
	CHECK(*l, "0-2a 4-10a 10-20A+ 20-30a+");
	do_unmap(l, 4, 10);
	CHECK(*l, "0-2a 10-20A 20-30a+");
	do_map(l, 19, 20, CAUSE_ARENA);
	CHECK(*l, "0-2a 10-19A 19-20A 20-30a");
	/* and stays one, when what is beside it is the same again */
	do_protect(l, 0, 30, false);
	CHECK(*l, "0-2a 10-19a 19-20a 20-30a");
}

static void a_hole_in_a_piece_leaves_two_regions(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_reserve(l, 0, 30);
	do_protect(l, 0, 10, true);
	do_unmap(l, 20, 22);
	CHECK(*l, "0-10A 10-20a+ 22-30a");
	do_unmap(l, 9, 11);
	CHECK(*l, "0-9A 11-20a 22-30a");
	assert_int_equal(ledger__total(*l, CAUSE_ARENA)->regions, 3);
}

static void continued_is_believed_of_what_it_can_continue(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct region r = in_pages(4, 8, CAUSE_ARENA, false);

	r.continued = true;
	do_map(l, 0, 4, CAUSE_ARENA);
	assert_int_equal(ledger__map(l, &r), 0);
	CHECK(*l, "0-4A 4-8a+");
	do_protect(l, 4, 8, true);
	CHECK(*l, "0-8A");
	assert_int_equal(ledger__map(l, &r), 0);
	r.usable = true;
	assert_int_equal(ledger__map(l, &r), 0);
	CHECK(*l, "0-8A");
	r.cause = CAUSE_DIRECT;
	assert_int_equal(ledger__map(l, &r), 0);
	CHECK(*l, "0-4A 4-8D");
	r = in_pages(10, 12, CAUSE_DIRECT, true);
	r.continued = true;
	assert_int_equal(ledger__map(l, &r), 0);
	CHECK(*l, "0-4A 4-8D 10-12D");
	r.start = 8 * PAGE;
	r.born_ns = 1;
	assert_int_equal(ledger__map(l, &r), 0);
	CHECK(*l, "0-4A 4-8D 8-12D");
}

static void mremap_moves_what_is_known(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct region r = in_pages(0, 4, CAUSE_MALLOC, true), out;

	r.born_ns = 77;
	r.request = 16000;
	assert_int_equal(ledger__map(l, &r), 0);
	do_reserve(l, 4, 8);
	do_protect(l, 6, 8, true);
	do_map(l, 108, 120, CAUSE_FILE);
	do_remap(l, 0, 8, 103, 8);
	CHECK(*l, "103-107M 107-109a 109-111A+ 111-120F");
	assert_true(ledger__find(*l, 103 * PAGE, &out));
	assert_int_equal(out.born_ns, 77);
	assert_int_equal(out.request, 16000);
	/* down, and only a part of two */
	do_remap(l, 105, 3, 0, 3);
	CHECK(*l, "0-2M 2-3a 103-105M 108-109a 109-111A+ 111-120F");
}

static void mremap_grows_the_last(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_map(l, 0, 4, CAUSE_MALLOC);
	do_remap(l, 0, 4, 100, 6);
	CHECK(*l, "100-106M");
	do_remap(l, 100, 6, 100, 8);
	CHECK(*l, "100-108M");
	assert_int_equal(ledger__total(*l, CAUSE_MALLOC)->regions, 1);
	do_map(l, 90, 100, CAUSE_DIRECT);
	do_remap(l, 90, 18, 0, 20);
	CHECK(*l, "0-10D 10-20M");
	/* what grows over something of before */
	do_map(l, 34, 40, CAUSE_FILE);
	do_remap(l, 10, 10, 25, 12);
	CHECK(*l, "0-10D 25-37M 37-40F");
}

static void mremap_shrinks(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_map(l, 0, 4, CAUSE_MALLOC);
	do_map(l, 4, 8, CAUSE_DIRECT);
	do_remap(l, 0, 8, 0, 6);
	CHECK(*l, "0-4M 4-6D");
	do_remap(l, 0, 6, 10, 3);
	CHECK(*l, "10-13M");
	do_map(l, 13, 16, CAUSE_MALLOC);
	do_remap(l, 10, 3, 10, 1);
	CHECK(*l, "10-11M 13-16M");
}

static void mremap_may_leave_the_old_mapped(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_reserve(l, 0, 10);
	do_protect(l, 0, 4, true);
	do_remap_keep(l, 2, 4, 20, 4);
	CHECK(*l, "0-4A 4-10a+ 20-22A 22-24a+");
	assert_int_equal(ledger__total(*l, CAUSE_ARENA)->regions, 2);
	/* a second mapping of shared memory */
	do_map(l, 40, 44, CAUSE_FILE);
	do_remap_keep(l, 41, 0, 50, 2);
	do_remap_keep(l, 60, 0, 61, 1);
	CHECK(*l, "0-4A 4-10a+ 20-22A 22-24a+ 40-44F 50-52F 61-62U");
}

static void mremap_of_what_is_not_known(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_remap(l, 0, 4, 10, 6);
	CHECK(*l, "10-16U");
	do_map(l, 2, 3, CAUSE_MALLOC);
	do_map(l, 23, 30, CAUSE_DIRECT);
	do_remap(l, 0, 5, 20, 7);
	CHECK(*l, "10-16U 20-22U 22-23M 23-30D");
	/* in place, of which only the end is known */
	do_unmap(l, 0, 100);
	do_map(l, 5, 6, CAUSE_STACK);
	do_remap(l, 4, 2, 4, 4);
	CHECK(*l, "4-5U 5-8S");
}

static void a_second_time_changes_nothing(void **state)
{
	struct ledger **l = (struct ledger **)state;

	for (int i = 0; i < 3; i++) {
		do_map(l, 0, 4, CAUSE_MALLOC);
		do_remap(l, 0, 4, 10, 6);
		do_remap(l, 10, 6, 10, 8);
		CHECK(*l, "10-18M");
	}
	for (int i = 0; i < 3; i++) {
		do_remap(l, 0, 4, 10, 6);
		do_remap(l, 10, 6, 10, 8);
		CHECK(*l, "10-18M");
	}
	/* the end of it becomes something else, and the growth comes again */
	for (int i = 0; i < 3; i++) {
		do_remap(l, 10, 6, 10, 8);
		do_unmap(l, 14, 15);
		do_map(l, 17, 20, CAUSE_FILE);
		CHECK(*l, "10-14M 15-17M 17-20F");
	}
}

static void nonsense_is_refused(void **state)
{
	struct ledger **l = (struct ledger **)state;
	static const __u64 bad[][2] = {
		{0, 0}, {8192, 4096}, {UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 0}};
	struct region r;

	do_map(l, 0, 4, CAUSE_MALLOC);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = (struct region){.start = bad[i][0], .end = bad[i][1]};
		assert_int_equal(ledger__map(l, &r), -EINVAL);
		assert_int_equal(ledger__unmap(l, r.start, r.end), -EINVAL);
		assert_int_equal(ledger__protect(l, r.start, r.end, false), -EINVAL);
	}
	r = in_pages(1, 2, CAUSE_COUNT, true);
	assert_int_equal(ledger__map(l, &r), -EINVAL);
	assert_int_equal(ledger__remap(l, 0, PAGE, PAGE, 0, false, CAUSE_FILE), -EINVAL);
	assert_int_equal(ledger__remap(l, 0, 0, PAGE, PAGE, false, CAUSE_FILE), -EINVAL);
	assert_int_equal(ledger__remap(l, 1, UINT64_MAX, PAGE, PAGE, false, CAUSE_FILE), -EINVAL);
	assert_int_equal(ledger__remap(l, 0, PAGE, 1, UINT64_MAX, false, CAUSE_FILE), -EINVAL);
	assert_int_equal(ledger__remap(l, 0, PAGE, PAGE, PAGE, false, CAUSE_COUNT), -EINVAL);
	CHECK(*l, "0-4M");
}

static void the_whole_space(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct region r = {.start = 0, .end = UINT64_MAX, .cause = CAUSE_FILE, .usable = true};

	assert_int_equal(ledger__map(l, &r), 0);
	assert_int_equal(ledger__total(*l, CAUSE_FILE)->bytes, UINT64_MAX);
	assert_true(ledger__find(*l, UINT64_MAX - 1, &r));
	assert_false(ledger__find(*l, UINT64_MAX, &r));
	assert_int_equal(ledger__protect(l, UINT64_MAX - 1, UINT64_MAX, false), 0);
	assert_int_equal(ledger__unmap(l, 1, UINT64_MAX - 1), 0);
	assert_int_equal(ledger__total(*l, CAUSE_FILE)->bytes, 2);
	assert_int_equal(ledger__total(*l, CAUSE_FILE)->usable_bytes, 1);
	assert_int_equal(ledger__total(*l, CAUSE_FILE)->regions, 2);
}

static bool stop_at_third(const struct region *r, void *arg)
{
	(void)r;
	return ++*(int *)arg < 3;
}

static void each_stops_when_told(void **state)
{
	struct ledger **l = (struct ledger **)state;
	int visited = 0;

	for (int i = 0; i < 9; i++)
		do_map(l, i, i + 1, CAUSE_FILE);
	ledger__each(*l, stop_at_third, &visited);
	assert_int_equal(visited, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_one),
		TEST(neighbours_stay_two),
		TEST(map_replaces),
		TEST(unmap_cuts),
		TEST(find_gives_all_that_is_known),
		TEST(protect_splits_and_joins),
		TEST(an_arena_that_opens_is_two_pieces),
		TEST(protect_keeps_regions_apart),
		TEST(a_piece_whose_left_goes_is_a_region),
		TEST(a_hole_in_a_piece_leaves_two_regions),
		TEST(continued_is_believed_of_what_it_can_continue),
		TEST(mremap_moves_what_is_known),
		TEST(mremap_grows_the_last),
		TEST(mremap_shrinks),
		TEST(mremap_may_leave_the_old_mapped),
		TEST(mremap_of_what_is_not_known),
		TEST(a_second_time_changes_nothing),
		TEST(nonsense_is_refused),
		TEST(the_whole_space),
		TEST(each_stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_places.c - the table of probes: what an object that fails leaves in it, and what two with
 * one page offset come to on kernels without cookies.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/places.h"

#define FULL_AFTER_ANY -1

static int updates_left = FULL_AFTER_ANY; /* until a map takes no more */

int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);

int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	if (!updates_left)
		return -E2BIG;
	updates_left -= updates_left > 0;
	return 0;
}

/* With that many functions, at these offsets on. */
static struct object object_at(__u64 off, int n)
{
	struct object o = {.kind = OBJECT_ALLOCATOR};

	for (int i = 0; i < n; i++) {
		o.fn[i].probed = true;
		o.fn[i].off = off + 16 * i;
		o.fn[i].place.off = o.fn[i].return_place.off = o.fn[i].off;
	}
	return o;
}

static const struct features with_cookies = {.cookie = true}, without;

static void two_on_one_page_offset_are_told_apart_by_cookies(void **state)
{
	struct object first = object_at(0x1000, 2), second = object_at(0x5010, 1);
	struct object_places places;
	struct place_table t;

	place_table__init(&t, 3, 4, &with_cookies);
	assert_int_equal(place_table__add(&t, &first, 0, false, &places), 0);
	assert_int_equal(place_table__add(&t, &second, 1, false, &places), 0);
	assert_int_equal(places.calls.n, 1);
	assert_int_equal(places.calls.place[0].cookie, 2);
	place_table__init(&t, 3, 4, &without);
	assert_int_equal(place_table__add(&t, &first, 0, false, &places), 0);
	assert_int_equal(place_table__add(&t, &second, 1, false, &places), -EEXIST);
}

static void one_that_fails_leaves_no_place_taken(void **state)
{
	struct object first = object_at(0x1040, 1), clashes = object_at(0x2000, 5),
		      later = object_at(0x3000, 4);
	struct object_places places;
	struct place_table t;

	place_table__init(&t, 3, 4, &without);
	assert_int_equal(place_table__add(&t, &first, 0, false, &places), 0);
	assert_int_equal(place_table__add(&t, &clashes, 1, false, &places), -EEXIST);
	assert_int_equal(t.n, 1);
	assert_int_equal(place_table__add(&t, &later, 2, false, &places), 0);
	assert_int_equal(places.calls.place[0].cookie, 1);
	/* What has clashed is still the first one's. */
	assert_int_equal(place_table__add(&t, &clashes, 3, false, &places), -EEXIST);
}

static void one_that_a_map_refuses_leaves_none_either(void **state)
{
	struct object o = object_at(0x1000, 3);
	struct object_places places;
	struct place_table t;

	place_table__init(&t, 3, 4, &without);
	for (updates_left = 0; updates_left < 6; updates_left++) {
		int before = updates_left;

		assert_int_equal(place_table__add(&t, &o, 0, false, &places), -E2BIG);
		assert_int_equal(t.n, 0);
		updates_left = before;
	}
	updates_left = FULL_AFTER_ANY;
	assert_int_equal(place_table__add(&t, &o, 0, false, &places), 0);
}

static void one_that_could_not_be_attached_gives_its_places_back(void **state)
{
	struct object o = object_at(0x1000, 3);
	struct object_places places;
	struct place_table t;

	place_table__init(&t, 3, 4, &without);
	o.free[0].probed = true;
	o.free[0].place.off = 0x1800;
	assert_int_equal(place_table__add(&t, &o, 0, true, &places), 0);
	assert_int_equal(t.n, 4);
	place_table__undo(&t, &places);
	assert_int_equal(t.n, 0);
	assert_int_equal(place_table__add(&t, &o, 1, true, &places), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_on_one_page_offset_are_told_apart_by_cookies),
		cmocka_unit_test(one_that_fails_leaves_no_place_taken),
		cmocka_unit_test(one_that_a_map_refuses_leaves_none_either),
		cmocka_unit_test(one_that_could_not_be_attached_gives_its_places_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_region_tree.c - trees stay in order and in balance, whatever is joined and split.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/region_tree.h"

static int set_up(void **state)
{
	static struct region_pool pool;

	*state = &pool;
	return region_pool__reserve(&pool, 20000);
}

static int tear_down(void **state)
{
	region_pool__release(*state);
	return 0;
}

/* Its height, if all heights are right, and all subtrees in balance. */
static int inspect(const struct region_pool *p, __u32 tree)
{
	const struct region_node *n = &p->nodes[tree];
	int left, right;

	if (!tree)
		return 0;
	left = inspect(p, n->left);
	right = inspect(p, n->right);
	assert_in_range(left - right + 1, 0, 2);
	assert_int_equal(n->height, 1 + (left > right ? left : right));
	return n->height;
}

static bool next(const struct region_node *n, void *arg)
{
	__u64 *expected = arg;

	assert_int_equal(n->start, *expected);
	*expected += 10;
	return true;
}

/* Holds the regions [from, from + 5), ten apart, up to before `to`. */
static void check(const struct region_pool *p, __u32 tree, __u64 from, __u64 to)
{
	__u64 expected = from;

	inspect(p, tree);
	assert_true(region_tree__walk(p, tree, 0, UINT64_MAX, next, &expected));
	assert_int_equal(expected, to);
}

static __u32 make(struct region_pool *p, __u64 from, __u64 to)
{
	__u32 tree = 0;

	for (; from < to; from += 10) {
		__u32 i = region_pool__take(p);

		p->nodes[i] = (struct region_node){.start = from, .end = from + 5};
		tree = region_tree__join(p, tree, i, 0);
	}
	return tree;
}

static void ascending_is_balanced(void **state)
{
	struct region_pool *p = *state;
	__u32 tree = make(p, 0, 100000);

	check(p, tree, 0, 100000);
	/* 1.44 log2 of 10,000 */
	assert_in_range(p->nodes[tree].height, 14, 19);
}

static void every_size_joins_every_other(void **state)
{
	struct region_pool *p = *state;

	for (__u64 a = 0; a < 40; a++)
		for (__u64 b = 0; b < 40; b++) {
			__u32 left = make(p, 0, 10 * a), mid = make(p, 10 * a, 10 * a + 10);
			__u32 right = make(p, 10 * a + 10, 10 * (a + b + 1)), tree;

			tree = region_tree__join(p, left, mid, right);
			check(p, tree, 0, 10 * (a + b + 1));
			region_tree__split(p, tree, 10 * a, &left, &right);
			check(p, left, 0, 10 * a);
			check(p, right, 10 * a, 10 * (a + b + 1));
			check(p, region_tree__concat(p, left, right), 0, 10 * (a + b + 1));
			p->top = 1;
			p->count = 0;
		}
}

static void split_is_by_start(void **state)
{
	struct region_pool *p = *state;
	__u32 tree = make(p, 0, 1000), left, right;

	for (__u64 at = 0; at <= 1000; at++) {
		region_tree__split(p, tree, at, &left, &right);
		check(p, left, 0, (at + 9) / 10 * 10);
		check(p, right, (at + 9) / 10 * 10, 1000);
		tree = region_tree__concat(p, left, right);
	}
}

static void what_holds_an_address(void **state)
{
	struct region_pool *p = *state;
	__u32 tree = make(p, 0, 1000);

	for (__u64 at = 0; at < 1010; at++) {
		__u32 i = region_tree__holder(p, tree, at);

		assert_int_equal(i != 0, at < 1000 && at % 10 < 5);
		if (i)
			assert_int_equal(p->nodes[i].start, at / 10 * 10);
	}
	assert_int_equal(p->nodes[region_tree__first(p, tree)].start, 0);
	assert_int_equal(p->nodes[region_tree__last(p, tree)].start, 990);
	assert_int_equal(region_tree__first(p, 0), 0);
	assert_int_equal(region_tree__last(p, 0), 0);
}

static void walk_visits_the_range_only(void **state)
{
	struct region_pool *p = *state;
	__u32 tree = make(p, 0, 1000);
	__u64 expected = 100;

	/* not the one that ends at 95, nor the one that starts at 130 */
	assert_true(region_tree__walk(p, tree, 95, 130, next, &expected));
	assert_int_equal(expected, 130);
	expected = 100;
	assert_true(region_tree__walk(p, tree, 104, 131, next, &expected));
	assert_int_equal(expected, 140);
}

static void gaps_are_found(void **state)
{
	struct region_pool *p = *state;
	__u32 tree = make(p, 0, 1000);
	struct gap g = region_tree__gap(p, tree, 102, 1000);
	struct survey s = region_tree__survey(p, tree, 102, 123);

	assert_int_equal(g.start, 105);
	assert_int_equal(g.end, 110);
	assert_int_equal(s.nodes, 3);
	assert_int_equal(s.gaps, 2);
	g = region_tree__gap(p, tree, 107, 109);
	assert_int_equal(g.start, 107);
	assert_int_equal(g.end, 109);
	g = region_tree__gap(p, tree, 101, 104);
	assert_true(g.start >= 104);
	s = region_tree__survey(p, tree, 106, 128);
	assert_int_equal(s.nodes, 2);
	assert_int_equal(s.gaps, 3);
}

static void what_is_given_back_is_taken_again(void **state)
{
	struct region_pool *p = *state;
	__u32 a = region_pool__take(p), b = region_pool__take(p);

	assert_int_not_equal(a, b);
	assert_int_equal(p->count, 2);
	region_pool__give(p, a);
	region_pool__give(p, b);
	assert_int_equal(p->count, 0);
	assert_int_equal(region_pool__take(p), b);
	assert_int_equal(region_pool__take(p), a);
}

static void a_pool_has_a_limit(void **state)
{
	struct region_pool *p = *state;
	__u32 tree = make(p, 0, 100);

	assert_int_equal(region_pool__reserve(p, UINT32_MAX), -ENOMEM);
	assert_int_equal(region_pool__reserve(p, UINT64_MAX / 2), -ENOMEM);
	check(p, tree, 0, 100);
}

static void a_copy_is_in_order_and_its_own(void **state)
{
	struct region_pool *p = *state, to = {0};
	__u32 tree = make(p, 0, 3000), copy;

	assert_int_equal(region_pool__reserve(&to, 300), 0);
	copy = region_tree__copy(&to, p, tree);
	check(&to, copy, 0, 3000);
	assert_int_equal(to.count, 300);
	p->nodes[region_tree__first(p, tree)].start = 1;
	check(&to, copy, 0, 3000);
	region_pool__release(&to);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ascending_is_balanced),
		TEST(every_size_joins_every_other),
		TEST(split_is_by_start),
		TEST(what_holds_an_address),
		TEST(walk_visits_the_range_only),
		TEST(gaps_are_found),
		TEST(what_is_given_back_is_taken_again),
		TEST(a_pool_has_a_limit),
		TEST(a_copy_is_in_order_and_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_ledger.c - a ledger's memory: shared, much of it, given back, and not to be had.
 *
 * Linked with -Wl,--wrap= for malloc, calloc, realloc and free.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_text.h"

/* So many allocations succeed; negative: all. */
static int allowed = -1;
static long outstanding;
static size_t last_size; /* of the last realloc */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static bool refuse(void)
{
	if (allowed < 0 || allowed-- > 0)
		return false;
	errno = ENOMEM;
	return true;
}

static void *grant(void *p)
{
	outstanding += p != NULL;
	return p;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : grant(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : grant(__real_calloc(count, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	if (refuse())
		return NULL;
	outstanding -= p != NULL;
	last_size = size;
	return grant(__real_realloc(p, size));
}

void __wrap_free(void *p)
{
	outstanding -= p != NULL;
	__real_free(p);
}

static struct ledger *new_ledger(void)
{
	struct ledger *l = ledger__new();

	assert_non_null(l);
	return l;
}

static void sharing_copies_at_the_first_change(void **state)
{
	struct ledger *parent = new_ledger(), *child, *grandchild;
	long before;

	do_map(&parent, 0, 4, CAUSE_MALLOC);
	before = outstanding;
	child = ledger__share(parent);
	grandchild = ledger__share(child);
	do_unmap(&child, 8, 9);
	do_protect(&child, 0, 4, true);
	assert_int_equal(outstanding, before);
	do_unmap(&parent, 0, 1);
	do_protect(&grandchild, 2, 4, false);
	do_map(&child, 8, 9, CAUSE_FILE);
	CHECK(parent, "1-4M");
	CHECK(grandchild, "0-2M 2-4m+");
	CHECK(child, "0-4M 8-9F");
	ledger__free(parent);
	parent = ledger__share(child);
	ledger__free(child);
	CHECK(parent, "0-4M 8-9F");
	ledger__free(grandchild);
	assert_int_equal(outstanding, before);
	ledger__free(parent);
}

#define MANY 100000ULL

/* Even pages, from both ends to the middle. */
static __u64 page_at(__u64 i)
{
	return 2 * (i % 2 ? 2 * MANY - i : i);
}

static void many_regions(void **state)
{
	struct ledger *l = new_ledger(), *copy;
	const __u64 span = 4 * MANY, to = 8 * MANY;

	for (__u64 i = 0; i < MANY; i++)
		do_map(&l, page_at(i), page_at(i) + 1, CAUSE_MALLOC);
	assert_int_equal(ledger__count(l), MANY);
	copy = ledger__share(l);
	/* all of them at once, and what is between them is filled */
	do_remap(&copy, 0, span, to, span);
	assert_int_equal(ledger__total(copy, CAUSE_MALLOC)->bytes, MANY * PAGE);
	assert_int_equal(ledger__total(copy, CAUSE_MALLOC)->regions, MANY);
	assert_int_equal(ledger__total(copy, CAUSE_UNATTRIBUTED)->bytes, 3 * MANY * PAGE);
	do_protect(&copy, to, to + MANY, false);
	do_unmap(&copy, to + 1, to + span - 1);
	CHECK(copy, "800000-800001m 1199999-1200000U");
	for (__u64 i = 0; i < MANY; i++)
		do_unmap(&l, page_at(i), page_at(i) + 1);
	CHECK(l, "");
	ledger__free(l);
	ledger__free(copy);
}

/* What each change makes of "0-3M". */
static const char *const changed[] = {
	"0-3M 100-101F",      "0-1M 2-3M",     "0-1M 1-2m+ 2-3M+",
	"0-1M 2-3M 200-201M", "0-3M 200-201M", "0-4M",
};
#define CHANGES ((int)(sizeof(changed) / sizeof(*changed)))

static int change(struct ledger **l, int kind)
{
	struct region r = in_pages(100, 101, CAUSE_FILE, true);

	switch (kind) {
	case 0:
		return ledger__map(l, &r);
	case 1:
		return ledger__unmap(l, PAGE, 2 * PAGE);
	case 2:
		return ledger__protect(l, PAGE, 2 * PAGE, false);
	case 3:
		return ledger__remap(l, PAGE, PAGE, 200 * PAGE, PAGE, false, CAUSE_FILE);
	case 4:
		return ledger__remap(l, PAGE, 0, 200 * PAGE, PAGE, true, CAUSE_FILE);
	default:
		return ledger__remap(l, PAGE, PAGE, PAGE, 3 * PAGE, false, CAUSE_FILE);
	}
}

/* With no allocation, one, ... until it can be done.  Returns how often it could not. */
static int change_without_memory(int kind, int holes, bool shared)
{
	struct ledger *l = new_ledger(), *other = NULL;
	char text[LEDGER_TEXT_MAX];
	int failures = 0;
	long before;

	do_map(&l, 0, 3, CAUSE_MALLOC);
	do_map(&l, 300, 400, CAUSE_DIRECT);
	for (int i = 0; i < holes; i++)
		do_unmap(&l, 301 + 2 * i, 302 + 2 * i);
	ledger_text__write(l, text);
	if (shared)
		other = ledger__share(l);
	before = outstanding;
	for (;;) {
		int err;

		allowed = failures;
		err = change(&l, kind);
		allowed = -1;
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(outstanding, before);
		CHECK(l, text);
		failures++;
	}
	do_unmap(&l, 300, 400);
	CHECK(l, changed[kind]);
	if (other)
		CHECK(other, text);
	ledger__free(other);
	ledger__free(l);
	return failures;
}

static void without_memory_nothing_changes(void **state)
{
	for (int kind = 0; kind < CHANGES; kind++) {
		int failures = 0;

		/* Some of these sizes fill what there is room for. */
		for (int holes = 0; holes < 40; holes++) {
			failures += change_without_memory(kind, holes, false);
			/* the ledger and its regions */
			assert_int_equal(change_without_memory(kind, holes, true), 2);
		}
		assert_true(failures > 0);
	}
	assert_int_equal(outstanding, 0);
}

static void a_new_one_without_memory(void **state)
{
	allowed = 0;
	assert_null(ledger__new());
	assert_int_equal(errno, ENOMEM);
	allowed = -1;
}

/* At most 64 bytes a region, and what a process had at its peak is not kept for ever. */
static void room_is_for_what_there_is(void **state)
{
	struct ledger *l = new_ledger();

	for (__u64 i = 0; i < MANY; i++) {
		do_map(&l, 2 * i, 2 * i + 1, CAUSE_MALLOC);
		/* one that is never used, and what the next change may need */
		assert_true(i < 16 || last_size <= 64 * (i + 4));
	}
	assert_true(last_size >= 48 * MANY);
	/* which takes memory: without it, that has to wait */
	do_unmap(&l, 0, 1);
	allowed = 0;
	do_unmap(&l, 1, 2 * MANY - 400);
	allowed = -1;
	assert_true(last_size >= 48 * MANY);
	for (__u64 i = MANY - 200; i < MANY - 100; i++)
		do_unmap(&l, 2 * i, 2 * i + 1);
	assert_int_equal(ledger__count(l), 100);
	assert_true(last_size <= 2 * 64 * 100);
	ledger__free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sharing_copies_at_the_first_change),
		cmocka_unit_test(many_regions),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(a_new_one_without_memory),
		cmocka_unit_test(room_is_for_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

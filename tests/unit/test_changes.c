/*
 * test_changes.c - two instants of an address space: what is new, gone, and another size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_text.h"
#include "model/changes.h"

#define SINCE 1000

struct world {
	struct ledger *before, *after;
	__u64 heap_before, heap_after; /* pages, from 5 on */
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->before = ledger__new();
	*state = w;
	return w->before ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	ledger__free(w->before);
	ledger__free(w->after);
	free(w);
	return 0;
}

/* What is there by now is what was there before; then `after` goes on. */
static struct ledger **go_on(struct world *w)
{
	w->after = ledger__share(w->before);
	return &w->after;
}

static void do_map_at(struct ledger **l, __u64 start, __u64 end, enum cause cause, __u64 born_ns)
{
	struct region r = in_pages(start, end, cause, true);

	r.born_ns = born_ns;
	assert_int_equal(ledger__map(l, &r), 0);
}

/* "+10-12 malloc 0>2, -4-5 direct 1>0, ~0-9 arena 9>9 usable 1>3" */
static void assert_changes(const struct world *w, const char *wanted)
{
	struct space before = {w->before, 5 * PAGE, (5 + w->heap_before) * PAGE, NULL};
	struct space after = {w->after, 5 * PAGE, (5 + w->heap_after) * PAGE, NULL};
	struct changes c = {};
	char text[512] = "";
	size_t used = 0;

	assert_int_equal(changes__find(&c, &before, &after, SINCE), 0);
	for (size_t i = 0; i < c.n; i++) {
		const struct change *x = &c.all[i];

		used += snprintf(text + used, sizeof(text) - used, "%s%c%llu-%llu %s %llu>%llu",
				 i ? ", " : "", "+-~"[x->kind], x -> start / PAGE, x -> end / PAGE,
				 part__name(x->part), x -> bytes_before / PAGE,
				 x -> bytes_after / PAGE);
		if (x->kind == CHANGE_OTHER && x->part < CAUSE_COUNT)
			used += snprintf(text + used, sizeof(text) - used, " usable %llu>%llu",
					 x->usable_before / PAGE, x->usable_after / PAGE);
	}
	assert_string_equal(text, wanted);
	changes__clear(&c);
}

static void nothing_has_changed(void **state)
{
	struct world *w = *state;

	do_map(&w->before, 10, 12, CAUSE_MALLOC);
	do_map(&w->before, 12, 13, CAUSE_MALLOC);
	do_reserve(&w->before, 20, 30);
	do_protect(&w->before, 22, 24, true);
	w->heap_before = w->heap_after = 3;
	go_on(w);
	assert_changes(w, "");
}

static void new_and_gone(void **state)
{
	struct world *w = *state;
	struct ledger **l;

	do_map(&w->before, 10, 12, CAUSE_MALLOC);
	do_map(&w->before, 20, 22, CAUSE_FILE);
	l = go_on(w);
	do_unmap(l, 10, 12);
	do_map_at(l, 12, 15, CAUSE_DIRECT, 2000);
	do_map_at(l, 15, 16, CAUSE_MALLOC, 2001);
	assert_changes(w, "-10-12 malloc 2>0, +12-15 direct 0>3, +15-16 malloc 0>1");
}

/* Where it is says nothing: another one may have come to the same place. */
static void another_at_the_same_place(void **state)
{
	struct world *w = *state;
	struct ledger **l;

	do_map_at(&w->before, 10, 12, CAUSE_MALLOC, 500);
	do_map_at(&w->before, 12, 14, CAUSE_MALLOC, 0);
	l = go_on(w);
	do_map_at(l, 10, 12, CAUSE_MALLOC, 2000);
	do_map_at(l, 12, 14, CAUSE_MALLOC, 2001);
	assert_changes(w, "-10-12 malloc 2>0, +10-12 malloc 0>2, -12-14 malloc 2>0, "
			  "+12-14 malloc 0>2");
}

/* It was in the list that was read, and then came its event. */
static void an_event_that_comes_late_is_no_change(void **state)
{
	struct world *w = *state;
	struct ledger **l;

	do_map(&w->before, 10, 12, CAUSE_UNATTRIBUTED);
	l = go_on(w);
	do_map_at(l, 10, 12, CAUSE_MALLOC, SINCE);
	assert_changes(w, "");
	do_map_at(l, 10, 12, CAUSE_MALLOC, SINCE + 1);
	assert_changes(w, "-10-12 unattributed 2>0, +10-12 malloc 0>2");
}

static void another_size(void **state)
{
	struct world *w = *state;
	struct ledger **l;

	do_map(&w->before, 10, 12, CAUSE_DIRECT);
	do_map(&w->before, 20, 30, CAUSE_FILE);
	do_map(&w->before, 40, 44, CAUSE_MALLOC);
	l = go_on(w);
	do_remap(l, 10, 2, 10, 5);
	do_unmap(l, 22, 25);
	do_unmap(l, 40, 41);
	assert_changes(w, "~10-15 direct 2>5 usable 2>5, ~20-30 file 10>7 usable 10>7, "
			  "~41-44 malloc 4>3 usable 4>3");
}

static void moved_is_gone_and_new(void **state)
{
	struct world *w = *state;

	do_map(&w->before, 10, 12, CAUSE_DIRECT);
	do_remap(go_on(w), 10, 2, 50, 4);
	assert_changes(w, "-10-12 direct 2>0, +50-54 direct 0>4");
}

static void an_arena_opens(void **state)
{
	struct world *w = *state;
	struct ledger **l;

	do_reserve(&w->before, 10, 30);
	do_protect(&w->before, 10, 12, true);
	l = go_on(w);
	do_protect(l, 12, 16, true);
	assert_changes(w, "~10-30 arena 20>20 usable 2>6");
}

static void the_heap(void **state)
{
	struct world *w = *state;

	go_on(w);
	w->heap_after = 33;
	assert_changes(w, "+5-38 heap 0>33");
	w->heap_before = 33;
	w->heap_after = 73;
	assert_changes(w, "~5-78 heap 33>73");
	w->heap_after = 0;
	assert_changes(w, "-5-5 heap 33>0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_has_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(new_and_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_at_the_same_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_event_that_comes_late_is_no_change, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(another_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(moved_is_gone_and_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_arena_opens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_heap, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

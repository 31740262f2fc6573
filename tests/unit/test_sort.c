/*
 * test_sort.c - every sort key by name, and the order of rows.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render/sort.h"
#include "sample_snapshot.h"

static void keys_have_names(void **state)
{
	static const char *const names[] = {
		"memory", "gained", "heap", "grown", "malloc",	     "arena",
		"direct", "file",   "brk",  "mmap",  "calls",	     "bytes",
		"rss",	  "growth", "pid",  "comm",  "unattributed", "outstanding"};
	enum sort_key key;
	size_t i;

	assert_int_equal(sizeof(names) / sizeof(names[0]), SORT_KEY_COUNT);
	for (i = 0; i < SORT_KEY_COUNT; i++) {
		key = SORT_KEY_COUNT;
		assert_int_equal(sort_key__parse(names[i], &key), 0);
		assert_string_equal(sort_key__name(key), names[i]);
		assert_non_null(sort_key__help(key));
	}
	assert_null(sort_key__name(SORT_KEY_COUNT));
	assert_null(sort_key__help(SORT_KEY_COUNT));
}

static void other_names_are_refused(void **state)
{
	enum sort_key key = SORT_RSS;

	assert_int_equal(sort_key__parse("", &key), -EINVAL);
	assert_int_equal(sort_key__parse("Heap", &key), -EINVAL);
	assert_int_equal(sort_key__parse("heap ", &key), -EINVAL);
	assert_int_equal(sort_key__parse("hea", &key), -EINVAL);
	assert_int_equal(key, SORT_RSS);
}

static void assert_order(enum sort_key key, bool rates, const uint32_t *pids)
{
	const struct snapshot *s = sample_snapshot();
	const struct process_stats **rows = sort__processes(s, key, rates);
	size_t i;

	assert_non_null(rows);
	for (i = 0; i < s->count; i++)
		if (rows[i]->pid != pids[i])
			fail_msg("by %s: row %zu is %u, not %u", sort_key__name(key), i,
				 rows[i]->pid, pids[i]);
	free(rows);
}

static void most_first_unknown_last_ties_by_pid(void **state)
{
	assert_order(SORT_MEMORY, false,
		     (uint32_t[]){4194303, 902, 20817, 31001, 1415, 20999, 666, 7});
	assert_order(SORT_HEAP, false,
		     (uint32_t[]){4194303, 20817, 1415, 31001, 20999, 902, 7, 666});
	assert_order(SORT_ARENA, false,
		     (uint32_t[]){4194303, 20817, 31001, 666, 902, 1415, 20999, 7});
	assert_order(SORT_CALLS, false,
		     (uint32_t[]){4194303, 20817, 20999, 31001, 1415, 7, 666, 902});
	assert_order(SORT_CALLS, true,
		     (uint32_t[]){4194303, 20817, 20999, 1415, 31001, 7, 666, 902});
	assert_order(SORT_GROWTH, true,
		     (uint32_t[]){902, 20817, 1415, 31001, 20999, 4194303, 7, 666});
	assert_order(SORT_PID, false,
		     (uint32_t[]){7, 666, 902, 1415, 20817, 20999, 31001, 4194303});
	assert_order(SORT_COMM, false,
		     (uint32_t[]){666, 1415, 4194303, 20999, 7, 20817, 902, 31001});
}

static void the_snapshot_stays_as_it_was(void **state)
{
	const struct snapshot *s = sample_snapshot();
	const struct process_stats *before[SAMPLE_COUNT], **rows;
	int key;

	memcpy(before, s->processes, sizeof(before));
	for (key = 0; key < SORT_KEY_COUNT; key++) {
		rows = sort__processes(s, (enum sort_key)key, key & 1);
		assert_non_null(rows);
		free(rows);
		assert_memory_equal(before, s->processes, sizeof(before));
	}
}

/* The same PID twice: one has exited and its number was given out again. */
static void a_reused_pid_sorts_by_start(void **state)
{
	struct process_stats old = {.pid = 5, .start_ns = 1}, new = {.pid = 5, .start_ns = 2};
	const struct process_stats *processes[] = {&new, &old}, **rows;
	struct snapshot s = {.processes = processes, .count = 2};

	rows = sort__processes(&s, SORT_RSS, false);
	assert_non_null(rows);
	assert_ptr_equal(rows[0], &old);
	assert_ptr_equal(rows[1], &new);
	free(rows);
}

static void no_process_is_no_error(void **state)
{
	const struct process_stats **rows = sort__processes(sample_snapshot__empty(), SORT_MEMORY,
							    false);

	assert_non_null(rows);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_have_names),
		cmocka_unit_test(other_names_are_refused),
		cmocka_unit_test(most_first_unknown_last_ties_by_pid),
		cmocka_unit_test(the_snapshot_stays_as_it_was),
		cmocka_unit_test(a_reused_pid_sorts_by_start),
		cmocka_unit_test(no_process_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

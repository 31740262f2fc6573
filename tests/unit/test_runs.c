/*
 * test_runs.c - what a hit runs for, and how often the clock was read for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/runs.h"

/* Of a system call's programs, which run for all calls, only the taking is told. */
static void a_program_of_others(void **state)
{
	struct runs r = {};

	runs__add(&r, RUNS_OF_OTHERS, 10, 1000);
	runs__add(&r, RUNS_OF_OTHERS, 10, 3000);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.ns, 0);
	assert_int_equal(r.timed, 20);
}

/* A session's program runs at the call and at its return, and is timed once each. */
static void a_program_of_two_groups(void **state)
{
	struct runs calls = {}, returns = {};

	runs__add(&calls, RUNS_ARE_HITS, 20, 4000);
	runs__add(&returns, RUNS_TIMED_ELSEWHERE, 20, 4000);
	assert_int_equal(returns.n, 20);
	assert_int_equal(returns.ns, 4000);
	assert_int_equal(calls.timed + returns.timed, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_of_others),
		cmocka_unit_test(a_program_of_two_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

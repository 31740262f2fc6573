/*
 * test_cost.c - what is said of the agent's own cost is possible.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd_cost.h"

static void no_more_than_the_cpus_have(void **state)
{
	struct cost much = {.known = true, .probes = 1.9, .agent = 0.4},
		    some = {.known = true, .probes = 0.9, .agent = 0.4},
		    all = {.known = true, .probes = 0.5, .agent = 2.01};

	cost__bound(&much, 2);
	assert_true(much.probes > 1.599 && much.probes < 1.601);
	assert_true(much.agent == 0.4);
	cost__bound(&some, 2);
	assert_true(some.probes == 0.9);
	cost__bound(&all, 2);
	assert_true(all.probes == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_the_cpus_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

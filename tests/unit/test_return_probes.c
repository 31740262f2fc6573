/*
 * test_return_probes.c - whether return probes do harm here is tried without doing any.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "kernel/features.h"
#include "kernel/return_probes.h"

static void the_answer_is_the_same_each_time(void **state)
{
	bool kill = return_probes__kill_filtered();

	for (int i = 0; i < 20; i++)
		assert_true(return_probes__kill_filtered() == kill);
}

/* The call came with Linux 6.11, and the mending was in all kernels from 6.14 on. */
static void kernels_before_the_call_and_after_the_mending_do_not_kill(void **state)
{
	if (features__kernel_has(6, 11) && !features__kernel_has(6, 14))
		skip();
	assert_false(return_probes__kill_filtered());
}

static void nothing_is_left_of_the_trial(void **state)
{
	int status;

	return_probes__kill_filtered();
	return_probes__break_shadow_stacks();
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	/* The filter was the trial's own. */
	assert_int_equal(prctl(PR_GET_SECCOMP), 0);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

#if defined(__x86_64__)
/* With SIGCHLD ignored nobody keeps how a child has ended. */
static void what_cannot_be_told_is_taken_for_harm(void **state)
{
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);

	assert_true(return_probes__kill_filtered());
	signal(SIGCHLD, before);
}
#endif

static void shadow_stacks_are_not_broken_where_there_are_none(void **state)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[4096];
	bool has = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		has |= strstr(line, " user_shstk") != NULL;
	fclose(f);
	if (!has || features__kernel_has(6, 11))
		assert_false(return_probes__break_shadow_stacks());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_the_same_each_time),
		cmocka_unit_test(kernels_before_the_call_and_after_the_mending_do_not_kill),
		cmocka_unit_test(nothing_is_left_of_the_trial),
#if defined(__x86_64__)
		cmocka_unit_test(what_cannot_be_told_is_taken_for_harm),
#endif
		cmocka_unit_test(shadow_stacks_are_not_broken_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

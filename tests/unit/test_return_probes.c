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
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
#define CALL_URETPROBE 335

/* What the trial's process does instead of the call. */
static bool (*in_place_of_call)(void); /* false: and the call all the same */

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == CALL_URETPROBE && in_place_of_call && in_place_of_call()) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(number, a, b, c, d, e, f);
}

static bool answer(void)
{
	return true;
}

static bool allow_all(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog prog = {.len = 1, .filter = &allow};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* What a container's filter says of a call that it does not know looks like a kernel without. */
static void a_filters_answer_is_not_the_kernels(void **state)
{
	int status;
	pid_t pid;

	in_place_of_call = answer;
	assert_false(return_probes__kill_filtered());
	pid = fork();
	if (!pid)
		_exit(!allow_all() ? 2 : return_probes__kill_filtered());
	in_place_of_call = NULL;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static int *dumpable; /* how many trials' processes were */

static bool note_dumpable(void)
{
	*dumpable += prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	return false;
}

/* Or each start would wake the machine's crash handler, where the core_pattern is a pipe. */
static void the_trial_leaves_no_core(void **state)
{
	dumpable = mmap(NULL, sizeof(*dumpable), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	assert_ptr_not_equal(dumpable, MAP_FAILED);
	in_place_of_call = note_dumpable;
	return_probes__kill_filtered();
	return_probes__break_shadow_stacks();
	in_place_of_call = NULL;
	assert_int_equal(*dumpable, 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	munmap(dumpable, sizeof(*dumpable));
}

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
		cmocka_unit_test(a_filters_answer_is_not_the_kernels),
		cmocka_unit_test(the_trial_leaves_no_core),
#endif
		cmocka_unit_test(shadow_stacks_are_not_broken_where_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_procfs.c - which process has ended.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/procfs.h"

static void *wait_for_the_end(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static bool is_zombie(pid_t pid)
{
	char *text;
	bool zombie;

	assert_int_equal(procfs__text(pid, "stat", &text), 0);
	zombie = strstr(text, ") Z ");
	free(text);
	return zombie;
}

/* The first thread goes, the others work. */
static void a_process_lives_while_a_thread_does(void **state)
{
	struct proc_info lives, info;
	siginfo_t ended;
	pthread_t thread;
	pid_t pid = fork();
	int err;

	if (!pid) {
		pthread_create(&thread, NULL, wait_for_the_end, NULL);
		syscall(SYS_exit, 0);
	}
	assert_true(pid > 0);
	while (!is_zombie(pid))
		usleep(1000);
	/* It is gone before anything can fail. */
	err = procfs__info(pid, &lives);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, pid, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(procfs__info(pid, &info), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(err, 0);
	assert_false(lives.ended);
	assert_true(info.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_lives_while_a_thread_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

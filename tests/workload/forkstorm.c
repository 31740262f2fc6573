/*
 * forkstorm.c - short-lived children, made in every way there is.
 *
 * forkstorm K: K children each by fork and exec, by vfork and exec, by
 * posix_spawn, by fork alone, and by fork with an exec that fails.  Itself with
 * "child" as argument, each child makes a known number of mallocs and ends.
 * Prints how many processes and execs there were, and the mallocs in all.
 */
#include <spawn.h>
#include <sys/wait.h>

#include "say.h"

#define CHILD_MALLOCS 10
#define CHILD_SIZE    500

static char *const child_argv[] = {"forkstorm-child", "child", NULL};
static char *const no_env[] = {NULL};

static void child_mallocs(void)
{
	for (int i = 0; i < CHILD_MALLOCS; i++)
		MUST(keep(malloc(CHILD_SIZE)));
}

static void reap(pid_t pid)
{
	int status;

	MUST(pid > 0);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

static pid_t fork_exec(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		execve(path, child_argv, no_env);
		child_mallocs();
		_exit(0);
	}
	return pid;
}

static pid_t vfork_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execve("/proc/self/exe", child_argv, no_env);
		_exit(1);
	}
	return pid;
}

static pid_t spawn(void)
{
	pid_t pid;

	MUST(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child_argv, no_env) == 0);
	return pid;
}

static pid_t fork_only(void)
{
	pid_t pid = fork();

	if (!pid) {
		child_mallocs();
		_exit(0);
	}
	return pid;
}

int main(int argc, char **argv)
{
	unsigned long count;

	MUST(argc == 2);
	if (!strcmp(argv[1], "child")) {
		child_mallocs();
		_exit(0);
	}
	count = number(argv[1]);
	for (unsigned long i = 0; i < count; i++) {
		reap(fork_exec("/proc/self/exe"));
		reap(vfork_exec());
		reap(spawn());
		reap(fork_only());
		reap(fork_exec("/nonexistent"));
	}
	say("{\"pid\": %d, \"children\": %lu, \"execs\": %lu, \"child_calls\": %d, "
	    "\"child_bytes\": %d}\n",
	    getpid(), 5 * count, 3 * count, CHILD_MALLOCS, CHILD_MALLOCS * CHILD_SIZE);
	_exit(0);
}

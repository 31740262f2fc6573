/* abort_handler.c - a program that catches SIGABRT, and allocates there, still dies of its error.
 */
#include "test.h"

static void handler(int signal)
{
	(void)signal;
	free(hidden(malloc(1000)));
	free(hidden(malloc(100000)));
	_exit(42);
}

static void die(void)
{
	void *p = hidden(malloc(100));

	close(2);
	alarm(10);
	signal(SIGABRT, handler);
	free(p);
	free(p);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	(void)argc;
	{
		pid = fork();
		if (pid == 0)
			die();
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	}
	with_options(argv, "cache=0");
	return 0;
}

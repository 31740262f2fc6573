/*
 * forks_live.c - fork, vfork and exec between malloc and free.
 *
 * Another thread allocates, but for the moment of a fork: what that copies of it would be chance.
 * A child frees half of what it has inherited, and has blocks of its own; some exec, itself with
 * "child", some end by _exit.  A vfork's child frees its parent's blocks and gives it others.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "say.h"

#define BLOCKS	 200
#define CHILDREN 6

static void *blocks[BLOCKS];
static volatile int stop, pause_it, paused;

static void *disturb(void *arg)
{
	void *own[16] = {0};

	for (unsigned long i = 0; !stop; i++) {
		while (pause_it)
			paused = 1;
		paused = 0;
		free(own[i % 16]);
		own[i % 16] = keep(malloc(10 + i % 3000));
		own[(i + 5) % 16] = keep(realloc(own[(i + 5) % 16], 20 + i % 5000));
	}
	return NULL;
}

static void fill(size_t size)
{
	for (int i = 0; i < BLOCKS; i++)
		MUST((blocks[i] = keep(malloc(size + i))));
}

static void child(int number)
{
	static char *const again[] = {"forks_live", "child", NULL};

	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	for (int i = 0; i < number; i++)
		MUST(keep(malloc(500 + i)));
	blocks[1] = keep(realloc(blocks[1], 10000));
	if (number % 3 == 1)
		execv("/proc/self/exe", again);
	if (number % 3 == 2)
		_exit(0);
	exit(0);
}

static void in_parents_memory(void)
{
	static char *const again[] = {"forks_live", "child", NULL};
	int status;
	pid_t pid = vfork();

	if (!pid) {
		free(blocks[3]);
		blocks[3] = keep(malloc(33333));
		blocks[5] = keep(realloc(blocks[5], 44444));
		execv("/proc/self/exe", again);
		_exit(1);
	}
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	free(blocks[3]);
	free(blocks[7]);
	MUST((blocks[3] = keep(malloc(11))));
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int status;

	fill(argc > 1 ? 10 : 1000);
	if (argc > 1) {
		free(blocks[0]);
		return 0;
	}
	in_parents_memory();
	MUST(!pthread_create(&thread, NULL, disturb, NULL));
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid;

		pause_it = 1;
		while (!paused)
			sched_yield();
		pid = fork();
		pause_it = 0;
		MUST(pid >= 0);
		if (!pid)
			child(i);
		free(blocks[10 + i]);
		blocks[10 + i] = keep(malloc(7 * i));
		MUST(waitpid(pid, &status, 0) == pid && status == 0);
	}
	stop = 1;
	MUST(!pthread_join(thread, NULL));
	return 0;
}

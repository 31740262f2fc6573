/*
 * double_free_shared.c - cache=0: of two threads that free a block at the same time one ends the
 * program, and a handler of SIGABRT may allocate, though all share a heap with a lock.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include "test.h"

static int phase;
static void *block;

static void handler(int signal)
{
	(void)signal;
	free(hidden(malloc(1000)));
	_exit(42);
}

static int tids[3];

static void wait_for(int wanted)
{
	while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) < wanted)
		usleep(1000);
}

/* Wants pages with the shared heap's lock held. */
static void *take(void *arg)
{
	__atomic_store_n((int *)arg, gettid(), __ATOMIC_RELEASE);
	wait_for(1);
	hidden(malloc(3000));
	return arg;
}

static void *free_it(void *arg)
{
	__atomic_store_n((int *)arg, gettid(), __ATOMIC_RELEASE);
	wait_for(2);
	free(block);
	return arg;
}

/* It sleeps in futex(2), as whoever wants a lock that is taken. */
static int waits(int thread)
{
	int tid = __atomic_load_n(&tids[thread], __ATOMIC_ACQUIRE), fd;
	char path[64], text[32] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	fd = tid ? open(path, O_RDONLY) : -1;
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return text[0] != 'r' && strtol(text, NULL, 10) == SYS_futex;
}

/* While the walk has the pages locked: both look at the block before either frees it. */
static int let_them(const struct refmalloc_block *b, void *arg)
{
	(void)b;
	(void)arg;
	__atomic_store_n(&phase, 1, __ATOMIC_RELEASE);
	while (!waits(0))
		usleep(1000);
	__atomic_store_n(&phase, 2, __ATOMIC_RELEASE);
	while (!waits(1) || !waits(2))
		usleep(1000);
	return 1;
}

static void free_twice(void)
{
	void *(*const work[])(void *) = {take, free_it, free_it};
	pthread_t threads[3];

	block = hidden(malloc(100));
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, work[i], &tids[i]) == 0);
	CHECK(refmalloc_walk(let_them, NULL) == 1);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* Found when it is taken, which is done under the lock. */
static void write_freed(void)
{
	pthread_t thread;
	char *p = hidden(malloc(100));

	CHECK(pthread_create(&thread, NULL, take, &tids[0]) == 0);
	free(p);
	p[50] = 1;
	for (int i = 0; i < 10000; i++)
		hidden(malloc(100));
}

static void check_handled(void (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		alarm(10);
		signal(SIGABRT, handler);
		f();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

int main(int argc, char **argv)
{
	const char *options = getenv("REFMALLOC_OPTIONS");

	(void)argc;
	if (!options || strcmp(options, "cache=0,check=2") != 0) {
		with_options(argv, "cache=0");
		check_handled(free_twice);
	}
	with_options(argv, "cache=0,check=2");
	check_handled(write_freed);
	return 0;
}

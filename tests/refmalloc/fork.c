/* fork.c - a child of a process with busy threads can allocate, and free what it inherited. */
#include "test.h"

static volatile bool stop;

static void *churn(void *arg)
{
	unsigned int at = (uintptr_t)arg;
	void *blocks[64] = {0};

	while (!stop) {
		at = at * 1103515245 + 12345;
		free(blocks[at >> 16 & 63]);
		blocks[at >> 16 & 63] = hidden(malloc(at >> 8 & 0xffff));
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return NULL;
}

static void child(void **inherited)
{
	struct refmalloc_stats s = stats();

	CHECK(s.function[REFMALLOC_MALLOC].calls == 0 && s.frees == 0 && s.brk_grow.calls == 0);
	CHECK(s.live[REFMALLOC_HEAP].calls >= 100);
	for (int i = 0; i < 100; i++)
		free(inherited[i]);
	for (int i = 0; i < 2000; i++)
		memset(hidden(malloc(i * 31 % 9000)), 1, i * 31 % 9000);
	s = stats();
	CHECK(s.function[REFMALLOC_MALLOC].calls == 2000 && s.frees == 100);
	_exit(0);
}

int main(void)
{
	void *inherited[100];
	pthread_t threads[3];
	int status;

	/* From now on a child begins to count anew. */
	CHECK(stats().frees == 0);
	for (uintptr_t i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, churn, (void *)i) == 0);
	for (int i = 0; i < 100; i++)
		inherited[i] = hidden(malloc(i * 10));
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			child(inherited);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

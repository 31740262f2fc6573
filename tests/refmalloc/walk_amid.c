/* walk_amid.c - a walk while others take and free blocks, and a child by fork, tell of no absurd
 * size. */
#include "test.h"

#define MOST ((size_t)1 << 30)

static volatile bool stop;

static void *churn(void *arg)
{
	unsigned int at = (uintptr_t)arg;
	void *blocks[64] = {0};

	while (!stop) {
		at = at * 1103515245 + 12345;
		free(blocks[at >> 8 & 63]);
		blocks[at >> 8 & 63] = hidden(
			malloc(at & 1 << 16 ? 8200 + (at >> 20) * 5 : at >> 19));
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return NULL;
}

static int look(const struct refmalloc_block *b, void *arg)
{
	return b->size > MOST;
}

int main(void)
{
	pthread_t threads[2];
	int status;

	for (uintptr_t i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, churn, (void *)(i + 7)) == 0);
	for (int i = 0; i < 20000; i++)
		CHECK(refmalloc_walk(look, NULL) == 0);
	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			_exit(stats().live[REFMALLOC_HEAP].bytes > MOST);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	return 0;
}

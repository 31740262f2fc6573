/*
 * vfork.c - a child by vfork that allocates takes nothing from its parent's threads, though to it
 * they are none of its own.
 */
#include "test.h"

static void churn(unsigned char mark)
{
	unsigned char *blocks[64] = {0};
	unsigned int seed = mark;

	for (int i = 0; i < 300000; i++) {
		size_t k = (seed = seed * 1103515245 + 12345) >> 16 & 63, size = k * 7 + 1;

		if (blocks[k]) {
			CHECK(blocks[k][0] == mark && blocks[k][size - 1] == mark);
			free(blocks[k]);
		}
		blocks[k] = memset(hidden(malloc(size)), mark, size);
	}
	for (int k = 0; k < 64; k++)
		free(blocks[k]);
}

/* Its first block is the child's. */
static void *work(void *arg)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		free(hidden(malloc(100)));
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	pthread_barrier_wait(arg);
	churn(2);
	return NULL;
}

int main(void)
{
	pthread_barrier_t both;
	pthread_t thread;

	churn(1);
	pthread_barrier_init(&both, NULL, 2);
	CHECK(pthread_create(&thread, NULL, work, &both) == 0);
	pthread_barrier_wait(&both);
	churn(1);
	CHECK(pthread_join(thread, NULL) == 0);
	return 0;
}

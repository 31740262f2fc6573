/*
 * kept_runs.c - whole pages that a thread keeps at hand are no block, go back at its end, and do
 * not wait for a thread that a child by fork does not have.
 */
#include "test.h"

#define BLOCKS 400
#define SIZE   20000

static void *blocks[BLOCKS];
static pthread_barrier_t freed, done;

static void fill(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(hidden(malloc(SIZE)), i, SIZE);
}

/* One here, one there: no two of them join. */
static void *keep_some(void *arg)
{
	fill();
	for (int i = 0; i < BLOCKS; i += 8)
		free(blocks[i]);
	pthread_barrier_wait(&freed);
	pthread_barrier_wait(&done);
	return arg;
}

static void take_as_many(void)
{
	uint64_t heap_bytes = stats().heap_bytes;

	for (int i = 0; i < BLOCKS; i += 8)
		blocks[i] = memset(hidden(malloc(SIZE)), i, SIZE);
	CHECK(stats().heap_bytes == heap_bytes);
}

static int count(const struct refmalloc_block *b, void *arg)
{
	*(int *)arg += b->size == SIZE;
	return 0;
}

int main(void)
{
	int status, live = 0;
	pthread_t thread;
	pid_t pid;

	pthread_barrier_init(&freed, NULL, 2);
	pthread_barrier_init(&done, NULL, 2);
	CHECK(pthread_create(&thread, NULL, keep_some, NULL) == 0);
	pthread_barrier_wait(&freed);
	CHECK(refmalloc_walk(count, &live) == 0 && live == BLOCKS - BLOCKS / 8);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		take_as_many();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	pthread_barrier_wait(&done);
	pthread_join(thread, NULL);
	take_as_many();
	return 0;
}

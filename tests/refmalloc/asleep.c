/*
 * asleep.c - what others freed of a thread's blocks is used again while that thread sleeps, and
 * what they did not free stays whole.
 */
#include "test.h"

#define BLOCKS 20000
#define SIZE   1000

static unsigned char *blocks[BLOCKS];
static pthread_barrier_t filled, end;

static void *fill(void *arg)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(hidden(malloc(SIZE)), i, SIZE);
	pthread_barrier_wait(&filled);
	pthread_barrier_wait(&end);
	/* It finds its heap as it left it, but for what it lost. */
	for (int i = 0; i < BLOCKS; i++)
		free(memset(hidden(malloc(SIZE)), i, SIZE));
	return arg;
}

int main(void)
{
	pthread_t thread;
	uint64_t before;
	size_t bytes;

	pthread_barrier_init(&filled, NULL, 2);
	pthread_barrier_init(&end, NULL, 2);
	CHECK(pthread_create(&thread, NULL, fill, NULL) == 0);
	pthread_barrier_wait(&filled);
	before = stats().heap_bytes;
	for (int i = 0; i < BLOCKS; i++)
		if (i % 1000)
			free(blocks[i]);
	for (bytes = 0; bytes < BLOCKS / 2 * SIZE; bytes += 300)
		memset(hidden(malloc(300)), 1, 300);
	CHECK(stats().heap_bytes <= before + (1 << 20));
	for (int i = 0; i < BLOCKS; i += 1000)
		for (int k = 0; k < SIZE; k++)
			CHECK(blocks[i][k] == (unsigned char)i);
	pthread_barrier_wait(&end);
	pthread_join(thread, NULL);
	return 0;
}

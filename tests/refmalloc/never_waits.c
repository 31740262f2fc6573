/*
 * never_waits.c - while somebody has the allocator locked, all of it, threads go on taking, freeing
 * and resizing small blocks, their own and each other's.
 */
#include "test.h"

#define THREADS 3
#define BLOCKS	500
#define ROUNDS	200

static void *blocks[THREADS][BLOCKS];
static pthread_barrier_t warm, locked;
static int done;

static size_t size_of(int i)
{
	return i * 7 % 1000;
}

static void churn(int rounds)
{
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < BLOCKS; i++) {
			void *p = hidden(malloc(size_of(i)));

			p = hidden(realloc(p, size_of(i) + 1));
			free(hidden(calloc(1, size_of(i))));
			free(p);
		}
}

static void *work(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	for (int i = 0; i < BLOCKS; i++)
		blocks[me][i] = hidden(malloc(size_of(i)));
	/* So that it has all the pages that it needs. */
	churn(1);
	pthread_barrier_wait(&warm);
	pthread_barrier_wait(&locked);
	churn(ROUNDS);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[(me + 1) % THREADS][i]);
	__atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
	/* A thread's end is another matter. */
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < THREADS)
		usleep(1000);
	return NULL;
}

static int watch(const struct refmalloc_block *b, void *arg)
{
	(void)b;
	(void)arg;
	pthread_barrier_wait(&locked);
	for (int i = 0; i < 15000 && __atomic_load_n(&done, __ATOMIC_ACQUIRE) < THREADS; i++)
		usleep(1000);
	return 1 + __atomic_load_n(&done, __ATOMIC_ACQUIRE);
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&warm, NULL, THREADS + 1);
	pthread_barrier_init(&locked, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	pthread_barrier_wait(&warm);
	CHECK(refmalloc_walk(watch, NULL) == 1 + THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/*
 * arenas.c - threads that allocate at the same time: glibc maps a heap for each of them.
 */
#include "selftest/workload.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && __SIZEOF_POINTER__ == 8
#define THREADS 3
#define BLOCKS	200

/* malloc/arena.c: HEAP_MAX_SIZE, of which each arena has one as long as it is not full. */
#define HEAP_RESERVE (64ull << 20)

static pthread_barrier_t barrier;
static struct account accounts[THREADS];

static size_t size_of(int thread, int i)
{
	return 100 + 1000 * thread + i * 37;
}

static void *run(void *arg)
{
	int thread = (intptr_t)arg;
	void *blocks[BLOCKS];

	pthread_barrier_wait(&barrier); /* every thread is there */
	pthread_barrier_wait(&barrier); /* what is measured has begun */
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = keep(malloc(size_of(thread, i)));
		MUST(blocks[i]);
		account__add(&accounts[thread], size_of(thread, i));
	}
	/* Not the last ones: an arena's end that is free may leave glibc's account and stay open.
	 */
	for (int i = 0; i < BLOCKS / 2; i++)
		free(blocks[i]);
	pthread_barrier_wait(&barrier); /* every thread has its arena */
	pthread_barrier_wait(&barrier); /* and all is said */
	return NULL;
}

static void sum_up(struct account *all)
{
	for (int t = 0; t < THREADS; t++) {
		all->calls += accounts[t].calls;
		all->bytes += accounts[t].bytes;
		for (int i = 0; i < ACCOUNT_BUCKETS; i++)
			all->bucket[i] += accounts[t].bucket[i];
	}
}

void workload__arenas(void)
{
	struct account all = {};
	pthread_t thread;

	MUST(!pthread_barrier_init(&barrier, NULL, THREADS + 1));
	for (int t = 0; t < THREADS; t++)
		MUST(!pthread_create(&thread, NULL, run, (void *)(intptr_t)t));
	pthread_barrier_wait(&barrier);
	workload__mark();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	sum_up(&all);
	expect__begin("arenas", getpid(), 0);
	expect("heap.bytes", workload__heap_bytes());
	expect("heap.bytes+mmap.arena.usable_bytes", mallinfo2().arena);
	expect("mmap.arena.live_regions", THREADS);
	expect("mmap.arena.live_bytes", THREADS * HEAP_RESERVE);
	expect("mmap.stack.calls", 0);
	account__expect(&all);
	expect__end();
	_exit(0);
}
#else
void workload__arenas(void)
{
	workload__skip("not glibc: not run");
}
#endif

/*
 * thread_end.c - what an ended thread leaves can be freed, and is used again: no growth.  What it
 * freed itself the kernel has back.
 */
#include "test.h"

#define ROUNDS 300
#define BLOCKS 1000

static pthread_key_t key;

/* Behind the allocator's own destructor it still works. */
static void late(void *arg)
{
	static __thread int times;

	free(hidden(malloc(300)));
	if (++times < 3)
		pthread_setspecific(key, arg);
}

static void *work(void *arg)
{
	void **blocks = arg;

	pthread_setspecific(key, blocks);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = hidden(malloc(i % 700));
	for (int i = 0; i < BLOCKS; i += 3) {
		free(blocks[i]);
		blocks[i] = NULL;
	}
	return NULL;
}

/* Of the heap alone. */
static size_t resident(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	unsigned long kb = 0;
	bool heap = false;

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		heap = heap || strstr(line, "[heap]");
		if (heap && sscanf(line, "Rss: %lu kB", &kb) == 1)
			break;
	}
	fclose(f);
#ifndef REFMALLOC_RENAMED_H /* beside a sanitizer the heap may lie elsewhere */
	CHECK(kb);
#endif
	return kb << 10;
}

static pthread_barrier_t barrier;

/* 60 MB, and then the heap grows on above them, so that no brk can give them back. */
static void *work_much(void *arg)
{
	static void *much[60000];

	for (int i = 0; i < 60000; i++)
		much[i] = memset(hidden(malloc(1000)), 1, 1000);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 60000; i++)
		free(much[i]);
	return arg;
}

int main(void)
{
	size_t before;

	static void *blocks[BLOCKS];
	uint64_t after_some = 0;
	pthread_t thread;

	pthread_key_create(&key, late);
	for (int round = 0; round < ROUNDS; round++) {
		CHECK(pthread_create(&thread, NULL, work, blocks) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[i]);
		if (round == 20)
			after_some = stats().heap_bytes;
	}
	CHECK(stats().heap_bytes <= after_some);
	pthread_barrier_init(&barrier, NULL, 2);
	before = resident();
	CHECK(pthread_create(&thread, NULL, work_much, NULL) == 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 5000; i++)
		hidden(malloc(1000));
	pthread_barrier_wait(&barrier);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(resident() <= before + (12 << 20));
	return 0;
}

/*
 * fork_unasked.c - a child by fork whose parent, of one thread, never asked for the numbers: it has
 * no handlers to run, goes on counting from its parent's, and may have threads and children itself.
 */
#include "test.h"

#define BLOCKS 300

static void *blocks[BLOCKS];
static volatile bool stop;

static void *churn(void *arg)
{
	unsigned int at = (uintptr_t)arg;

	while (!stop) {
		at = at * 1103515245 + 12345;
		free(hidden(malloc(at >> 8 & 0xffff)));
	}
	return NULL;
}

static void take_all(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = hidden(malloc(i * 50));
}

static void free_all(void)
{
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}

static void grandchild(void)
{
	CHECK(stats().function[REFMALLOC_MALLOC].calls == 0);
	alarm(10);
	free_all();
	take_all();
	CHECK(stats().function[REFMALLOC_MALLOC].calls == BLOCKS && stats().frees == BLOCKS);
	_exit(0);
}

/* Its main thread's heap is not taken for that of a thread that is gone, as its parent's are. */
static void child(void)
{
	struct refmalloc_stats s;
	pthread_t threads[3];

	free_all();
	take_all();
	s = stats();
	CHECK(s.function[REFMALLOC_MALLOC].calls == 2 * BLOCKS && s.frees == BLOCKS);
	CHECK(s.live[REFMALLOC_HEAP].calls == BLOCKS && s.brk_grow.calls > 0);
	for (uintptr_t i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, churn, (void *)i) == 0);
	for (int i = 0; i < 20; i++) {
		free_all();
		take_all();
		for (int k = 0; k < BLOCKS; k++)
			memset(blocks[k], i, k * 50);
		run_child(grandchild);
		for (int k = 1; k < BLOCKS; k++)
			CHECK(((unsigned char *)blocks[k])[k * 50 - 1] == i);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	_exit(0);
}

int main(void)
{
	take_all();
	run_child(child);
	return 0;
}

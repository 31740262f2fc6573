/*
 * last_moment.c - threads whose first block is asked for in the last round of their destructors,
 * when they have no end any more that the allocator hears of: what they leave is used again.
 */
#include <limits.h>
#include <sched.h>
#include <signal.h>

#include "test.h"

#define ROUNDS 300
#define BLOCKS 100

static pthread_key_t key;
static pid_t late_thread;

static void allocate(void)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(hidden(malloc(900)), 1, 900);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}

/* Again until the last round, in which the allocator's key, made before, had its turn. */
static void late(void *round)
{
	uintptr_t n = (uintptr_t)round;

	if (n < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(key, (void *)(n + 1));
	else
		allocate();
}

static void *ordinary(void *arg)
{
	allocate();
	return arg;
}

static void *work(void *arg)
{
	late_thread = gettid();
	pthread_setspecific(key, (void *)1);
	return arg;
}

/* The kernel lets others join a thread some moments before it is gone (exit_mm_release,
 * kernel/fork.c; release_task, kernel/exit.c): until then nobody takes over what it had. */
static void wait_until_gone(void)
{
	while (!tgkill(getpid(), late_thread, 0))
		sched_yield();
}

static uint64_t taken(void)
{
	struct refmalloc_stats s = stats();

	return s.heap_bytes + s.mapped[REFMALLOC_MAP_ARENA] + s.mapped[REFMALLOC_MAP_TABLE];
}

int main(void)
{
	uint64_t after_some = 0;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, ordinary, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	pthread_key_create(&key, late);
	for (int round = 0; round < ROUNDS; round++) {
		CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		wait_until_gone();
		if (round == 20)
			after_some = taken();
	}
	CHECK(taken() <= after_some);
	return 0;
}

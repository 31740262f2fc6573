/*
 * patterns.c - well-known patterns of allocation, each timed: patterns [NAME].
 *
 * Prints NAME SECONDS.  What scripts/bench-malloc.sh runs under one allocator and another.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE	1024
#define PASSED	3000000
#define THREADS 8

static void *queue[QUEUE];

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static void touch(void *block)
{
	*(volatile char *)block = 1;
}

/* One at a time. */
static void *pair(void *arg)
{
	for (int i = 0; i < 20000000; i++) {
		void *p = malloc(16 + (i & 63) * 8);

		touch(p);
		free(p);
	}
	return arg;
}

/* Many, then none. */
static void *batch(void *arg)
{
	void *blocks[500];

	for (int round = 0; round < 20000; round++) {
		for (int i = 0; i < 500; i++)
			touch(blocks[i] = malloc(16 + (i & 31) * 16));
		for (int i = 0; i < 500; i++)
			free(blocks[i]);
	}
	return arg;
}

/* Any of some is replaced: larson's server, with blocks from `least` to `least + span` bytes. */
static void replace(unsigned int seed, int rounds, int blocks, size_t least, size_t span)
{
	void **p = calloc(blocks, sizeof(*p));

	for (int i = 0; i < rounds; i++) {
		int k = next(&seed) % blocks;

		free(p[k]);
		touch(p[k] = malloc(least + next(&seed) % span));
	}
	for (int i = 0; i < blocks; i++)
		free(p[i]);
	free(p);
}

static void *larson(void *arg)
{
	replace((uintptr_t)arg, 3000000, 1000, 10, 500);
	return arg;
}

static void *medium(void *arg)
{
	replace((uintptr_t)arg, 1000000, 200, 1000, 60000);
	return arg;
}

static void *large(void *arg)
{
	replace((uintptr_t)arg, 20000, 20, 100000, 2000000);
	return arg;
}

static void *growth(void *arg)
{
	for (int round = 0; round < 5000; round++) {
		char *p = NULL;

		for (size_t size = 16; size < 4000000; size += size / 8 + 16) {
			p = realloc(p, size);
			touch(p + size - 1);
		}
		free(p);
	}
	return arg;
}

/* The first thread allocates, the second frees. */
static void *pass(void *arg)
{
	for (size_t i = 0; i < PASSED; i++) {
		void **slot = &queue[i % QUEUE], *p;

		if (!arg) {
			touch(p = malloc(16 + (i & 31) * 8));
			while (__atomic_load_n(slot, __ATOMIC_ACQUIRE))
				sched_yield();
			__atomic_store_n(slot, p, __ATOMIC_RELEASE);
			continue;
		}
		while (!(p = __atomic_load_n(slot, __ATOMIC_ACQUIRE)))
			sched_yield();
		__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
		free(p);
	}
	return arg;
}

static const struct {
	const char *name;
	void *(*run)(void *arg);
	int threads;
} patterns[] = {
	{"pair", pair, 1},	 {"batch", batch, 1},	  {"larson-1", larson, 1},
	{"larson-2", larson, 2}, {"larson-4", larson, 4}, {"medium-1", medium, 1},
	{"medium-2", medium, 2}, {"large", large, 1},	  {"growth", growth, 1},
	{"pass", pass, 2},
};

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	struct timespec start, end;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		if (argc > 1 && strcmp(argv[1], patterns[i].name) != 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &start);
		for (uintptr_t k = 1; k < (uintptr_t)patterns[i].threads; k++)
			if (pthread_create(&threads[k], NULL, patterns[i].run, (void *)k))
				return 1;
		patterns[i].run(NULL);
		for (int k = 1; k < patterns[i].threads; k++)
			pthread_join(threads[k], NULL);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%s %.4f\n", patterns[i].name,
		       end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) * 1e-9);
	}
	return 0;
}

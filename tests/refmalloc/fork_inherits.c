/*
 * fork_inherits.c - a child by fork uses again what it frees of threads that it does not have,
 * also if these were in the midst of something.
 */
#include "test.h"

#define BLOCKS	20000
#define SIZE	1000
#define THREADS 3

static unsigned char *blocks[BLOCKS];
static unsigned char *shelf[THREADS][256];
static pthread_barrier_t filled;
static volatile bool stop;

static void *fill(void *arg)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(hidden(malloc(SIZE)), i, SIZE);
	pthread_barrier_wait(&filled);
	while (!stop)
		usleep(1000);
	return arg;
}

/* Blocks whose first bytes say how large they are, and whose others are all the same. */
static unsigned char *marked(size_t size)
{
	unsigned char *p = hidden(malloc(size));

	memset(p, (int)(size % 251), size);
	memcpy(p, &size, sizeof(size));
	return p;
}

static void look(const unsigned char *p)
{
	size_t size;

	memcpy(&size, p, sizeof(size));
	for (size_t i = sizeof(size); i < size; i++)
		CHECK(p[i] == size % 251);
}

/* Each block is somebody's, or on a shelf: what is there is whole, whenever one looks. */
static void *churn(void *arg)
{
	unsigned int seed = (uintptr_t)arg + 1, to;
	unsigned char *p;

	while (!stop) {
		seed = seed * 1103515245 + 12345;
		p = marked(16 + (seed >> 8) % 3000);
		to = seed >> 20 & 255;
		p = __atomic_exchange_n(&shelf[seed >> 16 & 1][to], p, __ATOMIC_ACQ_REL);
		if (!p)
			continue;
		look(p);
		free(p);
	}
	return NULL;
}

static int add_up(const struct refmalloc_block *b, void *arg)
{
	struct refmalloc_count *live = arg;

	live[b->route].calls++;
	live[b->route].bytes += b->size;
	return 0;
}

static void child_of_the_quiet(void)
{
	struct refmalloc_count walked[REFMALLOC_ROUTES] = {0};
	struct refmalloc_stats s;
	uint64_t heap_bytes = stats().heap_bytes;
	size_t other = 2800;

	for (int i = 1; i < BLOCKS; i++)
		if (i % 100)
			free(blocks[i]);
	for (int i = 0; i < BLOCKS / 2; i++)
		memset(hidden(malloc(SIZE)), 1, SIZE);
	for (size_t bytes = 0; bytes < BLOCKS / 3 * SIZE; bytes += other)
		memset(hidden(malloc(other)), 2, other);
	CHECK(stats().heap_bytes <= heap_bytes);
	for (int i = 0; i < BLOCKS; i += 100)
		for (int k = 0; k < SIZE; k++)
			CHECK(blocks[i][k] == (unsigned char)i);
	CHECK(refmalloc_walk(add_up, walked) == 0);
	s = stats();
	for (int r = 0; r < REFMALLOC_ROUTES; r++)
		CHECK(walked[r].calls == s.live[r].calls && walked[r].bytes == s.live[r].bytes);
	_exit(0);
}

static void child_of_the_busy(void)
{
	unsigned char *own[4000];

	for (int i = 0; i < 4000; i++)
		own[i] = marked(16 + i * 7919 % 3000);
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 256; i++)
			if (shelf[k][i])
				look(shelf[k][i]);
	for (int i = 0; i < 4000; i++) {
		look(own[i]);
		free(own[i]);
	}
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 256; i++)
			free(shelf[k][i]);
	malloc_trim(0);
	_exit(0);
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&filled, NULL, 2);
	CHECK(pthread_create(&threads[0], NULL, fill, NULL) == 0);
	pthread_barrier_wait(&filled);
	run_child(child_of_the_quiet);
	for (uintptr_t i = 1; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, churn, (void *)i) == 0);
	for (int i = 0; i < 40; i++)
		run_child(child_of_the_busy);
	stop = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

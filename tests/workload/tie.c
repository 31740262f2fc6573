/*
 * tie.c - an allocator is asked for all that it can do: each function, sizes and alignments of
 * each kind, what it must refuse, resizes within a mapping's pages; in threads, and in children.
 *
 * tie [steps [threads [children]]].  What a malloc family without a known answer
 * does with it, its own statistics and an observer must agree on.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/wait.h>

#include "say.h"

#define BLOCKS 64
#define LARGE  (1UL << 20)

static unsigned long steps = 2000;

static unsigned long next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static size_t a_size(uint64_t *seed)
{
	static const size_t most[] = {1, 16, 100, 1000, 8192, 40000, 200000, 1500000};

	return next(seed) % (most[next(seed) % 8] + 1);
}

static void *aligned(uint64_t *seed, size_t size)
{
	size_t alignment = (size_t)16 << next(seed) % 12;
	void *p = NULL;

	switch (next(seed) % 5) {
	case 0:
		return memalign(alignment, size);
	case 1:
		return aligned_alloc(alignment, size);
	case 2:
		MUST(posix_memalign(&p, alignment, size) == 0);
		return p;
	case 3:
		return valloc(size);
	default:
		return pvalloc(size);
	}
}

static void step(void **block, uint64_t *seed)
{
	size_t size = a_size(seed);
	void *p = *block;

	switch (next(seed) % 8) {
	case 0:
	case 1:
		free(*block);
		*block = keep(malloc(size));
		break;
	case 2:
		free(*block);
		*block = keep(calloc(3, size));
		break;
	case 3:
	case 4:
		*block = keep(realloc(p, size));
		break;
	case 5:
		*block = keep(reallocarray(p, 2, size));
		break;
	case 6:
		free(*block);
		*block = keep(aligned(seed, size));
		break;
	default:
		free(*block);
		*block = NULL;
	}
}

/* One that is resized by less than a page keeps its mapping as it is; also aligned ones. */
static void keep_mappings(void)
{
	for (size_t alignment = 16; alignment <= 65536; alignment *= 4) {
		void *p = keep(memalign(alignment, LARGE + 100));

		for (size_t i = 0; i < 5; i++)
			MUST((p = keep(realloc(p, LARGE + 200 + i))));
		MUST((p = keep(realloc(p, 2 * LARGE))));
		MUST((p = keep(realloc(p, 2 * LARGE))));
		if (alignment != 1024)
			free(p);
	}
}

/* Not constants: the compiler would know that it goes wrong. */
static volatile size_t no_size = SIZE_MAX, half = SIZE_MAX / 2 + 1, no_memory = 1UL << 50;

/* Each way, of more than there are addresses, and then of what the kernel refuses. */
static void ask_too_much(void)
{
	void *p = keep(malloc(10)), *q = NULL;

	MUST(!keep(malloc(half)) && !keep(malloc(no_size)));
	MUST(!keep(calloc(half, 3)) && !keep(calloc(no_size, 1)));
	MUST(!keep(realloc(p, no_size - 100)) && !keep(reallocarray(keep(malloc(20)), half, 3)));
	MUST(!keep(memalign(64, no_size - 4096)) && !keep(aligned_alloc(4096, no_size)));
	MUST(posix_memalign(&q, 64, no_size) == ENOMEM && !keep(valloc(no_size)));
	MUST(!keep(pvalloc(no_size)));
	MUST(!keep(malloc(no_memory)) && !keep(calloc(8, no_memory)));
	MUST(!keep(realloc(p, 2 * no_memory)));
	MUST(!keep(realloc(p, 0)));
	say("{\"refused\": [%zu, %zu, %zu]}\n", no_memory, 8 * no_memory, 2 * no_memory);
}

static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg;
	void *blocks[BLOCKS] = {0};

	/* A thread's first request is a large one: what it needs for itself is mapped in the
	 * same call. */
	blocks[0] = keep(malloc(3 * LARGE));
	for (unsigned long i = 0; i < steps; i++)
		step(&blocks[next(&seed) % BLOCKS], &seed);
	keep_mappings();
	for (size_t i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	return NULL;
}

static void run_threads(unsigned long count)
{
	pthread_t threads[16];

	MUST(count <= 16);
	for (unsigned long i = 0; i < count; i++)
		MUST(pthread_create(&threads[i], NULL, work, (void *)(i + 3)) == 0);
	for (unsigned long i = 0; i < count; i++)
		MUST(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
	unsigned long threads = argc > 2 ? number(argv[2]) : 0;
	unsigned long children = argc > 3 ? number(argv[3]) : 0;
	pid_t pid = 1;
	int status;

	steps = argc > 1 ? number(argv[1]) : steps;
	work((void *)2);
	ask_too_much();
	run_threads(threads);
	for (unsigned long i = 0; i < children && pid; i++) {
		MUST((pid = fork()) >= 0);
		if (!pid) {
			work((void *)(100 + i));
			run_threads(threads);
			return 0;
		}
	}
	for (unsigned long i = 0; i < children; i++)
		MUST(wait(&status) > 0 && status == 0);
	return 0;
}

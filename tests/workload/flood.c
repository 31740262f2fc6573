/*
 * flood.c - threads that allocate, map and unmap as fast as they can.
 *
 * flood ROUNDS MAPS THREADS: each thread makes ROUNDS rounds of one malloc of
 * each size, and MAPS direct mappings that it unmaps again.  Prints what that
 * comes to.  Creating a thread takes a calloc of its own, which is not in it.
 */
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "say.h"

/* The last one is above the threshold: always a mapping of its own. */
static const size_t sizes[] = {10, 100, 150, 10000, 60000, 200000};
#define SIZES	     (sizeof(sizes) / sizeof(sizes[0]))
#define LARGE_MAPPED 200704UL /* 200000 + 8 + 8, in pages */
#define MAP_BYTES    (3 * 4096UL)

static unsigned long rounds, maps;
static pthread_barrier_t start;

static void *flood(void *arg)
{
	pthread_barrier_wait(&start);
	for (unsigned long i = 0; i < rounds; i++) {
		for (size_t k = 0; k < SIZES; k++)
			free(keep(malloc(sizes[k])));
	}
	for (unsigned long i = 0; i < maps; i++) {
		void *p = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		MUST(p != MAP_FAILED);
		MUST(munmap(p, MAP_BYTES) == 0);
	}
	return arg;
}

static void report(unsigned long threads)
{
	unsigned long each = rounds * threads, sum = 0;
	char buckets[512];
	int used = 0;

	for (size_t k = 0; k < SIZES; k++) {
		unsigned long in_bucket = 0, le = 1;

		sum += sizes[k];
		while (le < sizes[k])
			le *= 2;
		for (size_t j = 0; j < SIZES; j++)
			in_bucket += sizes[j] <= le && sizes[j] > le / 2 ? each : 0;
		used += snprintf(buckets + used, sizeof(buckets) - used, "%s\"%lu\": %lu",
				 k ? ", " : "", le, in_bucket);
	}
	/* Two sizes in one bucket print it twice, the same: JSON takes the last. */
	say("{\"pid\": %d, \"malloc_calls\": %lu, \"malloc_bytes\": %lu, \"buckets\": {%s}, "
	    "\"route_mmap_calls\": %lu, \"route_mmap_bytes\": %lu, \"malloc_mmap_calls\": %lu, "
	    "\"malloc_mmap_bytes\": %lu, \"direct_calls\": %lu, \"direct_bytes\": %lu}\n",
	    getpid(), each * SIZES, each * sum, buckets, each, each * sizes[SIZES - 1], each,
	    each * LARGE_MAPPED, maps * threads, maps * threads * MAP_BYTES);
}

int main(int argc, char **argv)
{
	pthread_t ids[16];
	unsigned long threads;

	MUST(argc == 4);
	rounds = number(argv[1]);
	maps = number(argv[2]);
	threads = number(argv[3]);
	MUST(threads >= 1 && threads <= 16);
	/* Setting it keeps it: freeing a large block would raise it. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	MUST(pthread_barrier_init(&start, NULL, threads) == 0);
	for (unsigned long i = 0; i < threads; i++)
		MUST(pthread_create(&ids[i], NULL, flood, NULL) == 0);
	for (unsigned long i = 0; i < threads; i++)
		MUST(pthread_join(ids[i], NULL) == 0);
	report(threads);
	_exit(0);
}

/*
 * mappers.c - threads that map and unmap at once, so that each gets what another one has just left.
 *
 * mappers THREADS ROUNDS: each thread keeps two mappings and replaces one of
 * them in each round.  Prints what is mapped when all have stopped.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "say.h"

#define SLOTS 2

static unsigned long rounds;
static unsigned long mapped_bytes;
static pthread_barrier_t begin;

static size_t length_of(unsigned long i)
{
	return (i % 2 + 1) * 4096UL;
}

static void *run(void *arg)
{
	size_t length[SLOTS] = {0};
	void *slot[SLOTS];
	unsigned long sum = 0, seed = (unsigned long)arg;

	pthread_barrier_wait(&begin);
	for (unsigned long i = 0; i < rounds; i++) {
		unsigned int k;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		k = seed >> 40 & (SLOTS - 1);
		if (length[k])
			munmap(slot[k], length[k]);
		length[k] = length_of(seed >> 50);
		slot[k] = mmap(NULL, length[k], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
		MUST(slot[k] != MAP_FAILED);
	}
	for (int k = 0; k < SLOTS; k++)
		sum += length[k];
	__atomic_fetch_add(&mapped_bytes, sum, __ATOMIC_RELAXED);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long threads = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_t thread[64];

	MUST(threads >= 1 && threads <= 64);
	rounds = strtoul(argv[2], NULL, 10);
	pthread_barrier_init(&begin, NULL, threads);
	for (unsigned long i = 0; i < threads; i++)
		MUST(!pthread_create(&thread[i], NULL, run, (void *)(i + 1)));
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	say("{\"pid\": %d, \"mappings\": %lu, \"bytes\": %lu}\n", getpid(), threads * SLOTS,
	    mapped_bytes);
	return 0;
}

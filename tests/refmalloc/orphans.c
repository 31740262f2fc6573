/*
 * orphans.c - what an ended thread left goes back to the kernel when others have freed it, though
 * nobody wants blocks of those sizes again.
 */
#include "test.h"

#define SIZES  3
#define BLOCKS 7000

static const size_t sizes[SIZES] = {700, 2900, 5900};
static void *blocks[SIZES][BLOCKS];

static void *work(void *arg)
{
	for (int k = 0; k < SIZES; k++)
		for (int i = 0; i < BLOCKS; i++)
			blocks[k][i] = memset(hidden(malloc(sizes[k])), 1, sizes[k]);
	return arg;
}

static size_t resident(void)
{
	size_t size, pages;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f && fscanf(f, "%zu %zu", &size, &pages) == 2);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

int main(void)
{
	size_t before = resident(), full;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	full = resident();
	CHECK(full - before > 60 << 20);
	for (int k = 0; k < SIZES; k++)
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[k][i]);
	CHECK(resident() - before < (full - before) / 2);
	malloc_trim(0);
	CHECK(resident() - before < 4 << 20);
	return 0;
}

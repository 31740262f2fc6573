/* forget.c - free pages inside the heap lose their memory once they are most of it; a swing costs
 * none. */
#include <sys/resource.h>

#include "test.h"

#define BLOCKS 400
#define BYTES  100000ul

static unsigned char *blocks[BLOCKS];

static size_t resident(void)
{
	size_t size, pages;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(fscanf(f, "%zu %zu", &size, &pages) == 2);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void take(int i)
{
	blocks[i] = memset(hidden(malloc(BYTES)), i, BYTES);
}

int main(void)
{
	size_t full, live = 0;
	long before;

	for (int i = 0; i < BLOCKS; i++)
		take(i);
	/* What a program does all the time, and less than half of all, costs no fault. */
	before = faults();
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < BLOCKS; i += 3)
			free(blocks[i]);
		for (int i = 0; i < BLOCKS; i += 3)
			take(i);
	}
	CHECK(faults() - before < 100);

	full = resident();
	CHECK(full > BLOCKS * BYTES);
	/* The last stays, so that the top does. */
	for (int i = 0; i < BLOCKS - 1; i++)
		if (i % 16)
			free(blocks[i]);
		else
			live += BYTES;
	CHECK(resident() < full * 8 / 10 + live);
	for (int i = 0; i < BLOCKS; i += 16)
		for (size_t k = 0; k < BYTES; k++)
			CHECK(blocks[i][k] == (unsigned char)i);
	malloc_trim(0);
	CHECK(resident() < full / 10 + live);
	return 0;
}

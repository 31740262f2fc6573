/*
 * swings.c - a program that fills and empties its heap again and again soon keeps its memory: what
 * the kernel was given back for nothing is not given back each time.
 */
#include "test.h"

#include <sys/resource.h>

#define BLOCKS 20000
#define ROUNDS 40

static void *blocks[BLOCKS];

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void fill_and_empty(int round)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(hidden(malloc(1 + (i * 7 + round) % (i % 8 ? 100 : 1000))), 1,
				   1);
	for (int i = 0; i < BLOCKS / 2; i++)
		free(blocks[i]);
	for (int i = BLOCKS; i-- > BLOCKS / 2;)
		free(blocks[i]);
}

int main(void)
{
	long before = 0;

	for (int round = 0; round < ROUNDS; round++) {
		if (round == ROUNDS / 2)
			before = faults();
		fill_and_empty(round);
	}
	CHECK(faults() - before < ROUNDS / 2 * 10);
	return 0;
}

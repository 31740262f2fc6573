/* trim.c - a free top goes back past the threshold, with few calls though a program swings. */
#include "test.h"

#define BLOCKS 1000

int main(void)
{
	static void *blocks[BLOCKS];
	uint64_t full;

	for (int round = 0; round < 15; round++) {
		for (int i = 0; i < BLOCKS; i++)
			memset(blocks[i] = hidden(malloc(60000)), 1, 60000);
		full = stats().heap_bytes;
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[i]);
		CHECK(stats().heap_bytes < full / 2);
	}
	CHECK(full >= BLOCKS * 60000ul);
	CHECK(stats().brk_shrink.calls <= 15 * 16);
	malloc_trim(0);
	CHECK(stats().heap_bytes <= 64 * 4096);
	return 0;
}

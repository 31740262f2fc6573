/*
 * heap_grows.c - the two rules, as a tutorial on malloc shows them: 33 pages of heap for the first
 * small block, 73 when four of ten pages did not fit, a mapping of 147456 bytes for one of 35.
 */
#include "test.h"

int main(void)
{
	char *start, *end;

	CHECK(hidden(malloc(1024)));
	end = sbrk(0);
	CHECK(stats().heap_bytes == 33 * 4096 && stats().brk_grow.calls == 1);
	start = end - stats().heap_bytes;
	for (int i = 0; i < 4; i++) {
		char *p = hidden(malloc(10 * 4096));

		CHECK(p >= start && p < start + 73 * 4096);
		CHECK(stats().heap_bytes == (i < 3 ? 33 : 73) * 4096);
	}
	CHECK((char *)sbrk(0) == start + 73 * 4096 && stats().brk_grow.calls == 2);
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].calls == 0);
	CHECK(hidden(malloc(35 * 4096)));
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].calls == 1);
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].bytes == 147456);
	CHECK(stats().heap_bytes == 73 * 4096);
	return 0;
}

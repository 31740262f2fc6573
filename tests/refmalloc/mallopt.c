/* mallopt.c - what is set holds, and nothing adapts any more. */
#include "test.h"

int main(void)
{
	struct refmalloc_stats s;
	void *p;

	CHECK(mallopt(M_MMAP_THRESHOLD, 50000) == 1);
	for (int i = 0; i < 3; i++)
		free(hidden(malloc(50000)));
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].calls == 3);
	free(hidden(malloc(49999)));
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].calls == 3);
	CHECK(mallopt(M_MMAP_MAX, 0) == 1);
	free(hidden(malloc(500000)));
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].calls == 3);
	CHECK(mallopt(M_MMAP_THRESHOLD, 64 << 20) == 0);

	CHECK(mallopt(M_TOP_PAD, 0) == 1 && mallopt(M_TRIM_THRESHOLD, 0) == 1);
	malloc_trim(0);
	s = stats();
	p = hidden(malloc(400000));
	CHECK(stats().heap_bytes - s.heap_bytes <= 401408);
	free(p);
	CHECK(stats().heap_bytes == s.heap_bytes);
	CHECK(mallopt(-12345, 1) == 0);
	return 0;
}

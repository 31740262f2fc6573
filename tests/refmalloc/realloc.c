/* realloc.c - contents stay, through every kind of block; to 0 frees; in place where it can. */
#include "test.h"

static void fill(unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = i * 7 + 3;
}

static bool is_filled(const unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != (unsigned char)(i * 7 + 3))
			return false;
	return true;
}

int main(void)
{
	static const size_t sizes[] = {1,	40,	700,   9000,  40000, 90000, 131072, 200000,
				       3000000, 150000, 60000, 35000, 20000, 500,   3};
	size_t have = 10;
	unsigned char *p = hidden(realloc(NULL, have)), *moved;
	uint64_t frees = stats().frees, grown;

	fill(p, have);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		p = hidden(realloc(p, sizes[i]));
		CHECK(is_filled(p, have < sizes[i] ? have : sizes[i]));
		fill(p, have = sizes[i]);
	}
	CHECK(!hidden(realloc(p, 0)));
	CHECK(stats().frees == frees);

	p = hidden(malloc(100));
	CHECK(hidden(realloc(p, 103)) == p);
	free(p);
	p = hidden(malloc(50000));
	CHECK(hidden(realloc(p, 100000)) == p && hidden(realloc(p, 40000)) == p);
	free(p);
	p = hidden(malloc(40000000));
	fill(p, 1000);
	grown = stats().mremap_grow.bytes;
	moved = hidden(realloc(p, 80000000));
	CHECK(is_filled(moved, 1000) && stats().mremap_grow.bytes - grown == 40001536);
	free(moved);
	return 0;
}

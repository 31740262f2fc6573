/* check_overflow.c - check=1: one byte behind any kind of block is found when it is freed. */
#include "test.h"

static size_t size;

static void one_behind(void *volatile *block)
{
	*block = hidden(malloc(size));
	((char *)*block)[size]++;
	free(*block);
}

static void one_behind_aligned(void *volatile *block)
{
	*block = hidden(memalign(256, size));
	((char *)*block)[size]++;
	free(*block);
}

static void one_behind_calloc(void *volatile *block)
{
	*block = hidden(calloc(1, size));
	((char *)*block)[size]++;
	free(*block);
}

/* All of its last page is its caller's. */
static void one_behind_pages(void *volatile *block)
{
	size_t pages = (size + 4095) / 4096;

	*block = hidden(pvalloc(size));
	memset(*block, 1, pages * 4096);
	((char *)*block)[pages * 4096]++;
	free(*block);
}

static void one_behind_resized(void *volatile *block)
{
	*block = hidden(realloc(hidden(malloc(size + 10)), size));
	((char *)*block)[size]++;
	free(*block);
}

static void one_behind_realloc(void *volatile *block)
{
	*block = hidden(malloc(size));
	((char *)*block)[size]++;
	hidden(realloc(*block, size * 2));
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {1, 15, 16, 17, 100, 1024, 32768, 40960, 131000, 200000};

	(void)argc;
	with_options(argv, "check=1");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size = sizes[i];
		check_death(one_behind, "write behind the end of", true);
		check_death(one_behind_aligned, "write behind the end of", true);
		check_death(one_behind_calloc, "write behind the end of", true);
		check_death(one_behind_pages, "write behind the end of", true);
		check_death(one_behind_resized, "write behind the end of", true);
		check_death(one_behind_realloc, "write behind the end of", true);
		CHECK(malloc_usable_size(hidden(malloc(size))) == size);
	}
	return 0;
}

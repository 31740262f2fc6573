/* check_overflow.c - check=1: one byte behind any kind of block is found when it is freed. */
#include "test.h"

static size_t size;

static void one_behind(void *volatile *block)
{
	*block = hidden(malloc(size));
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
		check_death(one_behind_realloc, "write behind the end of", true);
		CHECK(malloc_usable_size(hidden(malloc(size))) == size);
	}
	return 0;
}

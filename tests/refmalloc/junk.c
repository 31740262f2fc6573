/* junk.c - new blocks and freed ones hold nothing that looks like data; calloc's are zero. */
#include "test.h"

static void check_filled(const unsigned char *p, size_t size, unsigned char with)
{
	for (size_t i = 0; i < size; i++)
		CHECK(p[i] == with);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {500, 20000, 100000, 3000000};
	unsigned char *p;

	(void)argc;
	with_options(argv, "junk mmap_threshold=1M trim_threshold=1G");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) * 3; i++) {
		size_t size = sizes[i / 3];

		p = hidden(malloc(size));
		check_filled(p, size, 0xa5);
		free(p);
		/* In the heap its memory is still there. */
		if (size < 1 << 20)
			check_filled(p, size, 0x5a);
		p = hidden(calloc(5, size / 5));
		check_filled(p, size, 0);
		free(p);
	}
	return 0;
}

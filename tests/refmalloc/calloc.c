/* calloc.c - zero, whatever was there before; an overflow is no memory. */
#include "test.h"

int main(void)
{
	static const size_t sizes[] = {1, 16, 100, 1024, 5000, 33000, 100000, 140000, 5000000};

	for (int round = 0; round < 20; round++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			char *p = hidden(calloc(1, sizes[i]));

			for (size_t k = 0; k < sizes[i]; k++)
				CHECK(p[k] == 0);
			memset(p, 0xff, malloc_usable_size(p));
			free(p);
		}
	errno = 0;
	CHECK(!hidden(calloc(SIZE_MAX / 2, 3)) && errno == ENOMEM);
	errno = 0;
	CHECK(!hidden(calloc((size_t)1 << 32, (size_t)1 << 32)) && errno == ENOMEM);
	return 0;
}

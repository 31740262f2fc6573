/* usable.c - all that malloc_usable_size says may be written, and is nobody else's. */
#include "test.h"

#define BLOCKS 2000

int main(void)
{
	static unsigned char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = hidden(malloc(i * 91 % 150000 / (1 + i % 40)));
		memset(blocks[i], i, malloc_usable_size(blocks[i]));
	}
	for (int i = 0; i < BLOCKS; i++)
		for (size_t k = 0; k < malloc_usable_size(blocks[i]); k++)
			CHECK(blocks[i][k] == (unsigned char)i);
	CHECK(malloc_usable_size(NULL) == 0);
	return 0;
}

/* alignment.c - every block is at a multiple of 16, of more where that is asked for. */
#include "test.h"

int main(void)
{
	for (size_t size = 0; size < 200000; size += 1 + size / 7)
		CHECK((uintptr_t)hidden(malloc(size)) % 16 == 0);
	for (size_t to = 1; to <= 1 << 22; to *= 2)
		for (size_t size = 0; size < 300000; size = size * 3 + 1) {
			char *p = hidden(memalign(to, size));

			CHECK(p && (uintptr_t)p % to == 0);
			memset(p, 1, size);
			CHECK(malloc_usable_size(p) >= size);
			free(p);
		}
	CHECK((uintptr_t)hidden(valloc(10)) % 4096 == 0);
	CHECK((uintptr_t)hidden(memalign(48, 10)) % 64 == 0);
	CHECK(malloc_usable_size(pvalloc(4097)) >= 8192);
	return 0;
}

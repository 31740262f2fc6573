/* errno.c - kept by free and by every call that succeeds; ENOMEM above PTRDIFF_MAX. */
#include "test.h"

#define REFUSED(call)                                                                              \
	do {                                                                                       \
		errno = 0;                                                                         \
		CHECK(!hidden(call) && errno == ENOMEM);                                           \
	} while (0)

int main(void)
{
	volatile size_t huge = (size_t)PTRDIFF_MAX + 1;
	void *p, *block = malloc(10);

	REFUSED(malloc(huge));
	REFUSED(malloc(PTRDIFF_MAX));
	REFUSED(malloc(SIZE_MAX));
	REFUSED(realloc(block, huge));
	REFUSED(realloc(NULL, SIZE_MAX));
	REFUSED(reallocarray(block, huge, 4));
	REFUSED(memalign(64, huge));
	REFUSED(aligned_alloc(4096, SIZE_MAX - 100));
	REFUSED(valloc(SIZE_MAX));
	REFUSED(pvalloc(SIZE_MAX));
	errno = 0;
	CHECK(!hidden(aligned_alloc(24, 48)) && errno == EINVAL);
	errno = 0;
	CHECK(!hidden(memalign(SIZE_MAX, 8)) && errno == EINVAL);
	errno = E2BIG;
	for (size_t size = 1; size < 40000000; size = size * 5 + 3) {
		p = hidden(malloc(size));
		CHECK(p && errno == E2BIG);
		p = hidden(realloc(p, size * 2));
		CHECK(p && errno == E2BIG);
		free(p);
		CHECK(errno == E2BIG);
	}
	malloc_trim(0);
	CHECK(errno == E2BIG);
	return 0;
}

/* posix_memalign.c - its result is its error; on failure it leaves the pointer and errno alone. */
#include "test.h"

int main(void)
{
	static const size_t bad[] = {0, 1, 2, 4, 7, 12, 24, 48, 4097};
	void *const untouched = (void *)0x1234;
	void *p = untouched;

	errno = E2BIG;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(posix_memalign(&p, bad[i], 100) == EINVAL && p == untouched);
	CHECK(posix_memalign(&p, 64, SIZE_MAX) == ENOMEM && p == untouched);
	CHECK(posix_memalign(&p, (size_t)1 << 62, 1) == ENOMEM && p == untouched);
	CHECK(posix_memalign(&p, 8, 100) == 0 && p != untouched && (uintptr_t)p % 16 == 0);
	CHECK(errno == E2BIG);
	free(p);
	return 0;
}

/* limit.c - at the end of memory NULL and ENOMEM, and all is well once there is some again. */
#include <sys/resource.h>

#include "test.h"

int main(void)
{
	struct rlimit limit = {64 << 20, 64 << 20};
	void **list = NULL, **p;
	size_t got = 0, again = 0;

	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	for (size_t i = 0; (p = hidden(malloc(1000 + i % 50 * 3000))); i++) {
		*p = list;
		list = p;
		got++;
	}
	CHECK(errno == ENOMEM && got > 500);
	CHECK(stats().failed == 1);
	for (; list; list = p) {
		p = *list;
		free(list);
	}
	for (size_t i = 0; i < got; i++) {
		p = hidden(malloc(1000 + i % 50 * 3000));
		CHECK(p || i > got * 9 / 10);
		if (!p)
			break;
		*p = list;
		list = p;
		again++;
	}
	CHECK(again >= got * 9 / 10);
	return 0;
}

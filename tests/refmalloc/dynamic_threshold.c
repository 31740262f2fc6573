/* dynamic_threshold.c - a large block that was freed makes its size one for the heap, up to 32 MiB.
 */
#include "test.h"

static enum refmalloc_route route_of(size_t size)
{
	struct refmalloc_stats before = stats(), after;
	void *p = hidden(malloc(size));

	after = stats();
	free(p);
	for (int route = 0; route < REFMALLOC_ROUTES; route++)
		if (after.route[route].calls > before.route[route].calls)
			return route;
	return REFMALLOC_ROUTES;
}

int main(void)
{
	CHECK(route_of(131071) == REFMALLOC_HEAP);
	CHECK(route_of(131072) == REFMALLOC_MMAP);
	CHECK(route_of(131072) == REFMALLOC_HEAP);
	CHECK(route_of(10000000) == REFMALLOC_MMAP);
	CHECK(route_of(10000000) == REFMALLOC_HEAP);
	CHECK(route_of(40000000) == REFMALLOC_MMAP);
	CHECK(route_of(40000000) == REFMALLOC_MMAP);
	return 0;
}

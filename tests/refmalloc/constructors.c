/* constructors.c - blocks from before main and main's end, and from the last destructor on. */
#include "test.h"

static void *early;

__attribute__((constructor(101))) static void first(void)
{
	early = hidden(malloc(1000));
	memset(early, 7, 1000);
}

__attribute__((destructor(101))) static void last(void)
{
	void *p = hidden(malloc(5000));

	CHECK(p && ((char *)early)[999] == 7);
	free(p);
	free(early);
}

static void at_exit(void)
{
	free(hidden(malloc(200000)));
}

int main(void)
{
	early = hidden(realloc(early, 2000));
	atexit(at_exit);
	return 0;
}

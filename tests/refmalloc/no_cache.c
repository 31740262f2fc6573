/* no_cache.c - cache=0: all threads share one heap; a block freed by any is the next one taken. */
#include "test.h"

static void *free_it(void *block)
{
	free(block);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *p;

	(void)argc;
	with_options(argv, "cache=0");
	p = hidden(malloc(500));
	CHECK(pthread_create(&thread, NULL, free_it, p) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(hidden(malloc(500)) == p);
	return 0;
}

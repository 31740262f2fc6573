/* deaths.c - a free that is none ends the program, with what, the address, and where from. */
#include "test.h"

static void twice(void *volatile *block)
{
	*block = hidden(malloc(100));
	free(*block);
	free(*block);
}

static void twice_pages(void *volatile *block)
{
	void *keep = hidden(malloc(60000));

	*block = hidden(malloc(60000));
	hidden(malloc(60000));
	free(*block);
	free(*block);
	free(keep);
}

static void twice_large(void *volatile *block)
{
	*block = hidden(malloc(60000000));
	free(*block);
	free(*block);
}

static void inside(void *volatile *block)
{
	*block = (char *)hidden(malloc(100)) + 16;
	free(*block);
}

/* Bits that a program keeps in a pointer, and has forgotten to take away. */
static void tagged(void *volatile *block)
{
	*block = (void *)((uintptr_t)hidden(malloc(100)) | (uintptr_t)0x5a5a << 48);
	free(*block);
}

static void inside_pages(void *volatile *block)
{
	*block = (char *)hidden(malloc(60000)) + 4096;
	free(*block);
}

static void on_stack(void *volatile *block)
{
	char local[64];

	*block = hidden(local + 16);
	free(*block);
}

static void never_taken(void *volatile *block)
{
	char *p = hidden(malloc(100));

	*block = p + malloc_usable_size(p) * 20;
	free(*block);
}

static void realloc_freed(void *volatile *block)
{
	*block = hidden(malloc(100));
	free(*block);
	hidden(realloc(*block, 200));
}

static void *free_it(void *block)
{
	free(block);
	return NULL;
}

static void twice_in_threads(void *volatile *block)
{
	pthread_t t;

	*block = hidden(malloc(100));
	pthread_create(&t, NULL, free_it, *block);
	pthread_join(t, NULL);
	free(*block);
}

int main(void)
{
	check_death(twice, "double free of", true);
	check_death(twice_pages, "double free of", true);
	check_death(twice_large, "invalid free of", true);
	check_death(twice_in_threads, "double free of", true);
	check_death(inside, "invalid free of", true);
	check_death(tagged, "invalid free of", true);
	check_death(inside_pages, "invalid free of", true);
	check_death(never_taken, "double free of", true);
	check_death(on_stack, "invalid free of", true);
	check_death(realloc_freed, "realloc of freed", true);
	return 0;
}

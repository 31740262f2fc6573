/*
 * front_malloc.c - libfront_malloc.so: an allocator that hands every call on to the next one.
 *
 * By a call from its own code, where an observer sees each twice; and its cfree goes on in its free
 * by a jump, so that there is one that may be reached both ways.
 */
#include <dlfcn.h>
#include <stdlib.h>

#define NEXT(name)                                                                                 \
	({                                                                                         \
		static __typeof__(&name) next;                                                     \
		if (!next)                                                                         \
			next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                         \
		next;                                                                              \
	})

/* What is done behind the call keeps it one, and no jump. */
static unsigned long calls;

void *malloc(size_t size)
{
	void *p = NEXT(malloc)(size);

	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p = NEXT(calloc)(n, size);

	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
	return p;
}

void *realloc(void *block, size_t size)
{
	void *p = NEXT(realloc)(block, size);

	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
	return p;
}

void free(void *block)
{
	NEXT(free)(block);
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
}

void cfree(void *block);
void cfree(void *block)
{
	free(block);
}

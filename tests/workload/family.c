/*
 * family.c - every function of the malloc family, and every way in which it can go.
 *
 * One thread; what it checks is what the manual says, under any allocator.  "family no-pvalloc":
 * this one has none, and libc's would be another allocator's.
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "say.h"

/* Not constants: the compiler would know that it goes wrong. */
static volatile size_t no_size = SIZE_MAX, half = SIZE_MAX / 2 + 1, much = 1UL << 50;

static bool has_pvalloc = true;

static void give(void)
{
	void *p = NULL;

	for (size_t size = 0; size < 300000; size = size * 3 + 1) {
		free(keep(malloc(size)));
		MUST(keep(malloc(size)));
		free(keep(calloc(3, size)));
		MUST(!posix_memalign(&p, 64, size));
		MUST(malloc_usable_size(p) >= size);
		free(keep(p));
		MUST(!posix_memalign(&p, 4096, size) && keep(p));
		free(keep(aligned_alloc(32, size)));
		free(keep(memalign(4096, size)));
		free(keep(memalign(8, size)));
		free(keep(valloc(size)));
		if (has_pvalloc)
			free(keep(pvalloc(size)));
	}
	free(NULL);
}

static void resize(void)
{
	void *p = keep(realloc(NULL, 100)), *stays = keep(malloc(3000)), *q;

	for (size_t size = 100; size < 3000000; size = size * 3 / 2) {
		MUST((p = keep(realloc(p, size))));
		q = keep(malloc(size)); /* or it would never move */
		MUST((p = keep(realloc(p, size + 1))));
		free(q);
	}
	MUST((p = keep(realloc(p, 10))));
	for (size_t size = 3000; size; size -= 500)
		MUST((stays = keep(realloc(stays, size))));
	MUST((p = keep(reallocarray(p, 7, 100))));
	MUST((p = keep(reallocarray(p, 10, 100000))));
	/* By what comes of it: freed, or a block of 0 bytes. */
	q = keep(realloc(p, 0));
	free(q);
	p = keep(realloc(NULL, 0));
	q = keep(reallocarray(p, 0, 100));
	free(q);
}

static void refuse(void)
{
	void *p = keep(malloc(1000)), *q = NULL;

	MUST(!keep(malloc(half)) && !keep(malloc(no_size - 100)));
	MUST(!keep(calloc(half, 3)) && !keep(calloc(half, 1)));
	MUST(!keep(realloc(p, half)) && !keep(realloc(NULL, half)));
	MUST(!keep(reallocarray(keep(p), half, 3)));
	MUST(!keep(memalign(64, half)) && !keep(aligned_alloc(64, half)));
	MUST(posix_memalign(&q, 64, half) && posix_memalign(&q, 3, 100) == EINVAL);
	MUST(posix_memalign(&q, 0, 100) == EINVAL && !keep(valloc(half)));
	/* What there could be, and is not. */
	MUST(!keep(malloc(much)) && !keep(calloc(8, much)) && !keep(realloc(keep(p), much)));
	MUST(posix_memalign(&q, 64, much) && !keep(memalign(64, much)));
	MUST(!keep(aligned_alloc(64, much)));
	free(keep(p));
}

/* Until there is no more. */
static void run_out(void)
{
	const size_t size = 1 << 20;
	struct rlimit limit, none = {0};
	void *blocks[2000], *p = keep(malloc(size)), *q = NULL;
	unsigned int n = 0, refused = 0;

	MUST(!getrlimit(RLIMIT_AS, &limit));
	none.rlim_max = limit.rlim_max;
	none.rlim_cur = 1; /* no mapping more */
	MUST(!setrlimit(RLIMIT_AS, &none));
	while (n < 2000 && (blocks[n] = keep(malloc(size))))
		n++;
	refused += !keep(realloc(p, 50 * size));
	refused += !keep(calloc(50, size));
	refused += !!posix_memalign(&q, 4096, 50 * size);
	refused += !keep(valloc(50 * size));
	MUST(!setrlimit(RLIMIT_AS, &limit));
	MUST(n < 2000 && refused == 4);
	while (n > 3)
		free(blocks[--n]);
	MUST((p = keep(realloc(p, 2 * size))));
}

int main(int argc, char **argv)
{
	has_pvalloc = argc < 2;
	give();
	resize();
	refuse();
	run_out();
	return 0;
}

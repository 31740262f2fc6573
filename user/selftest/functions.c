/*
 * functions.c - each function of the malloc family, called so and so often for so many bytes.
 */
#include "selftest/workload.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum fn { MALLOC, CALLOC, REALLOC, ALIGNED, POSIX_MEMALIGN, VALLOC, PVALLOC, FNS };

/*
 * What is one function in some versions of glibc, and two in others (memalign
 * and aligned_alloc; reallocarray, which goes through realloc), is one sum.
 */
#define BY "malloc.by_function."
static const char *const names[FNS][2] = {
	[MALLOC] = {BY "malloc.calls", BY "malloc.bytes"},
	[CALLOC] = {BY "calloc.calls", BY "calloc.bytes"},
	[REALLOC] = {BY "realloc,reallocarray.calls", BY "realloc,reallocarray.bytes"},
	[ALIGNED] = {BY "aligned_alloc,memalign.calls", BY "aligned_alloc,memalign.bytes"},
	[POSIX_MEMALIGN] = {BY "posix_memalign.calls", BY "posix_memalign.bytes"},
	[VALLOC] = {BY "valloc.calls", BY "valloc.bytes"},
	[PVALLOC] = {BY "pvalloc.calls", BY "pvalloc.bytes"},
};

static struct account all;
static uint64_t calls[FNS], bytes[FNS], frees, refused;

static void give_back(void *p)
{
	frees += p != NULL;
	free(p);
}

/* The largest request is for 1 GiB, which a small machine does not have. */
static void try_and_give_back(void *p)
{
	refused += !p;
	give_back(p);
}

static void count(enum fn fn, uint64_t size)
{
	account__add(&all, size);
	calls[fn]++;
	bytes[fn] += size;
}

static const size_t sizes[] = {0,   1,	 2,    16,   17,    24,	    128,    129,
			       500, 512, 1000, 4096, 40960, 131072, 200000, 1048576};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

static void plain(void)
{
	for (size_t i = 0; i < SIZES; i++) {
		void *p = keep(malloc(sizes[i]));

		count(MALLOC, sizes[i]);
		p = keep(realloc(p, 2 * sizes[i] + 3));
		count(REALLOC, 2 * sizes[i] + 3);
		give_back(p);
		p = keep(calloc(3, sizes[i]));
		count(CALLOC, 3 * sizes[i]);
		p = keep(reallocarray(p, 5, sizes[i] + 1));
		count(REALLOC, 5 * (sizes[i] + 1));
		give_back(p);
		p = keep(realloc(NULL, sizes[i] + 7));
		count(REALLOC, sizes[i] + 7);
		/* Which is free. */
		p = keep(realloc(p, 0));
		count(REALLOC, 0);
		give_back(p);
	}
}

static void aligned(void)
{
	for (size_t i = 0; i < SIZES; i++) {
		size_t alignment = 16ul << i % 9;
		void *p;

		try_and_give_back(keep(aligned_alloc(alignment, alignment * sizes[i])));
		count(ALIGNED, alignment * sizes[i]);
		give_back(keep(memalign(alignment, sizes[i])));
		count(ALIGNED, sizes[i]);
		MUST(!posix_memalign(&p, alignment, sizes[i]));
		give_back(keep(p));
		count(POSIX_MEMALIGN, sizes[i]);
		give_back(keep(valloc(sizes[i])));
		count(VALLOC, sizes[i]);
#ifdef __GLIBC__
		give_back(keep(pvalloc(sizes[i])));
		count(PVALLOC, sizes[i]);
#endif
	}
}

/* Requests that no memory could serve: calls of 0 bytes. */
static void impossible(void)
{
	volatile size_t huge = SIZE_MAX / 2 + 1;

	MUST(!keep(calloc(huge, 2)));
	MUST(!keep(calloc(huge, 1)));
	count(CALLOC, 0);
	count(CALLOC, 0);
	MUST(!keep(malloc(huge)));
	count(MALLOC, 0);
	all.impossible = 3;
}

void workload__functions(void)
{
	workload__mark();
	plain();
	aligned();
	impossible();
	expect__begin("functions", getpid(), 0);
	account__expect(&all);
	expect("malloc.impossible.calls", all.impossible);
	expect("malloc.failed.calls", all.impossible + refused);
	expect_blocks(frees, 0, 0);
	for (int fn = 0; fn < FNS; fn++) {
		expect(names[fn][0], calls[fn]);
		expect(names[fn][1], bytes[fn]);
	}
	expect__end();
}

/*
 * refmalloc.c - blocks of every kind from refmalloc, which counts all that it does.
 */
#include "selftest/workload.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "refmalloc.h"

#define BLOCKS 128
#define STEPS  4000

static const char *const functions[REFMALLOC_FUNCTIONS] = {
	"malloc",	 "calloc",	   "realloc", "reallocarray", "memalign",
	"aligned_alloc", "posix_memalign", "valloc",  "pvalloc",
};

static struct refmalloc_stats before, after;

static void mix(void)
{
	static void *blocks[BLOCKS];
	uint64_t seed = 7;

	for (int i = 0; i < STEPS; i++) {
		void **block = &blocks[pseudo_random(&seed) % BLOCKS];
		size_t size = 1 + pseudo_random(&seed) % (i % 16 ? 20000 : 400000);

		switch (pseudo_random(&seed) % 6) {
		case 0:
		case 1:
			free(*block);
			*block = keep(malloc(size));
			break;
		case 2:
			free(*block);
			*block = keep(calloc(2, size));
			break;
		case 3:
			*block = keep(realloc(*block, size));
			break;
		case 4:
			free(*block);
			*block = keep(memalign(256, size));
			break;
		default:
			free(*block);
			*block = NULL;
		}
	}
}

static uint64_t calls_of(const struct refmalloc_count *c, int n)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += c[i].calls;
	return sum;
}

static uint64_t bytes_of(const struct refmalloc_count *c, int n)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += c[i].bytes;
	return sum;
}

#define SINCE(field)		 (after.field - before.field)
#define CALLS_SINCE(field)	 SINCE(field.calls)
#define BYTES_SINCE(field)	 SINCE(field.bytes)
#define SUM_SINCE(sum, field, n) (sum(after.field, n) - sum(before.field, n))

static void expect_functions(void)
{
	char name[64];

	want("malloc.calls", SUM_SINCE(calls_of, function, REFMALLOC_FUNCTIONS));
	want("malloc.bytes", SUM_SINCE(bytes_of, function, REFMALLOC_FUNCTIONS));
	for (int i = 0; i < REFMALLOC_FUNCTIONS; i++) {
		snprintf(name, sizeof(name), "malloc.by_function.%s.calls", functions[i]);
		want(name, CALLS_SINCE(function[i]));
		snprintf(name, sizeof(name), "malloc.by_function.%s.bytes", functions[i]);
		want(name, BYTES_SINCE(function[i]));
	}
}

static void want_blocks(void)
{
	want("malloc.frees.calls", SINCE(frees));
	want("malloc.failed.calls", SINCE(failed));
	want("malloc.live_blocks", SUM_SINCE(calls_of, live, REFMALLOC_ROUTES));
	want("malloc.live_bytes", SUM_SINCE(bytes_of, live, REFMALLOC_ROUTES));
}

static void expect_kernel_side(void)
{
	uint64_t mapped = 0;

	for (int i = 0; i < REFMALLOC_MAPPINGS; i++)
		mapped += after.mapped[i] - before.mapped[i];
	expect("heap.bytes", after.heap_bytes);
	expect("heap.peak_bytes", after.heap_peak);
	expect("heap.grow.calls", CALLS_SINCE(brk_grow));
	expect("heap.grow.bytes", BYTES_SINCE(brk_grow));
	expect("heap.shrink.calls", CALLS_SINCE(brk_shrink));
	expect("heap.shrink.bytes", BYTES_SINCE(brk_shrink));
	expect("heap.query.calls", SINCE(brk_queries));
	expect("heap.failed.calls", SINCE(brk_failed));
	expect("mmap.anonymous.calls", SUM_SINCE(calls_of, mmap, REFMALLOC_MAPPINGS));
	expect("mmap.anonymous.bytes", SUM_SINCE(bytes_of, mmap, REFMALLOC_MAPPINGS));
	expect("mmap.anonymous.live_bytes", mapped);
	expect("mmap.munmap.calls", SUM_SINCE(calls_of, munmap, REFMALLOC_MAPPINGS));
	expect("mmap.munmap.bytes", SUM_SINCE(bytes_of, munmap, REFMALLOC_MAPPINGS));
	expect("mmap.mremap.grow_bytes", BYTES_SINCE(mremap_grow));
	expect("mmap.mremap.shrink_bytes", BYTES_SINCE(mremap_shrink));
	expect("mmap.failed.calls",
	       SINCE(mmap_failed) + SINCE(munmap_failed) + SINCE(mremap_failed));
	/* By cause: only who knows that refmalloc is an allocator can tell. */
	want("mmap.malloc.calls", CALLS_SINCE(mmap[REFMALLOC_MAP_BLOCK]));
	want("mmap.malloc.bytes", BYTES_SINCE(mmap[REFMALLOC_MAP_BLOCK]));
	want("mmap.malloc.live_bytes", SINCE(mapped[REFMALLOC_MAP_BLOCK]));
}

void workload__refmalloc(void)
{
	void (*stats)(struct refmalloc_stats *) = (void (*)(struct refmalloc_stats *))dlsym(
		RTLD_DEFAULT, "refmalloc_stats");

	if (!stats)
		workload__skip("librefmalloc.so is neither beside this program nor where the "
			       "loader looks");
	stats(&before);
	workload__mark();
	mix();
	stats(&after);
	expect__begin("refmalloc", getpid(), 0);
	expect_kernel_side();
	expect_functions();
	want_blocks();
	expect__end();
}

/*
 * glibc.c - blocks that come, grow, shrink and go, by glibc's own account of them.
 *
 * mallinfo2 says what the heap has of the kernel and what malloc has mapped; the
 * header of each block says whether it has a mapping of its own, and so does
 * each call's route.
 */
#include "selftest/workload.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#define BLOCKS 64
#define STEPS  3000

/* malloc/malloc.c */
#define IS_MMAPPED 2ul

static struct account all;
static uint64_t mmap_calls, mmap_bytes;
static uint64_t frees, live_blocks, live_bytes;

/* A block of so many bytes is no more: freed, or resized. */
static void gone(size_t size)
{
	live_blocks--;
	live_bytes -= size;
}

static void give_back(void *p, size_t size)
{
	if (p) {
		frees++;
		gone(size);
	}
	free(p);
}

static void *account(void *p, size_t size)
{
	MUST(p);
	live_blocks++;
	live_bytes += size;
	account__add(&all, size);
	if (((size_t *)p)[-1] & IS_MMAPPED) {
		mmap_calls++;
		mmap_bytes += size;
	}
	return p;
}

/* Most are small; some are large enough for a mapping, of up to 1 MiB. */
static size_t size_of(uint64_t r)
{
	return r % 8 ? 1 + r / 8 % 30000 : 100000 + r / 8 % 1000000;
}

static void mix(void **blocks)
{
	static size_t sizes[BLOCKS];
	uint64_t seed = 1;

	for (int i = 0; i < STEPS; i++) {
		int at = pseudo_random(&seed) % BLOCKS;
		void **block = &blocks[at];
		size_t size = size_of(pseudo_random(&seed)), old = sizes[at];

		sizes[at] = size;
		switch (pseudo_random(&seed) % 4) {
		case 0:
			give_back(*block, old);
			*block = account(keep(malloc(size)), size);
			break;
		case 1:
			give_back(*block, old);
			*block = account(keep(calloc(1, size)), size);
			break;
		case 2:
			if (*block)
				gone(old);
			*block = account(keep(realloc(*block, size)), size);
			break;
		default:
			give_back(*block, old);
			*block = NULL;
			if (i % 50 == 0)
				malloc_trim(0);
		}
	}
}

/* By mremap: from 1 MiB on, up and down again. */
static void *resize(void *p, size_t old, size_t size)
{
	gone(old);
	return account(keep(realloc(p, size)), size);
}

static void grow_large(void)
{
	size_t size = 1 << 20;
	char *p = account(keep(malloc(size)), size);

	for (int i = 1; i <= 20; i++) {
		p = resize(p, size, (1 << 20) + i * 70000);
		size = (1 << 20) + i * 70000;
	}
	p = resize(p, size, 200000);
	resize(p, 200000, 200001);
}

/* The heap's end goes back to the kernel with free, as soon as there is enough of it. */
static void shrink_heap(void)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = account(keep(malloc(60000)), 60000);
	for (int i = BLOCKS - 1; i >= 0; i--)
		give_back(blocks[i], 60000);
}

void workload__glibc(void)
{
	static void *blocks[BLOCKS];
	struct mallinfo2 info;

	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	workload__mark();
	mix(blocks);
	grow_large();
	shrink_heap();
	info = mallinfo2();
	expect__begin("glibc", getpid(), 0);
	expect("heap.bytes", info.arena);
	expect("mmap.malloc.live_regions", info.hblks);
	expect("mmap.malloc.live_bytes", info.hblkhd);
	expect("mmap.arena.live_bytes", 0);
	expect("mmap.direct.calls", 0);
	expect("malloc.route.mmap.calls", mmap_calls);
	expect("malloc.route.mmap.bytes", mmap_bytes);
	expect("malloc.route.heap.calls", all.calls - mmap_calls);
	expect("malloc.route.heap.bytes", all.bytes - mmap_bytes);
	expect("mmap.failed.calls", 0);
	account__expect(&all);
	expect_blocks(frees, live_blocks, live_bytes);
	expect__end();
}
#else
void workload__glibc(void)
{
	workload__skip("not glibc: not run");
}
#endif

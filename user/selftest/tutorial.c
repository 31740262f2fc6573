/*
 * tutorial.c - the questions that one begins with: where do 1024 bytes, ten pages and 35 come from?
 *
 * The answers are glibc's, on pages of 4096 bytes, and of a heap that nobody has
 * used before.
 */
#include "selftest/workload.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096ull

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
static void begin(void)
{
	if (sysconf(_SC_PAGESIZE) != PAGE)
		workload__skip("pages are not of 4096 bytes");
	if (mallinfo2().arena)
		workload__skip("a library of this program allocates before main");
	workload__mark();
}

static void expect_malloc(uint64_t calls, uint64_t bytes, uint64_t in_mmap)
{
	expect("malloc.calls", calls);
	expect("malloc.bytes", bytes);
	expect("malloc.route.heap.bytes", bytes - in_mmap);
	expect("malloc.route.mmap.bytes", in_mmap);
	expect_blocks(0, calls, bytes);
	expect("malloc.failed.calls", 0);
}

static void expect_heap(uint64_t pages, uint64_t calls)
{
	expect("heap.pages", pages);
	expect("heap.peak_bytes", pages * PAGE);
	expect("heap.grow.calls", calls);
	expect("heap.grow.bytes", pages * PAGE);
	expect("heap.shrink.calls", 0);
}

void workload__tutorial_heap(void)
{
	begin();
	MUST(keep(malloc(1024)));
	expect__begin("tutorial-heap", getpid(), 0);
	expect_heap(33, 1);
	expect_malloc(1, 1024, 0);
	expect("mmap.anonymous.calls", 0);
	expect__end();
}

void workload__tutorial_grow(void)
{
	begin();
	MUST(keep(malloc(1024)));
	for (int i = 0; i < 4; i++)
		MUST(keep(malloc(10 * PAGE)));
	expect__begin("tutorial-grow", getpid(), 0);
	expect_heap(73, 2);
	expect("brk_grow.le.262144", 2); /* of 135168 and of 163840 bytes */
	expect_malloc(5, 1024 + 4 * 10 * PAGE, 0);
	expect("mmap.anonymous.calls", 0);
	expect__end();
}

void workload__tutorial_mmap(void)
{
	begin();
	MUST(keep(malloc(1024)));
	MUST(keep(malloc(35 * PAGE)));
	expect__begin("tutorial-mmap", getpid(), 0);
	expect_heap(33, 1);
	expect_malloc(2, 1024 + 35 * PAGE, 35 * PAGE);
	expect("mmap.malloc.calls", 1);
	expect("mmap.malloc.bytes", 147456);
	expect("mmap.malloc.live_bytes", 147456);
	expect("mmap.malloc.live_regions", 1);
	expect("mmap.anonymous.calls", 1);
	expect__end();
}
#else
void workload__tutorial_heap(void)
{
	workload__skip("not glibc: not run");
}

void workload__tutorial_grow(void)
{
	workload__skip("not glibc: not run");
}

void workload__tutorial_mmap(void)
{
	workload__skip("not glibc: not run");
}
#endif

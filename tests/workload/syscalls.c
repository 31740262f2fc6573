/*
 * syscalls.c - brk, mmap, munmap and mremap in every form, the same on each run.
 *
 * For comparison with strace: successes and failures, partial and multiple
 * unmaps, moves, and a forked child that goes on in a copy of it all.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "say.h"

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static uintptr_t raw_brk(uintptr_t to)
{
	return syscall(SYS_brk, to);
}

static void brks(void)
{
	uintptr_t start = raw_brk(0);

	MUST(raw_brk(start + 10 * PAGE) == start + 10 * PAGE);
	MUST(raw_brk(start + 10 * PAGE + 5000) == start + 10 * PAGE + 5000);
	MUST(raw_brk(start + 3 * PAGE) == start + 3 * PAGE);
	/* Within the same page: the break moves, the mapping does not. */
	MUST(raw_brk(start + 3 * PAGE - 16) == start + 3 * PAGE - 16);
	MUST(raw_brk(0) == start + 3 * PAGE - 16);
	/* Where it is already; below the start; beyond the address space. */
	MUST(raw_brk(start + 3 * PAGE - 16) == start + 3 * PAGE - 16);
	MUST(raw_brk(PAGE) == start + 3 * PAGE - 16);
	MUST(raw_brk(UINTPTR_MAX) == start + 3 * PAGE - 16);
	MUST(sbrk(7 * PAGE) != (void *)-1);
	MUST(sbrk(INTPTR_MAX) == (void *)-1);
	for (int i = 0; i < 25; i++)
		MUST(sbrk(PAGE) != (void *)-1);
}

static void mmaps(void)
{
	for (size_t i = 1; i <= 40; i++) {
		char *p = mmap(NULL, i * 3000, RW, ANON, -1, 0);

		MUST(p != MAP_FAILED);
		if (i % 2)
			MUST(munmap(p, i * 3000) == 0);
		else if (i % 4)
			MUST(munmap(p, 1) == 0);
	}
	MUST(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED);
	MUST(mmap(NULL, SIZE_MAX, RW, ANON, -1, 0) == MAP_FAILED);
	MUST(mmap(NULL, 1UL << 50, RW, ANON, -1, 0) == MAP_FAILED);
	MUST(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0) == MAP_FAILED);
	MUST(mmap((void *)1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
	MUST(syscall(SYS_mmap, NULL, 5 * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) != -1);
	MUST(mmap(NULL, PAGE, RW, ANON | MAP_STACK, -1, 0) != MAP_FAILED);
	MUST(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

/* Two neighbours and the hole behind them with one munmap; what was never mapped; and errors. */
static void munmaps(void)
{
	char *p = mmap(NULL, 30 * PAGE, RW, ANON, -1, 0);

	MUST(p != MAP_FAILED);
	MUST(munmap(p + 10 * PAGE, 10 * PAGE) == 0);
	MUST(mmap(p + 10 * PAGE, 5 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + 10 * PAGE);
	MUST(munmap(p, 25 * PAGE) == 0);
	MUST(munmap(p, 25 * PAGE) == 0);
	MUST(munmap(p + 1, PAGE) == -1);
	MUST(munmap(p, 0) == -1);
}

static void mremaps(void)
{
	char *p = mmap(NULL, 64 * PAGE, RW, ANON, -1, 0);
	char *moved;

	MUST(p != MAP_FAILED);
	MUST(mremap(p, 64 * PAGE, 32 * PAGE, 0) == p);
	MUST(mremap(p, 32 * PAGE, 64 * PAGE, 0) == p);
	MUST(mremap(p, 64 * PAGE, 64 * PAGE, 0) == p);
	moved = mremap(p, 64 * PAGE, 5000 * PAGE, MREMAP_MAYMOVE);
	MUST(moved != MAP_FAILED);
	p = mmap(NULL, 100 * PAGE, RW, ANON, -1, 0);
	MUST(p != MAP_FAILED);
	MUST(mremap(moved, 5000 * PAGE, 60 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 8 * PAGE) ==
	     p + 8 * PAGE);
	/* Part of a mapping, moved out of it. */
	MUST(mremap(p + 8 * PAGE, 4 * PAGE, 9 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
	MUST(mremap(p, 8 * PAGE, 1UL << 50, MREMAP_MAYMOVE) == MAP_FAILED);
	MUST(mremap(p + 1, PAGE, PAGE, 0) == MAP_FAILED);
	MUST(mremap(p, PAGE, 0, 0) == MAP_FAILED);
}

int main(void)
{
	int status;
	pid_t child;

	brks();
	mmaps();
	munmaps();
	mremaps();
	child = fork();
	MUST(child >= 0);
	if (!child) {
		brks();
		munmaps();
		_exit(0);
	}
	MUST(waitpid(child, &status, 0) == child && status == 0);
	mmaps();
	_exit(0);
}

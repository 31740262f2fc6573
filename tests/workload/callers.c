/*
 * callers.c - functions that call mmap, each so many times, and code in no file that does.
 *
 * Whoever reads of it finds these very names.  Each calls for sizes of its own; a
 * part is given back, and some grows by another one's mremap.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "say.h"

#define PAGE	  4096UL
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

typedef void *(*mapper)(void *addr, size_t len, int prot, int flags, int fd, off_t offset);

/* Not the last thing that they do: a jump to mmap would be their caller's call. */
__attribute__((noinline)) static void *first_caller_of_mmap(size_t pages)
{
	void *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);

	MUST(at != MAP_FAILED);
	return at;
}

/* Two places in one function. */
__attribute__((noinline)) static void second_caller_of_mmap(void)
{
	MUST(mmap(NULL, 3 * PAGE, PROT_READ, ANONYMOUS, -1, 0) != MAP_FAILED);
	MUST(mmap(NULL, 5 * PAGE, PROT_NONE, ANONYMOUS, -1, 0) != MAP_FAILED);
}

__attribute__((noinline)) static void caller_by_number(void)
{
	MUST(syscall(SYS_mmap, NULL, PAGE, PROT_READ, ANONYMOUS, -1, 0) != -1);
}

__attribute__((noinline)) static void somebody_who_grows_it(void *at)
{
	MUST(mremap(at, 2 * PAGE, 9 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
}

/* mmap's system call, as a JIT would write it: mov $9, %eax; mov %rcx, %r10; syscall; ret */
static mapper generate(void)
{
	static const unsigned char code[] = {0xb8, 9, 0, 0, 0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3};
	void *at = first_caller_of_mmap(1);

	memcpy(at, code, sizeof(code));
	MUST(!mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	return (mapper)at;
}

int main(void)
{
	void *blocks[10];
	mapper jit = generate();
	pid_t child;

	for (int i = 0; i < 10; i++)
		blocks[i] = first_caller_of_mmap(2);
	for (int i = 0; i < 4; i++)
		MUST(!munmap(blocks[i], 2 * PAGE));
	somebody_who_grows_it(blocks[9]);
	for (int i = 0; i < 7; i++)
		second_caller_of_mmap();
	for (int i = 0; i < 6; i++)
		MUST(jit(NULL, 4 * PAGE, PROT_READ, ANONYMOUS, -1, 0) != MAP_FAILED);
	caller_by_number();
	caller_by_number();
	child = fork();
	MUST(child >= 0);
	if (!child) {
		MUST(!munmap(blocks[8], PAGE));
		first_caller_of_mmap(3);
		wait_for_test();
		_exit(0);
	}
	say("{\"pid\": %d, \"child\": %d, "
	    "\"first\": [11, %lu, %lu], \"second\": [14, %lu, %lu], \"none\": [6, %lu, %lu], "
	    "\"number\": [2, %lu, %lu], \"number_child\": [0, 0, %lu], "
	    "\"first_child\": [1, %lu, %lu], \"second_child\": [0, 0, %lu], "
	    "\"none_child\": [0, 0, %lu]}\n",
	    getpid(), child, 21 * PAGE, (21 - 8 + 7) * PAGE, 7 * 8 * PAGE, 7 * 8 * PAGE, 24 * PAGE,
	    24 * PAGE, 2 * PAGE, 2 * PAGE, 2 * PAGE, 3 * PAGE, (20 - 1 + 3) * PAGE, 7 * 8 * PAGE,
	    24 * PAGE);
	wait_for_test();
	MUST(waitpid(child, NULL, 0) == child);
	_exit(0);
}

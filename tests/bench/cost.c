/*
 * cost.c - what one call takes, as the program itself sees it.
 *
 * cost: nanoseconds of a malloc/free pair, of an mmap/munmap pair, and of a
 * system call that nobody traces, one line each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void malloc_pair(void)
{
	void *p = malloc(100);

	__asm__ volatile("" : : "r"(p) : "memory");
	free(p);
}

static void mmap_pair(void)
{
	void *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, 16384);
}

static void other_call(void)
{
	syscall(SYS_getppid);
}

static void measure(const char *what, void (*call)(void), long times)
{
	double from = now_ns();

	for (long i = 0; i < times; i++)
		call();
	printf("%s %.1f\n", what, (now_ns() - from) / times);
}

int main(void)
{
	measure("malloc+free", malloc_pair, 300000);
	measure("mmap+munmap", mmap_pair, 50000);
	measure("getppid", other_call, 500000);
	return 0;
}

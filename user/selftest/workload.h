/*
 * workload.h - a program with known answers: what each of them is given.
 *
 * No stdio beside vsnprintf and no allocation in here: what a workload does to
 * its memory is exactly what it says it does.
 */
#ifndef BRKSCOPE_SELFTEST_WORKLOAD_H
#define BRKSCOPE_SELFTEST_WORKLOAD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct workload {
	const char *name;
	void (*run)(void);
	bool refmalloc; /* runs under librefmalloc.so */
	bool bare;	/* makes system calls only: whose malloc this is does not matter */
};

/* Ends with a name of NULL. */
extern const struct workload workloads[];

/* The hidden subcommand; argv[0] is its name.  An exit status. */
int workload__main(int argc, char **argv);
/* The arguments by which this program becomes another workload, for execv; in static memory. */
char **workload__argv(const char *name);

/* What is measured begins here. */
void workload__mark(void);

/* A block of what is to be expected; see brkscope/selftest.h. */
void expect__begin(const char *label, pid_t pid, pid_t parent);
void expect(const char *quantity, uint64_t value);
void want(const char *quantity, uint64_t value);
void expect__end(void);
/* Blocks of their own, and the end of the process. */
_Noreturn void workload__skip(const char *reason);
_Noreturn void workload__fail(const char *file, int line, const char *what, int err);

/* As the kernel has it: start_brk, and bytes of whole pages from there to the break. */
uint64_t workload__heap_bytes(void);

/* A workload whose own calls do not do what it says would expect what cannot come. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			workload__fail(__FILE__, __LINE__, #condition, errno);                     \
	} while (0)

/* Keeps the compiler from removing an allocation that nothing uses. */
static inline void *keep(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

/* Numbers that are the same in every run. */
static inline uint64_t pseudo_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* An allocation call, counted as brkscope counts it. */
#define ACCOUNT_BUCKETS 64
struct account {
	uint64_t calls, bytes, impossible;
	uint64_t bucket[ACCOUNT_BUCKETS]; /* i: sizes above 2^(i-1), up to 2^i */
};
void account__add(struct account *a, uint64_t bytes);
/* At level live. */
void expect_blocks(uint64_t frees, uint64_t live_blocks, uint64_t live_bytes);
/* malloc.calls, malloc.bytes, and each bucket that is not empty. */
void account__expect(const struct account *a);

#define WORKLOAD(name) void workload__##name(void)
WORKLOAD(tutorial_heap);
WORKLOAD(tutorial_grow);
WORKLOAD(tutorial_mmap);
WORKLOAD(functions);
WORKLOAD(glibc);
WORKLOAD(arenas);
WORKLOAD(mapper);
WORKLOAD(breaks);
WORKLOAD(stacks);
WORKLOAD(leader);
WORKLOAD(fork);
WORKLOAD(vfork);
WORKLOAD(exec);
WORKLOAD(exec_then);
WORKLOAD(touch);
WORKLOAD(burst);
WORKLOAD(refmalloc);

#endif

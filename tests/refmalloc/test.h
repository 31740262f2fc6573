/*
 * test.h - what the tests of refmalloc share.  Each is a program linked with the library, which
 * shows one behaviour and ends with 0.
 */
#ifndef REFMALLOC_TEST_H
#define REFMALLOC_TEST_H

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refmalloc.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition,     \
				strerror(errno));                                                  \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Not for the compiler to see through. */
static inline void *hidden(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static inline struct refmalloc_stats stats(void)
{
	struct refmalloc_stats s;

	refmalloc_stats(&s);
	return s;
}

/* In a child by fork, which ends with 0 by _exit(). */
static inline void run_child(void (*child)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		child();
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Starts the program again with these options, unless it has them. */
static inline void with_options(char **argv, const char *options)
{
	const char *have = getenv("REFMALLOC_OPTIONS");

	if (have && strcmp(have, options) == 0)
		return;
	setenv("REFMALLOC_OPTIONS", options, 1);
	execv("/proc/self/exe", argv);
	CHECK(!"exec");
}

/*
 * f in a child ends it by SIGABRT with exactly one line on standard error: the message, the address
 * that f left in *block, and where from, which is in this program, if the message says it.
 */
static inline void check_death(void (*f)(void *volatile *block), const char *message, bool place)
{
	void *volatile *block = mmap(NULL, sizeof(*block), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char said[1024], expected[1024], program[512];
	unsigned long caller = 0, offset = 0;
	const char *from;
	int to[2], status;
	ssize_t len;
	pid_t child;

	CHECK(block != MAP_FAILED && pipe(to) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		dup2(to[1], 2);
		f(block);
		_exit(0);
	}
	close(to[1]);
	len = read(to[0], said, sizeof(said) - 1);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(len > 0);
	said[len] = '\0';
	len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	CHECK(len > 0);
	program[len] = '\0';
	/* The two numbers that only the linker and the loader know are taken as they are. */
	from = strstr(said, ", called from ");
	if (place && from) {
		sscanf(from, ", called from 0x%lx", &caller);
		from = strchr(from, '+');
		sscanf(from ? from : "", "+0x%lx", &offset);
		CHECK(caller > offset && offset > 0);
		snprintf(expected, sizeof(expected),
			 "refmalloc: %s %p, called from 0x%lx (%s+0x%lx)\n", message, *block,
			 caller, program, offset);
	} else {
		snprintf(expected, sizeof(expected), "refmalloc: %s %p\n", message, *block);
	}
	if (strcmp(said, expected) != 0)
		dprintf(2, "expected: %swas: %s", expected, said);
	CHECK(strcmp(said, expected) == 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	close(to[0]);
	munmap((void *)block, sizeof(*block));
}

#endif

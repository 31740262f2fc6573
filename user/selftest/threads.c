/*
 * threads.c - stacks of threads; and a process whose first thread ends while another goes on.
 */
#include "selftest/workload.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS	   4
#define STACK_SIZE (256ul << 10)
#define MAPS	   5

static pthread_barrier_t barrier;

static void *wait_twice(void *arg)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void map_pages(size_t pages)
{
	MUST(mmap(NULL, pages * sysconf(_SC_PAGESIZE), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0) != MAP_FAILED);
}

/* The C library maps the stacks: with what flags, and how much beside what was asked, glibc's. */
void workload__stacks(void)
{
#ifdef __GLIBC__
	pthread_t threads[THREADS];
	pthread_attr_t attr;

	MUST(!pthread_barrier_init(&barrier, NULL, THREADS + 1));
	MUST(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, STACK_SIZE) &&
	     !pthread_attr_setguardsize(&attr, 0));
	workload__mark();
	for (int i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], &attr, wait_twice, NULL));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		MUST(!pthread_join(threads[i], NULL));
	/* A thread's end is not the process's. */
	map_pages(1);
	expect__begin("stacks", getpid(), 0);
	expect("mmap.stack.calls", THREADS);
	expect("mmap.stack.bytes", THREADS * STACK_SIZE);
	/* It keeps them for the next threads. */
	expect("mmap.stack.live_bytes", THREADS * STACK_SIZE);
	expect("mmap.stack.live_regions", THREADS);
	expect("mmap.direct.calls", 1);
	expect("mmap.direct.live_bytes", sysconf(_SC_PAGESIZE));
	expect__end();
#else
	workload__skip("not glibc: not run");
#endif
}

static pthread_t leader;

static void *go_on(void *arg)
{
	MUST(!pthread_join(leader, NULL));
	for (int i = 0; i < MAPS; i++)
		map_pages(3);
	expect__begin("leader", getpid(), 0);
	expect("mmap.direct.calls", MAPS + 1);
	expect("mmap.direct.live_bytes", (MAPS * 3 + 1) * sysconf(_SC_PAGESIZE));
	expect__end();
	_exit(0);
}

/* By the system call: the C library's own way may load a library to unwind the stack. */
void workload__leader(void)
{
	pthread_t thread;

	workload__mark();
	map_pages(1);
	leader = pthread_self();
	MUST(!pthread_create(&thread, NULL, go_on, NULL));
	syscall(SYS_exit, 0);
}

/*
 * family.c - children by fork and by vfork, and a process that becomes another program.
 */
#include "selftest/workload.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t page(void)
{
	return sysconf(_SC_PAGESIZE);
}

static void *map_pages(size_t pages)
{
	void *p = mmap(NULL, pages * page(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

static void expect_direct(uint64_t calls, uint64_t pages, uint64_t live_pages)
{
	expect("mmap.direct.calls", calls);
	expect("mmap.direct.bytes", pages * page());
	expect("mmap.direct.live_bytes", live_pages * page());
}

static void wait_for(pid_t child)
{
	int status;

	MUST(child > 0 && waitpid(child, &status, 0) == child && !status);
}

/* The child has what its parent had, and the parent nothing of what the child does. */
static void be_child(char *inherited, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	MUST(getppid() == parent);
	map_pages(5);
	MUST(!munmap(inherited + 2 * page(), 2 * page()));
	MUST(keep(malloc(3000)));
	expect__begin("fork-child", getpid(), parent);
	expect_direct(1, 5, 20 - 2 + 5);
	expect("mmap.munmap.calls", 1);
	expect("mmap.munmap.bytes", 2 * page());
	expect("malloc.calls", 1);
	expect("malloc.bytes", 3000);
	expect_blocks(0, 2, 1000 + 3000);
	expect("heap.bytes", workload__heap_bytes());
	expect__end();
	_exit(0);
}

void workload__fork(void)
{
	char *mapped;
	pid_t parent = getpid(), child;

	MUST(keep(malloc(200)));
	workload__mark();
	mapped = map_pages(20);
	MUST(keep(malloc(1000)));
	child = fork();
	if (!child)
		be_child(mapped, parent);
	wait_for(child);
	MUST(keep(malloc(2000)));
	map_pages(1);
	expect__begin("fork", getpid(), 0);
	expect_direct(2, 21, 21);
	expect("mmap.munmap.calls", 0);
	expect("malloc.calls", 2);
	expect("malloc.bytes", 3000);
	expect_blocks(0, 2, 3000);
	expect("heap.bytes", workload__heap_bytes());
	expect__end();
}

/* The calls are the child's; what they map is mapped in the parent. */
void workload__vfork(void)
{
	pid_t child;

	workload__mark();
	map_pages(2);
	child = vfork();
	if (!child) {
		map_pages(7);
		_exit(0);
	}
	wait_for(child);
	expect__begin("vfork-child", child, getpid());
	expect("mmap.direct.calls", 1);
	expect("mmap.direct.bytes", 7 * page());
	expect__end();
	expect__begin("vfork", getpid(), 0);
	expect_direct(1, 2, 9);
	expect__end();
}

#define BEFORE_EXEC 50
#define AFTER_EXEC  3

/* One row: the calls of both programs, and live only what the second one has. */
void workload__exec(void)
{
	workload__mark();
	map_pages(BEFORE_EXEC);
	MUST(keep(malloc(500000)));
	execv("/proc/self/exe", workload__argv("exec-then"));
	MUST(!"execv");
}

void workload__exec_then(void)
{
	workload__mark();
	map_pages(AFTER_EXEC);
	MUST(keep(malloc(100)));
	expect__begin("exec", getpid(), 0);
	expect("execs", 1);
	expect_direct(2, BEFORE_EXEC + AFTER_EXEC, AFTER_EXEC);
	expect("mmap.malloc.live_bytes", 0);
	expect("malloc.calls", 2);
	expect("malloc.bytes", 500100);
	expect_blocks(0, 1, 100);
	expect("heap.bytes", workload__heap_bytes());
	expect__end();
}

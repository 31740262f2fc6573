/*
 * midway.c - calls of the libc's own malloc that are interrupted between their beginning and their
 * end: their handlers allocate, some never return, and some fork.
 *
 * midway N: N large requests, for each of which malloc maps memory; a filter answers that by
 * SIGSYS, before malloc has changed anything of its own.  Single-threaded: so it holds no lock then
 * either, and a handler may call it.  It prints what it has counted itself, and each child of it
 * what it has since it was forked.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "trap.h"

#define TRAPPED	 0x345000 /* bytes, of which nobody else maps a piece */
#define LARGE	 (TRAPPED - 2000)
#define DEEPEST	 3
#define CHILDREN 12

enum way { GO_ON, NEVER_RETURN, FORK, GO_DEEPER, WAYS };

static struct {
	unsigned long calls, bytes, frees, failed, blocks, block_bytes;
} counts;
static sigjmp_buf out;
static volatile int round_number, depth, children;
static bool is_child;

static void begin(size_t size)
{
	counts.calls++;
	counts.bytes += size;
}

static void *had(void *block, size_t size)
{
	MUST(block);
	counts.blocks++;
	counts.block_bytes += size;
	return block;
}

static void *take(size_t size)
{
	begin(size);
	return had(keep(malloc(size)), size);
}

static void give(void *block, size_t size)
{
	free(block);
	counts.frees++;
	counts.blocks--;
	counts.block_bytes -= size;
}

/* Some that the thread's cache serves, some that the heap does, one with a mapping of its own. */
static void allocate(void)
{
	static const size_t sizes[] = {24, 24, 500, 5000, 20000, 200000};
	void *blocks[6];

	for (int i = 0; i < 6; i++)
		blocks[i] = take(sizes[i] + round_number % 7);
	for (int i = 0; i < 6; i++)
		if (i != round_number % 6)
			give(blocks[i], sizes[i] + round_number % 7);
}

static void divide(void)
{
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid) {
		is_child = true;
		counts.calls = counts.bytes = counts.frees = counts.failed = 0;
		/* The child's first call may be of another function, and may not. */
		if (round_number % 8 < WAYS) {
			begin(100);
			give(had(keep(calloc(1, 100)), 100), 100);
		}
		return;
	}
	children++;
	MUST(waitpid(pid, &status, 0) == pid && !status);
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	enum way way = (enum way)(round_number % WAYS);
	size_t size;
	void *block;

	allocate();
	if (way == GO_DEEPER && depth < DEEPEST) {
		size = LARGE + ++depth;
		begin(size);
		block = had(keep(malloc(size)), size);
		give(block, size);
	}
	if (way == NEVER_RETURN)
		siglongjmp(out, 1);
	if (way == FORK && children < CHILDREN && !is_child)
		divide();
	/* It is served by the heap then. */
	trap_refuse(context);
}

/* The same frame again and again, whether the call before was left or not. */
static void ask(void)
{
	void *volatile block = NULL;

	depth = 0;
	if (!sigsetjmp(out, 1)) {
		begin(LARGE);
		block = had(keep(malloc(LARGE)), LARGE);
	}
	if (block && round_number % 3)
		give(block, LARGE);
	give(take(40), 40);
	give(take(3000), 3000);
}

int main(int argc, char **argv)
{
	const int n = (int)number(argc > 1 ? argv[1] : "");

	MUST(mallopt(M_MMAP_THRESHOLD, 128 * 1024));
	trap_mmap(TRAPPED, on_trap);
	for (round_number = 0; round_number < n && !is_child; round_number++)
		ask();
	begin(1ul << 50);
	counts.failed += !keep(malloc(1ul << 50));
	begin(0); /* it asks for more than there can be */
	counts.failed += !keep(malloc((size_t)round_number + PTRDIFF_MAX));
	say("{\"pid\": %d, \"calls\": %lu, \"bytes\": %lu, \"frees\": %lu, \"failed\": %lu, "
	    "\"live_blocks\": %lu, \"live_bytes\": %lu}\n",
	    getpid(), counts.calls, counts.bytes, counts.frees, counts.failed, counts.blocks,
	    counts.block_bytes);
	_exit(0);
}

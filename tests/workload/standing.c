/*
 * standing.c - a process with one mapping of each kind that an agent may find there already.
 *
 * Threads with stacks of several sizes and guards, one of them at work on a
 * coroutine's stack, one on a stack in a block of malloc's; memory that is
 * shared, that grows by faults, that is of a file deleted since; a heap with a
 * mapping of its kind right above it.  Prints what the threads' library says of
 * the stacks, and the rest as it asked for it, and waits for a byte.
 * standing leaderless: the first thread ends before.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "say.h"

#define PAGE   4096UL
#define STACKS 7
#define OTHERS 1 /* threads on a stack that was not mapped for them */

static struct {
	unsigned long stacks, stack_bytes, heap_start, heap_end;
} truth;
static pthread_barrier_t ready;
static bool leaderless;

static void *map(unsigned long bytes, int flags, int fd)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	MUST(at != MAP_FAILED);
	return at;
}

static void wait_here(void)
{
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
}

static void *stand(void *arg)
{
	wait_here();
	return NULL;
}

static void *stand_elsewhere(void *arg)
{
	static ucontext_t here, there;
	/* Between two that it cannot merge with. */
	char *room = map(18 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	MUST(mprotect(room, PAGE, PROT_READ) == 0 &&
	     mprotect(room + 17 * PAGE, PAGE, PROT_READ) == 0 && getcontext(&there) == 0);
	there.uc_stack.ss_sp = room + PAGE;
	there.uc_stack.ss_size = 16 * PAGE;
	makecontext(&there, wait_here, 0);
	swapcontext(&here, &there);
	return NULL;
}

/* Of whole pages, as the stack was mapped, by what the library says of the running thread. */
static void add_stack(pthread_t id)
{
	size_t size, guard;
	pthread_attr_t attr;
	void *low;

	MUST(pthread_getattr_np(id, &attr) == 0 && pthread_attr_getstack(&attr, &low, &size) == 0 &&
	     pthread_attr_getguardsize(&attr, &guard) == 0);
	truth.stacks++;
	truth.stack_bytes += size + guard;
	pthread_attr_destroy(&attr);
}

static void start(void *(*run)(void *), unsigned long size, unsigned long guard, void *own)
{
	pthread_attr_t attr;
	pthread_t id;

	MUST(pthread_attr_init(&attr) == 0);
	if (own)
		MUST(pthread_attr_setstack(&attr, own, size) == 0);
	else
		MUST(pthread_attr_setstacksize(&attr, size) == 0 &&
		     pthread_attr_setguardsize(&attr, guard) == 0);
	MUST(pthread_create(&id, &attr, run, NULL) == 0);
	if (!own)
		add_stack(id);
}

/* What is mapped right above the break is, to the kernel, the same mapping as the heap. */
static void map_above_heap(void)
{
	MUST(keep(malloc(1000)));
	truth.heap_end = (unsigned long)sbrk(0);
	MUST(truth.heap_end % PAGE == 0);
	MUST(mmap((void *)truth.heap_end, 5 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		  0) == (void *)truth.heap_end);
}

static void *report(void *arg)
{
	if (leaderless)
		sleep(1); /* the first thread is to have ended, and cannot be joined */
	say("{\"pid\": %d, \"stacks\": %lu, \"stack_bytes\": %lu, \"file_bytes\": %lu, "
	    "\"heap_start\": %lu, \"heap_end\": %lu, \"unattributed_bytes\": %lu}\n",
	    getpid(), truth.stacks, truth.stack_bytes, 4 * PAGE, truth.heap_start, truth.heap_end,
	    (2 + 3 + 18 + 5) * PAGE);
	wait_for_test();
	_exit(0);
}

int main(int argc, char **argv)
{
	char name[] = "/tmp/brkscope-standing.XXXXXX";
	int fd = mkstemp(name);
	void *own;

	leaderless = argc > 1;
	truth.heap_start = (unsigned long)sbrk(0); /* nothing has been allocated yet */
	MUST(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0);
	map(4 * PAGE, MAP_SHARED, fd);
	MUST(unlink(name) == 0);
	close(fd);
	map(3 * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	map(2 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);

	MUST(pthread_barrier_init(&ready, NULL, STACKS + OTHERS) == 0);
	start(stand, 8UL << 20, PAGE, NULL);
	start(stand, 8UL << 20, PAGE, NULL);
	start(stand, 64 * PAGE, 16 * PAGE, NULL);
	start(stand, 64 * PAGE, 0, NULL);
	start(stand, 64 * PAGE, 0, NULL);
	start(stand_elsewhere, 128 * PAGE, PAGE, NULL);
	MUST(posix_memalign(&own, PAGE, 32 * PAGE) == 0);
	start(stand, 32 * PAGE, 0, own);
	pthread_barrier_wait(&ready);
	map_above_heap();
	start(report, 64 * PAGE, PAGE, NULL);
	if (leaderless)
		pthread_exit(NULL);
	for (;;)
		pause();
}

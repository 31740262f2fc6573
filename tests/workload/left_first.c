/*
 * left_first.c - a thread's first call of malloc is left while libc sets the thread's own memory
 * up, and the next one has the same frame.
 *
 * A filter answers by SIGSYS where libc maps an arena, before it has changed anything of its own.
 * It prints its PID and what the calls have given: the handler's, of 103 bytes, and the next one,
 * of 3001.  The first asked for 41.
 */
#include <pthread.h>
#include <setjmp.h>

#include "trap.h"

#define ARENA                                                                                      \
	(2 * 64 * 1024 * 1024) /* glibc's HEAP_MAX_SIZE, malloc/arena.c, twice: to align it        \
				*/

static sigjmp_buf out;
static volatile int trapped;
static void *volatile of_handler, *volatile of_next;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	if (!trapped++) {
		of_handler = keep(malloc(103));
		siglongjmp(out, 1);
	}
	trap_refuse(context);
}

static void *run(void *arg)
{
	static const size_t sizes[] = {41, 3001};

	for (volatile int i = 0; i < 2; i++)
		if (!sigsetjmp(out, 1))
			of_next = keep(malloc(sizes[i]));
	return NULL;
}

int main(void)
{
	pthread_t thread;

	trap_mmap(ARENA, on_trap);
	MUST(!pthread_create(&thread, NULL, run, NULL) && !pthread_join(thread, NULL) && trapped);
	say("{\"pid\": %d, \"103\": %lu, \"3001\": %lu}\n", getpid(), (unsigned long)of_handler,
	    (unsigned long)of_next);
	_exit(0);
}

/*
 * fork.c - handlers that hold all locks while a process forks, so that its child finds nothing half
 * done but what other threads did with blocks of their own.
 *
 * Handlers of others may allocate, or wait for threads that do.  So these are registered before any
 * other: then they come last before the fork, and first behind it.
 */
#include "fork.h"

#include <pthread.h>

#include "pages.h"
#include "peaks.h"
#include "sys.h"
#include "threads.h"

bool fork_watched;
static bool counts_anew;

static void before(void)
{
	threads__lock_all();
	pages__lock_all();
}

static void after(void)
{
	pages__unlock_all();
	threads__unlock_all();
}

static void in_child(void)
{
	if (counts_anew) {
		threads__sum_locked(&before_this_process);
		sys__reset_in_child();
		peaks__reset_in_child();
	}
	pages__open_in_child();
	threads__open_in_child();
}

/* Once: registering may allocate, and so come here again, under a lock of libc's. */
void fork__watch(void)
{
	if (!__atomic_exchange_n(&fork_watched, true, __ATOMIC_ACQ_REL))
		pthread_atfork(before, after, in_child);
}

void fork__count_anew(void)
{
	counts_anew = true;
	fork__watch();
}

/* In a static program nobody tells of others' handlers: there these come first by being early. */
__attribute__((constructor(101))) static void watch_early(void)
{
	if (!&fork_told_of_others)
		fork__watch();
}

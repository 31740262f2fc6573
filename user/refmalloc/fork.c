/*
 * fork.c - handlers that hold all locks while a process forks, so that its child finds nothing half
 * done but what other threads did with blocks of their own.
 *
 * Handlers of others may run in between, and allocate: the thread that forks passes every lock.
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
	if (lock__has_all)
		return;
	threads__lock_all();
	pages__lock_all();
	lock__has_all = true;
}

static void after(void)
{
	if (!lock__has_all)
		return;
	lock__has_all = false;
	pages__unlock_all();
	threads__unlock_all();
}

static void in_child(void)
{
	if (!lock__has_all)
		return;
	lock__has_all = false;
	if (counts_anew) {
		threads__sum_locked(&before_this_process);
		sys__reset_in_child();
		peaks__reset_in_child();
	}
	pages__open_in_child();
	threads__open_in_child();
}

/* Of two threads that come here at once both may register them: then the second ones do nothing. */
void fork__watch(void)
{
	if (__atomic_load_n(&fork_watched, __ATOMIC_ACQUIRE))
		return;
	pthread_atfork(before, after, in_child);
	__atomic_store_n(&fork_watched, true, __ATOMIC_RELEASE);
}

void fork__count_anew(void)
{
	counts_anew = true;
	fork__watch();
}

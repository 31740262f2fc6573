/*
 * lock.h - a lock of one word on futex(2): it needs no set-up, allocates nothing, survives fork.
 *
 * Not a pthread mutex: those may be interposed, and a child by fork must be able to open one that
 * its parent held.
 */
#ifndef REFMALLOC_LOCK_H
#define REFMALLOC_LOCK_H

#include <stdbool.h>

enum { LOCK_FREE, LOCK_TAKEN, LOCK_WAITED_FOR };

struct lock {
	int state;
};

/* Of libc, if it has it: true while there is but one thread, and an atomic operation is a waste. */
extern char __libc_single_threaded __attribute__((weak));

static inline bool lock__is_idle(void)
{
	return &__libc_single_threaded && __libc_single_threaded;
}

void lock__take(struct lock *lock);
void lock__give(struct lock *lock);

/* In a child by fork, whose only thread is the one that took it before. */
static inline void lock__open_in_child(struct lock *lock)
{
	__atomic_store_n(&lock->state, LOCK_FREE, __ATOMIC_RELEASE);
}

#endif

/*
 * lock.c - a thread that must wait for a lock first spins a little, then sleeps.
 *
 * What is done under a lock here takes less than a futex call, so that spinning usually ends it.
 */
#include "lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPINS 200

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static __attribute__((noinline)) void wait(struct lock *lock)
{
	int saved = errno;

	for (int i = 0; i < SPINS; i++) {
		int expected = LOCK_FREE;

		if (__atomic_load_n(&lock->state, __ATOMIC_RELAXED) == LOCK_FREE &&
		    __atomic_compare_exchange_n(&lock->state, &expected, LOCK_TAKEN, 0,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		pause_briefly();
	}
	while (__atomic_exchange_n(&lock->state, LOCK_WAITED_FOR, __ATOMIC_ACQUIRE) != LOCK_FREE)
		syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, LOCK_WAITED_FOR, NULL);
	errno = saved;
}

static __attribute__((noinline)) void wake(struct lock *lock)
{
	int saved = errno;

	syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1);
	errno = saved;
}

void lock__take(struct lock *lock)
{
	int expected = LOCK_FREE;

	if (lock__is_idle())
		__atomic_store_n(&lock->state, LOCK_TAKEN, __ATOMIC_RELAXED);
	else if (!__atomic_compare_exchange_n(&lock->state, &expected, LOCK_TAKEN, 0,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		wait(lock);
}

void lock__give(struct lock *lock)
{
	if (lock__is_idle())
		__atomic_store_n(&lock->state, LOCK_FREE, __ATOMIC_RELAXED);
	else if (__atomic_exchange_n(&lock->state, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_WAITED_FOR)
		wake(lock);
}

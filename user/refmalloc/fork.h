/*
 * fork.h - what is done for children by fork, in processes where something must be.
 *
 * In a process with one thread no other thread holds a lock in a fork.  So there are handlers only
 * once there is a second thread, or somebody else has handlers, or somebody wants the numbers; most
 * processes are spared them, and what libc has to map for them: a twentieth of a small one.
 */
#ifndef REFMALLOC_FORK_H
#define REFMALLOC_FORK_H

#include <stdbool.h>

#include "lock.h"

extern bool fork_watched;
/* Is there if fork__watch() is called before others register handlers: see atfork.c. */
extern const char fork_told_of_others __attribute__((weak, visibility("hidden")));

void fork__watch(void);
/* As well, and each child counts its calls from 0. */
void fork__count_anew(void);

/*
 * The first pthread_create() has said that there is to be a second thread when it asks for that
 * one's table of thread-local storage, by calloc (allocate_dtv, elf/dl-tls.c).  In the second
 * thread it would be too late: the first could be in fork already.
 */
static inline void fork__thread_may_begin(void)
{
	if (!lock__is_idle() && !__atomic_load_n(&fork_watched, __ATOMIC_RELAXED))
		fork__watch();
}

#endif

/*
 * fork.h - what is done for children by fork, in processes where something must be.
 *
 * Of a process with one thread no lock is ever held in a fork.  So there are handlers only once
 * there is a second thread, or somebody wants the numbers; most processes are spared them, and what
 * libc has to map for them: a twentieth of a small one.
 */
#ifndef REFMALLOC_FORK_H
#define REFMALLOC_FORK_H

#include <stdbool.h>

#include "lock.h"

extern bool fork_watched;

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
	if (__builtin_expect(!lock__is_idle() && !fork_watched, 0))
		fork__watch();
}

#endif

/*
 * threads.h - which heap a thread works in, from its first block to its end, and through fork.
 */
#ifndef REFMALLOC_THREADS_H
#define REFMALLOC_THREADS_H

#include "heap.h"
#include "lock.h"

/*
 * The thread's heap, for the short paths of malloc and free; one without a span if they must not
 * be taken: no heap yet, or blocks are checked or their peaks counted.  Initial-exec: no call is
 * needed to reach it.
 */
extern __thread struct heap *heap_self __attribute__((tls_model("initial-exec")));

/* The shared heap's lock, and that of the list of heaps. Taken before the page heap's. */
extern struct lock shared_lock;

/* The thread's own heap, NULL if it has none (yet). */
extern __thread struct heap *heap_own __attribute__((tls_model("initial-exec")));
/* Gives it one; or the shared heap, locked. */
struct heap *threads__enter_first(void);

/* The heap for this thread to work in until it leaves: its own, or the shared one, locked. */
static inline struct heap *threads__enter(void)
{
	struct heap *h = heap_own;

	return __builtin_expect(h != NULL, 1) ? h : threads__enter_first();
}

static inline void threads__leave(struct heap *h)
{
	if (__builtin_expect(h == &shared_heap, 0))
		lock__give(&shared_lock);
}

/* Spans of others that are not in use, and that their threads may not look after for long. */
void threads__steal(struct heap *h);
/*
 * In a child by fork, once: what its parent's other threads had is anybody's from now on.
 */
void threads__inherit(struct heap *own);

/* Visits each live block, while all is locked. */
int blocks__walk(int (*visit)(const struct refmalloc_block *block, void *arg), void *arg);

/* All that is counted. */
void threads__sum(struct totals *sum);
/* The same, while all is locked. */
void threads__sum_locked(struct totals *sum);
/* What of it was so in the process that forked this one. */
extern struct totals before_this_process;

/* The locks that are taken before the page heaps', around a fork. */
void threads__lock_all(void);
void threads__unlock_all(void);
/*
 * The other threads are gone, in the midst of what they did.  Their heaps stay as they are until
 * the child wants memory: it may never, and to look costs it a copy of what it looks at.
 */
void threads__open_in_child(void);

#endif

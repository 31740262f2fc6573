/*
 * large.h - blocks in mappings of their own.
 */
#ifndef REFMALLOC_LARGE_H
#define REFMALLOC_LARGE_H

#include "options.h"
#include "sizeclass.h"
#include "span.h"

/*
 * What to ask from for a mapping of its own: a request of at least so much.  malloc's short path
 * has no time to ask.
 */
static inline size_t large__threshold(void)
{
	size_t threshold = option(&options.mmap_threshold);

	return threshold > TABLED_MAX ? threshold : TABLED_MAX + 1;
}

/* The records' lock is taken inside, not around the system calls. NULL: none to be had. */
struct span *large__alloc(size_t size, size_t alignment);
/* False: its block, which began at p, was freed meanwhile. */
bool large__free(struct span *s, void *p);
/* The block may move; false leaves it as it is. */
bool large__resize(struct span *s, size_t size);
/* Under the records' lock. */
int large__walk(int (*visit)(struct span *s, void *arg), void *arg);

#endif

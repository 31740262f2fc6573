/*
 * large.h - blocks in mappings of their own.
 */
#ifndef REFMALLOC_LARGE_H
#define REFMALLOC_LARGE_H

#include "span.h"

/* What to ask from for a mapping of its own: a request of at least so much. */
size_t large__threshold(void);

/* The page heap's lock is taken inside, not around the system calls. NULL: none to be had. */
struct span *large__alloc(size_t size, size_t alignment);
/* Takes it out of the table: from now on nobody finds the block. */
void large__hide(struct span *s);
/* A hidden one. */
void large__free(struct span *s);
/* The block may move; false leaves it as it is. */
bool large__resize(struct span *s, size_t size);
/* Under the page heap's lock. */
int large__walk(int (*visit)(struct span *s, void *arg), void *arg);

#endif

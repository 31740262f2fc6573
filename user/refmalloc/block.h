/*
 * block.h - a block of any kind: taken, given back, resized, measured.  The public functions are
 * thin shells around these, and the only ones to know of errno.
 */
#ifndef REFMALLOC_BLOCK_H
#define REFMALLOC_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "refmalloc.h"

/* Counts a call of a function other than malloc. */
void block__count_call(enum refmalloc_function function, size_t bytes);
/* Counts one that gives no block: since there is no memory, or for another reason. */
void block__count_unserved(enum refmalloc_function function, size_t bytes, bool failed);

/* alignment: a power of two, at least 16. NULL: no memory; nothing is counted then. */
void *block__alloc(size_t size, size_t alignment, bool zero);
/* At a page, and the rest of the last one is the caller's as well: pvalloc's. */
void *block__alloc_in_pages(size_t size);
/* caller: the return address in the program, for a message should the block be none. */
void block__free(void *p, const void *caller);
/* NULL: there is no memory, and the block is as it was; or size was 0, and it is freed. */
void *block__resize(void *p, size_t size, const void *caller);
/* What the block may use. */
size_t block__usable(const void *p, const void *caller);

#endif

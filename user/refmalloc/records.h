/*
 * records.h - memory for the allocator's own records, out of the way of all blocks.
 *
 * Under the lock of the page heap.
 */
#ifndef REFMALLOC_RECORDS_H
#define REFMALLOC_RECORDS_H

#include <stddef.h>

#define RECORD_MAX 16384

/* Not cleared, on a cache line of its own. NULL: no memory. */
void *records__alloc(size_t bytes);
/* The same number of bytes again. NULL is allowed. */
void records__free(void *record, size_t bytes);

struct span;
/* A span's record, all of it zero. */
struct span *records__span(void);

#endif

/*
 * records.h - memory for the allocator's own records, out of the way of all blocks.
 *
 * Their lock also holds together what page heaps have in common: the break, the table's growth, and
 * the list of large blocks.  Functions below want it held.
 */
#ifndef REFMALLOC_RECORDS_H
#define REFMALLOC_RECORDS_H

#include <stddef.h>

#include "lock.h"

#define RECORD_MAX 8192 /* more than a thread's heap */

extern struct lock records_lock;

/* Not cleared, on a cache line of its own. NULL: no memory. */
void *records__alloc(size_t bytes);
/* The same number of bytes again. NULL is allowed. */
void records__free(void *record, size_t bytes);

struct span;
/* A span's record, all of it zero. */
struct span *records__span(void);

#endif

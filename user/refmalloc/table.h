/*
 * table.h - the span table: from an address to the span that its page belongs to.
 *
 * Two levels, the lower one mapped as needed.  Of a span of small blocks every page is in the
 * table; of a free run and of a block of whole pages the first and the last, which is what
 * joining neighbours and free() need; of a large block the page it begins in.  So an address
 * that no block begins at finds nothing, or a span that says so.
 *
 * An entry is written by who has the page, and read without a lock: a reader has a live block, and
 * nobody writes that one's entry meanwhile.  The table grows under the lock of records.h.
 */
#ifndef REFMALLOC_TABLE_H
#define REFMALLOC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys.h"

struct span;

#define ADDRESS_BITS 48
#define LEAF_BITS    32 /* addresses that one leaf covers */
#define LEAF_ENTRIES ((size_t)1 << (LEAF_BITS - PAGE_SHIFT))
#define LEAVES	     ((size_t)1 << (ADDRESS_BITS - LEAF_BITS))

extern struct span **table_leaf[LEAVES];

static inline struct span *table__find(const void *p)
{
	uintptr_t address = (uintptr_t)p;
	struct span **leaf = __atomic_load_n(&table_leaf[(address >> LEAF_BITS) % LEAVES],
					     __ATOMIC_ACQUIRE);

	if (__builtin_expect(!leaf, 0))
		return NULL;
	return __atomic_load_n(&leaf[(address >> PAGE_SHIFT) % LEAF_ENTRIES], __ATOMIC_RELAXED);
}

/* Makes room for entries of these addresses; false: no memory. */
bool table__cover(const void *start, size_t bytes);
/*
 * A leaf in hand, with which the next call of table__cover for one page cannot fail once it is
 * given back, under the same lock. NULL: no memory.
 */
struct span **table__reserve(void);
void table__give_back(struct span **leaf);
/* All pages of [start, start + bytes), which must be covered. */
void table__set(const void *start, size_t bytes, struct span *s);
/* The first and the last of them. */
void table__set_ends(const void *start, size_t bytes, struct span *s);

#endif

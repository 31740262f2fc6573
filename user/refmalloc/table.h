/*
 * table.h - the span table: from an address to the span that its page belongs to.
 *
 * Two levels, the lower one mapped as needed.  Of a span of small blocks every page is in the
 * table; of a free run and of a block of whole pages the first and the last, which is what
 * joining neighbours and free() need; of a large block the page it begins in.  So an address
 * that no block begins at finds nothing, or a span that says so.
 *
 * An entry is the span's address, and in bits that this does not need, of a span of small blocks,
 * its class and which of its pages it is: enough to know which block is at an address.
 *
 * An entry is written by who has the page, and read without a lock: a reader has a live block, and
 * nobody writes that one's entry meanwhile.  The table grows under the lock of records.h.
 */
#ifndef REFMALLOC_TABLE_H
#define REFMALLOC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sizeclass.h"
#include "sys.h"

struct span;

typedef uintptr_t table_entry; /* 0: no span */

#define ADDRESS_BITS 48
#define LEAF_BITS    32 /* addresses that one leaf covers */
#define LEAF_ENTRIES ((size_t)1 << (LEAF_BITS - PAGE_SHIFT))
#define LEAVES	     ((size_t)1 << (ADDRESS_BITS - LEAF_BITS))
#define ENTRY_ALIGN  (1u << CLASS_BITS) /* of a span's record, at the least */

extern table_entry *table_leaf[LEAVES];

static inline table_entry table__entry(const void *p)
{
	uintptr_t address = (uintptr_t)p;
	table_entry *leaf = __atomic_load_n(&table_leaf[(address >> LEAF_BITS) % LEAVES],
					    __ATOMIC_ACQUIRE);

	if (__builtin_expect(!leaf, 0))
		return 0;
	return __atomic_load_n(&leaf[(address >> PAGE_SHIFT) % LEAF_ENTRIES], __ATOMIC_RELAXED);
}

static inline struct span *entry__span(table_entry e)
{
	return (struct span *)(e & (((uintptr_t)1 << ADDRESS_BITS) - 1) & -(uintptr_t)ENTRY_ALIGN);
}

static inline struct span *table__find(const void *p)
{
	return entry__span(table__entry(p));
}

/* Makes room for entries of these addresses; false: no memory. */
bool table__cover(const void *start, size_t bytes);
/*
 * A leaf in hand, with which the next call of table__cover for one page cannot fail once it is
 * given back, under the same lock. NULL: no memory.
 */
table_entry *table__reserve(void);
void table__give_back(table_entry *leaf);
/* All pages of a span, which must be covered, as one of small blocks; or as nobody's. */
void table__set_small(const struct span *s);
void table__clear(const struct span *s);
/* The first and the last of them. */
void table__set_ends(const void *start, size_t bytes, struct span *s);

#endif

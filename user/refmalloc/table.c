/*
 * table.c - the span table's writing half.
 */
#include "table.h"

#include "span.h"

/* Half a MiB of zero pages, of which a page for each TiB or so in use is ever touched. */
table_entry *table_leaf[LEAVES];
static table_entry *spare; /* was in hand, and not needed */

table_entry *table__reserve(void)
{
	table_entry *leaf = spare;

	if (!leaf)
		return sys__map(REFMALLOC_MAP_TABLE, LEAF_ENTRIES * sizeof(*leaf));
	spare = NULL; /* else its page is not touched */
	return leaf;
}

void table__give_back(table_entry *leaf)
{
	if (spare)
		sys__unmap(REFMALLOC_MAP_TABLE, leaf, LEAF_ENTRIES * sizeof(*leaf));
	else
		spare = leaf;
}

bool table__cover(const void *start, size_t bytes)
{
	uintptr_t first = (uintptr_t)start >> LEAF_BITS;
	uintptr_t last = ((uintptr_t)start + bytes - 1) >> LEAF_BITS;
	table_entry *leaf;

	if (last >= LEAVES)
		return false;
	for (uintptr_t i = first; i <= last; i++) {
		if (table_leaf[i])
			continue;
		leaf = table__reserve();
		if (!leaf)
			return false;
		__atomic_store_n(&table_leaf[i], leaf, __ATOMIC_RELEASE);
	}
	return true;
}

static void set(uintptr_t page, table_entry e)
{
	table_entry *leaf = table_leaf[page >> (LEAF_BITS - PAGE_SHIFT)];

	__atomic_store_n(&leaf[page % LEAF_ENTRIES], e, __ATOMIC_RELAXED);
}

/* Each of its pages: the first one's entry, and `step` more for each further one. */
static void set_all(const struct span *s, table_entry e, table_entry step)
{
	uintptr_t page = (uintptr_t)s->base >> PAGE_SHIFT;

	for (uintptr_t end = page + s->pages; page < end; page++, e += step)
		set(page, e);
}

void table__set_small(const struct span *s)
{
	set_all(s, (uintptr_t)s | s->class, (uintptr_t)1 << ADDRESS_BITS);
}

void table__clear(const struct span *s)
{
	set_all(s, 0, 0);
}

void table__set_ends(const void *start, size_t bytes, struct span *s)
{
	uintptr_t page = (uintptr_t)start >> PAGE_SHIFT;
	table_entry e = s ? (uintptr_t)s | CLASS_NONE : 0;

	set(page, e);
	set(page + (bytes >> PAGE_SHIFT) - 1, e);
}

/*
 * table.c - the span table's writing half.
 */
#include "table.h"

/* Half a MiB of zero pages, of which a page for each TiB or so in use is ever touched. */
struct span **table_leaf[LEAVES];
static struct span **spare; /* was in hand, and not needed */

struct span **table__reserve(void)
{
	struct span **leaf = spare;

	if (!leaf)
		return sys__map(REFMALLOC_MAP_TABLE, LEAF_ENTRIES * sizeof(*leaf));
	spare = NULL; /* else its page is not touched */
	return leaf;
}

void table__give_back(struct span **leaf)
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
	struct span **leaf;

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

static void set(uintptr_t page, struct span *s)
{
	struct span **leaf = table_leaf[page >> (LEAF_BITS - PAGE_SHIFT)];

	__atomic_store_n(&leaf[page % LEAF_ENTRIES], s, __ATOMIC_RELAXED);
}

void table__set(const void *start, size_t bytes, struct span *s)
{
	uintptr_t page = (uintptr_t)start >> PAGE_SHIFT;

	for (uintptr_t end = page + (bytes >> PAGE_SHIFT); page < end; page++)
		set(page, s);
}

void table__set_ends(const void *start, size_t bytes, struct span *s)
{
	uintptr_t page = (uintptr_t)start >> PAGE_SHIFT;

	set(page, s);
	set(page + (bytes >> PAGE_SHIFT) - 1, s);
}

/*
 * two_reserve.c - of two threads that each want to be sure of a leaf of the span table, when there
 * is memory for one, one is told so: what a large block that moves goes by.
 */
#include "test.h"

#include "../../user/refmalloc/table.c"

static int leaves = 1;
static char leaf[LEAF_ENTRIES * sizeof(struct span *)];

void *sys__map(enum refmalloc_mapping why, size_t bytes)
{
	CHECK(why == REFMALLOC_MAP_TABLE && bytes == sizeof(leaf));
	return leaves-- > 0 ? leaf : NULL;
}

bool sys__unmap(enum refmalloc_mapping why, void *start, size_t bytes)
{
	(void)why;
	(void)start;
	(void)bytes;
	return true;
}

int main(void)
{
	CHECK(table__reserve());
	CHECK(!table__reserve());
	return 0;
}

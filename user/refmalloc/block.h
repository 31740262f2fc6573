/*
 * block.h - a block of any kind: taken, given back, resized, measured.  The public functions are
 * thin shells around these, and the only ones to know of errno.
 */
#ifndef REFMALLOC_BLOCK_H
#define REFMALLOC_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "refmalloc.h"
#include "span.h"
#include "table.h"

/* alignment: a power of two, at least 16. NULL: no memory, and the call is counted as failed. */
void *block__alloc(enum refmalloc_function function, size_t size, size_t alignment, bool zero);
/* At a page, and the rest of the last one is the caller's as well: pvalloc's. */
void *block__alloc_in_pages(size_t size);
/* Counts a call that fails. */
void block__refuse(enum refmalloc_function function, size_t bytes);
/* caller: the return address in the program, for a message should the block be none. */
void block__free(void *p, const void *caller);
/* NULL: there is no memory, and the block is as it was; or size was 0, and it is freed. */
void *block__resize(enum refmalloc_function function, void *p, size_t size, const void *caller);
/* What the block may use. */
size_t block__usable(const void *p, const void *caller);

/* For what is above: a live block, found, or one that is wanted. */
struct heap;

enum use { USE_FREE, USE_REALLOC, USE_SIZE };

struct block {
	struct span *span;
	void *start;
	size_t i; /* which one of its span */
	size_t request, given, usable;
	bool small;
};

struct want {
	size_t size, alignment;
	size_t rest; /* more than is asked for, which the caller may use */
	bool grows;  /* it is likely to be resized again */
	bool zero;   /* out: it is to be filled with 0 still */
	int route;   /* out */
};

/*
 * The index of the small block at p, or SIZE_MAX if none begins there.  The product's low half is a
 * fraction of a block: 0, but for the rounding of the inverse, where one begins.  Bits of p that
 * the table does not look at, as of a pointer with a tag, are far beyond the limit.
 */
static inline size_t block__index(const struct span *s, table_entry e, const void *p)
{
	size_t beyond_table = -((uintptr_t)1 << ADDRESS_BITS);
	size_t offset = ((uintptr_t)p & (beyond_table | (PAGE_SIZE - 1))) +
			(e >> ADDRESS_BITS << PAGE_SHIFT);
	uint32_t inverse = class_inverse[e % ENTRY_ALIGN];
	size_t product = offset * inverse;

	return offset < __atomic_load_n(&s->limit, __ATOMIC_RELAXED) && (uint32_t)product < inverse
		       ? product >> 32
		       : SIZE_MAX;
}

/* Or the end of the program. */
struct block block__find(const void *p, enum use use, const void *caller);
void *block__take(struct heap *h, struct want *w);
void block__give_back(struct heap *h, const struct block *b, const void *caller);

#endif

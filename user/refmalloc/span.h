/*
 * span.h - the record of a run of pages: the blocks that it is cut into, or that it is free.
 *
 * Records are kept apart from the memory that they describe, so that no program's stray write
 * reaches one.  The same holds for the free blocks of a span: they are a list of indices in
 * `state`, one word a block, and a free block's memory is not touched:
 *
 *	state[i] = STATE_LIVE | bytes asked for               of a live block
 *	         = index of the next free block, or NO_BLOCK  of a free one
 *
 * One word therefore tells whether a free is a second one, where the block's caller must not have
 * written, and the exact number of live bytes.
 */
#ifndef REFMALLOC_SPAN_H
#define REFMALLOC_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_LIVE 0x8000u
#define NO_BLOCK   0x7fffu

#define REMOTE_EMPTY NO_BLOCK /* see remote.c */

/*
 * A tally is blocks and their bytes in one word, so that malloc has one to add to.  It is emptied
 * before it has 2^23 blocks.
 */
#define TALLY_ONE (1ul << 40)
#define TALLY_MAX (1ul << 63)

enum span_kind {
	SPAN_FREE,  /* nobody's pages */
	SPAN_SMALL, /* many blocks of one size class */
	SPAN_PAGES, /* one block, of whole pages of the heap */
	SPAN_KEPT,  /* without a block, but not free: see runs.h */
	SPAN_LARGE, /* one block, in a mapping of its own */
};

/* Of SPAN_SMALL: where its owner has it. */
enum span_place {
	SPAN_PARTIAL, /* in a list of those with free blocks */
	SPAN_FULL,    /* without, until some come back */
};

struct heap;
struct segment;

struct span {
	/* What free reads, and its owner writes. */
	char *base; /* the first block */
	uint16_t *state;
	struct heap *owner;  /* changes only in the hands of its owner; NULL but for SPAN_SMALL */
	uint32_t inverse;    /* 2^32 / size, rounded up: a division by multiplying */
	uint32_t limit;	     /* where the blocks that were ever used end, from base */
	struct cache *cache; /* of the owner, where free puts its blocks */
	uint8_t class;
	uint8_t kind;
	uint8_t route;	/* enum refmalloc_route */
	uint16_t size;	/* of a block */
	uint16_t count; /* blocks */
	uint16_t head;	/* first free block */
	uint16_t used;	/* blocks that are not on that list */
	uint8_t place;	/* enum span_place */
	uint32_t pages;

	/* What others write, or seldom matters. */
	struct span *next __attribute__((aligned(64))), *prev; /* in a list of partial ones, a bin,
								  or that of large blocks */
	uint32_t remote; /* blocks freed by others: see remote.c */
	struct segment *segment;
	union {
		struct { /* SPAN_SMALL */
			struct span *remote_next;
			struct span *all_next,
				**all_link; /* of its owner's, and what points here */
		};
		struct {	    /* SPAN_PAGES, SPAN_KEPT, SPAN_LARGE: one block */
			bool grows; /* was moved for that, and may go on; under its page heap's lock
				     */
			bool zeroed;	/* just taken, and never used, so all zero */
			uint16_t rest;	/* bytes behind the request that pvalloc gave as well */
			uint32_t lead;	/* SPAN_LARGE: how far into its mapping base is */
			size_t request; /* as asked for; atomic, for a walk */
			size_t mapped;	/* and the bytes of that */
			struct heap *keeper; /* who took it, or keeps it */
		};
		uint32_t dirty; /* SPAN_FREE: how many of the pages may have memory */
	};
};

_Static_assert(offsetof(struct span, next) == 64, "one cache line for free");
_Static_assert(sizeof(struct span) <= 128, "and one for the rest");

/*
 * At the end of a list, whose first one's prev is its last.  A list may be looked at by others
 * meanwhile, who want to know whether there is a first.
 */
static inline void list__append(struct span **list, struct span *s)
{
	s->next = NULL;
	s->prev = *list ? (*list)->prev : s;
	if (*list) {
		s->prev->next = s;
		(*list)->prev = s;
	} else {
		__atomic_store_n(list, s, __ATOMIC_RELAXED);
	}
}

static inline void list__prepend(struct span **list, struct span *s)
{
	s->next = *list;
	s->prev = *list ? (*list)->prev : s;
	if (*list)
		(*list)->prev = s;
	__atomic_store_n(list, s, __ATOMIC_RELAXED);
}

static inline void list__remove(struct span **list, struct span *s)
{
	if (s == *list)
		__atomic_store_n(list, s->next, __ATOMIC_RELAXED);
	else
		s->prev->next = s->next;
	if (s->next)
		s->next->prev = s->prev;
	else if (*list)
		(*list)->prev = s->prev;
}

/* Of a block's span it changes as the block changes hands, with or without a lock. */
static inline enum span_kind span__kind(const struct span *s)
{
	return __atomic_load_n(&s->kind, __ATOMIC_ACQUIRE);
}

static inline void span__set_kind(struct span *s, enum span_kind kind)
{
	__atomic_store_n(&s->kind, kind, __ATOMIC_RELEASE);
}

/* Of SPAN_PAGES and SPAN_LARGE: what the block may use. */
static inline size_t span__bytes(const struct span *s)
{
	return span__kind(s) == SPAN_LARGE ? s->mapped - s->lead : (size_t)s->pages << 12;
}

/* Of the same: what its caller was given, behind which nobody may write. */
static inline size_t span__given(const struct span *s)
{
	return s->request + s->rest;
}

static inline char *span__end(const struct span *s)
{
	return s->base + ((size_t)s->pages << 12);
}

/*
 * The index of the block at p, or SIZE_MAX if none begins there.  The product's low half is a
 * fraction of a block: 0, but for the rounding of `inverse`, where one begins.
 */
static inline size_t span__index(const struct span *s, const void *p)
{
	size_t offset = (const char *)p - s->base;
	size_t product = offset * s->inverse;

	return offset < __atomic_load_n(&s->limit, __ATOMIC_RELAXED) &&
			       (uint32_t)product < s->inverse
		       ? product >> 32
		       : SIZE_MAX;
}

#endif

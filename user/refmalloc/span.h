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

/*
 * In lines by who writes them: where one thread allocates and another frees, each has its own.
 */
struct span {
	/* What free reads, and a free of another's block writes. */
	struct heap *owner;  /* changes only in the hands of its owner; NULL but for SPAN_SMALL */
	struct cache *cache; /* of the owner, where free puts its blocks */
	struct segment *segment;
	struct span *remote_next;
	uint32_t remote; /* blocks freed by others: see remote.c */
	uint32_t limit;	 /* where the blocks that were ever used end, from base */
	uint32_t pages;
	uint16_t count; /* blocks */
	uint8_t class;
	uint8_t kind;
	uint8_t route; /* enum refmalloc_route */
	uint8_t place; /* enum span_place */

	/* What its owner writes. */
	char *base __attribute__((aligned(64))); /* the first block */
	struct span *next, *prev; /* in a list of partial ones, a bin, or that of large blocks */
	uint16_t head;		  /* first free block */
	uint16_t used;		  /* blocks that are not on that list */
	uint16_t size;		  /* of a block */
	union {
		struct { /* SPAN_SMALL */
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
	/*
	 * SPAN_SMALL: a word a block.  Behind the rest, so that free, which knows from the table
	 * where the span is and which of its blocks it has, waits for both at a time.
	 */
	uint16_t state[];
};

_Static_assert(offsetof(struct span, base) == 64, "one cache line for free");
_Static_assert(sizeof(struct span) == 128, "and one for its owner");

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

#endif

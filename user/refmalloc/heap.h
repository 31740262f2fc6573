/*
 * heap.h - one thread's small blocks: a span for each size class, and lists of others.
 *
 * A span belongs to one heap, and only the heap's thread takes blocks from it.  Between that thread
 * and its spans is a small stack of free blocks for each class: most calls of malloc and free come
 * by turns, and so have nothing to do with a span's list, or with which span it is.  A block that
 * another thread frees goes onto the span's atomic list, and with the first one the span onto its
 * owner's: the owner fetches them when it runs out of blocks.  So no thread waits for another.
 *
 * When a thread ends its spans go to the shared heap, which has a lock.  Threads take from there
 * what fits before they ask for pages.  A thread without a heap of its own works in the shared
 * one: one that has ended already, or all of them with the option cache=0.
 */
#ifndef REFMALLOC_HEAP_H
#define REFMALLOC_HEAP_H

#include "counters.h"
#include "lock.h"
#include "probes.h"
#include "runs.h"
#include "sizeclass.h"
#include "span.h"

/*
 * Free blocks of a class at a thread's hand: what it freed last, it takes first.  Of the heap by
 * brk only, so that malloc needs no route to count by.
 */
struct at_hand {
	char *block;
	uint16_t *state;
};

struct cache {
	struct at_hand *top, *end; /* the last one, and the last there is room for */
	uint64_t taken;		   /* TALLY_ONE for each block, and bytes, since the last count */
	/* Whether both malloc and free use it shows by what has changed since it last ... */
	uint64_t taken_when_full; /* ... had no room, */
	char *bottom;		  /* or was filled, by its first block */
	uint8_t class;
	struct at_hand blocks[CACHED + 1]; /* the first is none */
};

/* Without a block or room for one: of spans that are in an arena, or no thread's. */
extern struct cache no_cache;

struct heap {
	struct cache *at_hand[SLOTS];  /* where blocks are taken from. NULL: not known yet */
	struct span *partial[CLASSES]; /* the shared heap's are looked at without its lock */
	struct span *all;	       /* that it has, of which others may steal */
	struct lock lock;	       /* of that list, and of the next: */
	uint32_t spans[CLASSES];       /* their pages */
	/* Spans of each class with blocks freed by others. */
	struct span *remote[CLASSES] __attribute__((aligned(64)));
	struct runs runs;
	/* What outlives its thread. */
	struct cache *caches[CLASSES]; /* NULL: no span of the class yet */
	struct counters counters __attribute__((aligned(64)));
	struct page_heap *pages;
	struct heap *next;	/* of all */
	int thread;		/* the kernel's number of its thread; 0: of none that could end */
	struct heap *next_idle; /* of those without a thread */
};

extern struct heap shared_heap;
/* One without a span, and without a use but that: no thread's. */
extern struct heap no_heap;

/* What it has, but not what it counted. */
void heap__forget(struct heap *h);
/* The tallies of its caches, before one runs over. */
void heap__count(struct heap *h);
/* A span with a block on its list; NULL: no memory. The shared heap must be locked. */
struct span *heap__find(struct heap *h, unsigned int class);
/* The same, of a class that malloc's short path is to have; NULL also if the span has no cache. */
struct span *heap__refill(struct heap *h, unsigned int class);
/*
 * From a cache that is full back to the spans, the oldest half.  False: who only frees is better
 * served by the span itself.
 */
bool heap__make_room(struct heap *h, struct cache *c);
/* From all caches, all blocks. */
void heap__flush(struct heap *h);
/* Blocks of the span were put on its list. */
void heap__settle(struct heap *h, struct span *s);
/* The span that is kept without blocks, the last of its class's, to its page heap. */
void heap__drop_empty(struct heap *h, unsigned int class);
/* Puts the block where its owner finds it. Any thread. */
void heap__push_remote(struct span *s, unsigned int i);
/* To its owner, who is to take home what others freed of it. */
void heap__hand_on(struct span *s);
/* A span was emptied by others since somebody last looked for such. */
extern bool remote_some_empty;
/* For others: spans of which others freed all. */
__attribute__((cold)) void heap__steal(struct heap *from);
__attribute__((cold)) bool heap__steal_span(struct heap *from, struct span *s);
/* Takes home what others freed: of one class, or all. */
void heap__collect_class(struct heap *h, unsigned int class);
void heap__collect(struct heap *h);
/* Of classes up to `end`, to the shared heap, which is not locked. */
void heap__collect_shared(unsigned int class, unsigned int end);
/* Spans without blocks to the page heap. */
__attribute__((cold)) void heap__trim(struct heap *h);
/* Adds what it and its caches counted. */
void heap__sum(const struct heap *h, struct counters *sum);
/*
 * In a child by fork: all spans but those of `own` to the shared heap, which is locked.  Their
 * threads are gone, and no other thread has begun.
 */
__attribute__((cold)) void heap__inherit(struct heap *own);
/* Everything to the shared heap; without blocks, to the page heap. The shared heap is locked. */
__attribute__((cold)) void heap__give_up(struct heap *h);

/* Freed by others, and not yet home. */
static inline unsigned int remote__count(const struct span *s)
{
	return __atomic_load_n(&s->remote, __ATOMIC_ACQUIRE) >> 16;
}

/* malloc's call, of a size that the cache is for: its tally has room for some more still. */
static inline void heap__served(struct heap *h, struct cache *c, size_t size)
{
	__atomic_store_n(&c->taken, c->taken + TALLY_ONE + size, __ATOMIC_RELAXED);
	/* The one class that is more than one bucket of the histogram. */
	if (size <= GRANULE)
		counter__add(&h->counters.served[REFMALLOC_HEAP][bucket_of(size)], 1);
}

static inline bool cache__can_take(const struct cache *c)
{
	return c->top->block && c->taken < TALLY_MAX;
}

static inline void *cache__take(struct cache *c, size_t size)
{
	struct at_hand *b = c->top;

	c->top = b - 1;
	__atomic_store_n(b->state, STATE_LIVE | size, __ATOMIC_RELAXED);
	return b->block;
}

static inline bool cache__can_put(const struct cache *c)
{
	return c->top != c->end;
}

static inline void cache__put(struct cache *c, char *block, uint16_t *state)
{
	struct at_hand *b = c->top + 1;

	b->block = block;
	b->state = state;
	c->top = b;
	__atomic_store_n(state, NO_BLOCK, __ATOMIC_RELAXED);
}

/* Straight from the list of a span, which is not empty; and back to it. */
static inline void *span__take(struct span *s, size_t size)
{
	unsigned int i = s->head;

	s->head = s->state[i];
	__atomic_store_n(&s->used, s->used + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&s->state[i], STATE_LIVE | size, __ATOMIC_RELAXED);
	return s->base + i * (size_t)s->size;
}

/*
 * To an empty cache, if something was put there since: who takes and puts by turns soon comes to
 * either end again, who only takes is better served by the span itself.
 */
static inline void cache__fill(struct cache *c, struct span *s)
{
	struct at_hand *b = c->blocks, *half = b + (c->end - b) / 2;

	if (c->top != b || b[1].block == c->bottom)
		return;
	for (; b != half && s->state[s->head] != NO_BLOCK; b++) {
		b[1].block = s->base + s->head * (size_t)s->size;
		b[1].state = &s->state[s->head];
		s->head = *b[1].state;
		__atomic_store_n(b[1].state, NO_BLOCK, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&s->used, s->used + (b - c->blocks), __ATOMIC_RELAXED);
	c->top = b;
	c->bottom = c->blocks[1].block;
}

/* heap__settle() is to follow. */
static inline void span__put(struct span *s, size_t i)
{
	__atomic_store_n(&s->state[i], s->head, __ATOMIC_RELAXED);
	s->head = i;
	__atomic_store_n(&s->used, s->used - 1, __ATOMIC_RELAXED);
}

/*
 * Its word, if another's block is to be freed: of two threads that free it at the same time, one
 * finds that it is not the first.
 */
static inline unsigned int heap__claim(struct span *s, size_t i)
{
	return __atomic_exchange_n(&s->state[i], NO_BLOCK, __ATOMIC_ACQ_REL);
}

#endif

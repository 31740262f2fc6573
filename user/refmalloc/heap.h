/*
 * heap.h - one thread's small blocks: a span for each size class, and lists of others.
 *
 * A span belongs to one heap, and only the heap's thread takes blocks from it.  A block that
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
#include "sizeclass.h"
#include "span.h"

struct heap {
	/* The current span for sizes up to 16 * n: malloc's way to it. NULL: none. */
	struct span *at_hand[TABLED_MAX / GRANULE + 1];
	struct span *current[CLASSES]; /* NULL: none */
	struct span *partial[CLASSES]; /* the shared heap's are looked at without its lock */
	struct span *all;	       /* that it has, of which others may steal */
	struct lock lock;	       /* of that list, and of the next: */
	uint32_t spans[CLASSES];       /* their pages */
	/* Spans of each class with blocks freed by others. */
	struct span *remote[CLASSES] __attribute__((aligned(64)));
	/* What outlives its thread. */
	struct counters counters __attribute__((aligned(64)));
	struct page_heap *pages;
	struct heap *next;	/* of all */
	int thread;		/* the kernel's number of its thread; 0: of none that could end */
	struct heap *next_idle; /* of those without a thread */
};

extern struct heap shared_heap;
/* One without a span, and without a use but that: no thread's. */
extern struct heap no_heap;

/* A span with a free block, now current; NULL: no memory. The shared heap must be locked. */
struct span *heap__refill(struct heap *h, unsigned int class);
/* A block of the span was put back, and as many are as the span watches for. */
void heap__watched(struct heap *h, struct span *s);
/* Puts the block where its owner finds it. Any thread. */
void heap__push_remote(struct span *s, unsigned int i);
/* To its owner, who is to take home what others freed of it. */
void heap__hand_on(struct span *s);
/* A span was emptied by others since somebody last looked for such. */
extern bool remote_some_empty;
/* In the hands of h: spans of `from` of which others freed all. */
__attribute__((cold)) bool heap__steal(struct heap *h, struct heap *from);
__attribute__((cold)) bool heap__steal_span(struct heap *h, struct heap *from, struct span *s);
/* Takes home what others freed: of one class, or all. */
void heap__collect_class(struct heap *h, unsigned int class);
void heap__collect(struct heap *h);
/* Of classes up to `end`, to the shared heap, which is not locked. */
void heap__collect_shared(unsigned int class, unsigned int end);
/* Spans without blocks to the page heap. */
__attribute__((cold)) void heap__trim(struct heap *h);
/* Adds what the span counted and no heap's counters have yet. */
void heap__count(const struct span *s, struct counters *c);
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

/* The span has a block. Its probe is left to the caller, for whom it may be on another path. */
static inline void *heap__take(struct heap *h, struct span *s, size_t size)
{
	unsigned int i = s->head, of = s->size;
	uint16_t *state = s->state;

	s->head = state[i];
	__atomic_store_n(&s->taken, s->taken + TALLY_ONE + size, __ATOMIC_RELAXED);
	__atomic_store_n(&state[i], STATE_LIVE | (of - size), __ATOMIC_RELAXED);
	/* The one class that is more than one bucket of the histogram. */
	if (size <= GRANULE)
		counter__add(&h->counters.served[s->route][bucket_of(size)], 1);
	return s->base + i * (size_t)of;
}

/*
 * Its word, if another's block is to be freed: of two threads that free it at the same time, one
 * finds that it is not the first.
 */
static inline unsigned int heap__claim(struct span *s, size_t i)
{
	return __atomic_exchange_n(&s->state[i], NO_BLOCK, __ATOMIC_ACQ_REL);
}

/* i was live, `state` its word. Is it the one to tell heap__watched() of? */
static inline bool heap__put(struct span *s, size_t i, unsigned int state)
{
	uint64_t put = s->put + TALLY_ONE + s->size - (state & ~STATE_LIVE);

	__atomic_store_n(&s->put, put, __ATOMIC_RELAXED);
	__atomic_store_n(&s->state[i], s->head, __ATOMIC_RELAXED);
	s->head = i;
	return __builtin_expect(tally__blocks(put) == s->watch, 0);
}

#endif

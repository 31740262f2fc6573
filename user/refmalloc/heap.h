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
#include "sizeclass.h"
#include "span.h"

struct heap {
	struct span *current[CLASSES]; /* no_span: none */
	struct counters counters;
	struct span *partial[CLASSES];
	struct span *full;
	uint16_t spans[CLASSES];
	struct heap *next;				  /* of all */
	struct heap *next_idle;				  /* of those without a thread */
	struct span *remote __attribute__((aligned(64))); /* spans with blocks freed by others */
};

extern struct span no_span;
extern struct heap shared_heap;

/* A span with a free block, now current; NULL: no memory. The shared heap must be locked. */
struct span *heap__refill(struct heap *h, unsigned int class);
/* A block of the span was put back, and `used` is what the span watches for. */
void heap__watched(struct heap *h, struct span *s);
/* Puts the block where its owner finds it. Any thread. */
void heap__push_remote(struct span *s, unsigned int i);
/* Takes home what others freed. */
void heap__collect(struct heap *h);
/* Spans without blocks to the page heap. */
void heap__trim(struct heap *h);
/* Everything to the shared heap; without blocks, to the page heap. The shared heap is locked. */
void heap__give_up(struct heap *h);

static inline void *heap__take(struct heap *h, struct span *s, size_t size)
{
	unsigned int i = s->head;

	s->head = s->state[i];
	s->used++;
	s->state[i] = STATE_LIVE | (s->size - size);
	counters__served(&h->counters, s->route, size);
	return s->base + i * (size_t)s->size;
}

/* i is live. */
static inline void heap__put(struct heap *h, struct span *s, unsigned int i)
{
	counters__released(&h->counters, s->route, s->size - (s->state[i] & ~STATE_LIVE));
	s->state[i] = s->head;
	s->head = i;
	if (__builtin_expect(--s->used == s->watch, 0))
		heap__watched(h, s);
}

#endif

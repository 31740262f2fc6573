/*
 * pages.h - page heaps: runs of pages for spans, out of the brk heap, or of arenas if brk fails.
 *
 * There are a few, so that threads that take and free whole pages seldom meet: the main thread has
 * the first, the others share the rest.  Each grows by brk, in segments of its own, and each has a
 * lock, which functions below want held.  A run goes back to the page heap that it came from, by
 * whichever thread.
 */
#ifndef REFMALLOC_PAGES_H
#define REFMALLOC_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "bins.h"
#include "lock.h"
#include "segments.h"
#include "span.h"
#include "sys.h"

struct page_heap {
	struct lock lock;
	bool trimmed;		  /* and not grown since: see trim.h */
	struct segment *segments; /* the newest first */
	struct segment *by_brk;	  /* the newest by brk */
	size_t total;		  /* bytes of all of them */
	size_t taken;		  /* pages, since it was last forgotten what lay free */
	size_t hopeless;	  /* dirty pages that the last trim could not help */
	struct span *spare;	  /* records for more runs */
	struct bins bins;
} __attribute__((aligned(64)));

/* The one for the n-th thread. */
struct page_heap *pages__for(unsigned int n);

static inline struct page_heap *pages__home(const struct span *s)
{
	return s->segment->home;
}

static inline size_t pages__bytes(const struct span *s)
{
	return (size_t)s->pages << PAGE_SHIFT;
}

/* A run's record, of which nothing is set yet. NULL: no memory. */
struct span *pages__record(struct page_heap *h);
/* Of a run that is no more. */
static inline void pages__drop_record(struct page_heap *h, struct span *s)
{
	s->next = h->spare;
	h->spare = s;
}

/* All page heaps, and what they have in common: nothing moves. */
void pages__lock_all(void);
void pages__unlock_all(void);
void pages__open_in_child(void);

/*
 * Takes the lock. A run of `pages`, at a multiple of `alignment` pages, its kind SPAN_PAGES, base,
 * route, zeroed and its ends in the table set.  With room, of a block that grows, and has no
 * alignment, there are so many free pages behind it, if there is such a place.  NULL: no memory.
 */
struct span *pages__alloc(struct page_heap *h, size_t pages, size_t alignment, size_t room);
/* The same, of memory that was in use before, of any page heap. */
struct span *pages__find(struct page_heap *h, size_t pages);
void pages__free(struct span *s);
/* A glance, without the lock: is it beside what is free? */
bool pages__would_join(const struct span *s);
/* Takes the lock. */
void pages__give_back(struct span *s);
/* In place; false leaves all as it was. */
bool pages__resize(struct span *s, size_t pages);
/* A block grew in place to so many: the next one that grows may want as many. */
void pages__grew(size_t pages);
/* The free run that ends at the break, or NULL. */
struct span *pages__top(const struct page_heap *h);
/* Free memory goes back to the kernel: all but `pad` bytes at the top. Was there any? */
bool pages__trim_all(size_t pad);

/* Every run, free ones too, until a visit returns other than 0. All are locked. */
int pages__walk(int (*visit)(struct span *s, void *arg), void *arg);

#endif

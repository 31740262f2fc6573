/*
 * block.c - the two rules of malloc: from the threshold on a mapping of its own, below it the heap;
 * and there a block of a size class, or whole pages.  And back again.
 */
#include "block.h"

#include <string.h>

#include "check.h"
#include "fatal.h"
#include "large.h"
#include "pages.h"
#include "peaks.h"
#include "probes.h"
#include "sys.h"
#include "table.h"
#include "threads.h"

/* Empty spans make room for a block of up to so many pages. */
#define EMPTY_MAX 32

/* A block that grows gets whole pages, with so many times its size free behind it. */
#define GROWS_BY 8

/* malloc's calls are those that are served and nobody else's: see counters.h. */
static void count_call(struct heap *h, enum refmalloc_function function, size_t bytes)
{
	if (function != REFMALLOC_MALLOC)
		counter__add_call(&h->counters.function[function], bytes);
}

void block__refuse(enum refmalloc_function function, size_t bytes)
{
	struct heap *h = threads__enter();
	struct counters *c = &h->counters;

	count_call(h, function, bytes);
	counter__add_call(function == REFMALLOC_MALLOC ? &c->function[REFMALLOC_MALLOC]
						       : &c->unserved,
			  bytes);
	counter__add(&c->failed, 1);
	threads__leave(h);
	PROBE(failed, bytes, function);
}

static void *take_small(struct heap *h, struct want *w, unsigned int class)
{
	struct span *s;
	struct cache *c;
	void *p;

	c = h == heap_self && w->alignment == GRANULE ? h->at_hand[slot_of(w->size)] : NULL;
	if (c && cache__can_take(c)) {
		w->route = REFMALLOC_HEAP;
		heap__served(h, c, w->size);
		return cache__take(c, w->size);
	}
	s = heap__find(h, class);
	if (!s)
		return NULL;
	p = span__take(s, w->size);
	w->route = s->route;
	counters__served(&h->counters, s->route, w->size);
	check__taken(p, w->size, s->size, true);
	return p;
}

static struct span *take_pages(struct heap *h, size_t bytes, size_t alignment, bool grows)
{
	size_t pages = bytes ? (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT : 1;
	struct span *s;

	if (grows || alignment > PAGE_SIZE)
		return pages__alloc(h->pages, pages,
				    alignment > PAGE_SIZE ? alignment >> PAGE_SHIFT : 1,
				    grows ? GROWS_BY * pages : 0);
	s = runs__take(h, pages);
	if (!s)
		s = pages__find(h->pages, pages);
	/* What is empty goes before memory is used that never was. */
	if (!s && pages <= EMPTY_MAX) {
		heap__trim(h);
		s = pages__find(h->pages, pages);
	}
	return s ? s : pages__alloc(h->pages, pages, 1, 0);
}

static void *take_whole(struct heap *h, struct want *w)
{
	size_t bytes = w->size + w->rest + check__guard();
	struct span *s = bytes >= large__threshold() ? large__alloc(bytes, w->alignment) : NULL;

	if (!s)
		s = take_pages(h, bytes, w->alignment, w->grows);
	if (!s)
		return NULL;
	__atomic_store_n(&s->request, w->size, __ATOMIC_RELAXED);
	s->rest = w->rest;
	s->keeper = h;
	w->route = s->route;
	w->zero &= options.junk || (!s->zeroed && span__kind(s) != SPAN_LARGE);
	counters__served(&h->counters, s->route, w->size);
	check__taken(s->base, span__given(s), span__bytes(s), false);
	return s->base;
}

void *block__take(struct heap *h, struct want *w)
{
	size_t bytes = w->size + w->rest + check__guard();
	void *p;

	if (bytes <= SMALL_MAX && w->alignment <= PAGE_SIZE && bytes < large__threshold() &&
	    !w->grows && !w->rest)
		p = take_small(h, w, class_of_aligned(bytes, w->alignment));
	else
		p = take_whole(h, w);
	if (p)
		peaks__changed(w->route, 1, (int64_t)w->size);
	return p;
}

static void *alloc(enum refmalloc_function function, struct want *w)
{
	struct heap *h;
	void *p = NULL;

	/* With what is added to it, it still is a size. */
	if (w->size <= PTRDIFF_MAX - 3 * PAGE_SIZE &&
	    w->alignment <= PTRDIFF_MAX - 3 * PAGE_SIZE - w->size) {
		h = threads__enter();
		p = block__take(h, w);
		if (p)
			count_call(h, function, w->size);
		threads__leave(h);
	}
	if (!p) {
		block__refuse(function, w->size);
		return NULL;
	}
	if (w->zero)
		memset(p, 0, w->size);
	PROBE(alloc, p, w->size, w->route, function);
	return p;
}

void *block__alloc(enum refmalloc_function function, size_t size, size_t alignment, bool zero)
{
	struct want w = {.size = size, .alignment = alignment, .zero = zero};

	return alloc(function, &w);
}

void *block__alloc_in_pages(size_t size)
{
	struct want w = {.size = size, .alignment = PAGE_SIZE};

	if (options.check)
		w.rest = size ? -size & (PAGE_SIZE - 1) : PAGE_SIZE;
	return alloc(REFMALLOC_PVALLOC, &w);
}

static const struct {
	const char *freed, *invalid;
} messages[] = {
	[USE_FREE] = {"double free of", "invalid free of"},
	[USE_REALLOC] = {"realloc of freed", "invalid realloc of"},
	[USE_SIZE] = {"size asked of freed", "size asked of invalid"},
};

struct block block__find(const void *p, enum use use, const void *caller)
{
	table_entry e = table__entry(p);
	struct span *s = entry__span(e);
	struct block b = {.span = s, .start = (void *)p, .small = s && span__kind(s) == SPAN_SMALL};
	unsigned int state = STATE_LIVE;

	b.i = b.small ? block__index(s, e, p) : 0;
	if (!s || b.i == SIZE_MAX || (!b.small && s->base != p))
		fatal__block(messages[use].invalid, p, caller);
	if (b.small)
		state = __atomic_load_n(&s->state[b.i], __ATOMIC_RELAXED);
	if (span__kind(s) == SPAN_FREE || span__kind(s) == SPAN_KEPT || !(state & STATE_LIVE))
		fatal__block(messages[use].freed, p, caller);
	if (b.small) {
		b.usable = s->size;
		b.request = b.given = state & ~STATE_LIVE;
	} else {
		b.usable = span__bytes(s);
		b.request = s->request;
		b.given = span__given(s);
	}
	return b;
}

/* After all: somebody else has freed it since it was looked at. */
static _Noreturn void freed_meanwhile(struct heap *h, const struct block *b, const void *caller)
{
	threads__leave(h);
	fatal__block(messages[USE_FREE].freed, b->start, caller);
}

static void give_back_small(struct heap *h, const struct block *b, const void *caller)
{
	struct span *s = b->span;
	bool own = __atomic_load_n(&s->owner, __ATOMIC_RELAXED) == h;
	unsigned int state;

	state = own ? s->state[b->i] : heap__claim(s, b->i);
	if (!(state & STATE_LIVE))
		freed_meanwhile(h, b, caller);
	if (own) {
		span__put(s, b->i);
		heap__settle(h, s);
	} else {
		heap__push_remote(s, b->i);
	}
}

/*
 * Of two threads that free it at the same time one finds that it is not the first.  Not if the one
 * that took it is in between these two lines just then: no locked instruction is made there, as
 * with the small blocks of one's own.
 */
static bool claim_pages(struct heap *h, struct span *s, const char *start)
{
	uint8_t kind = SPAN_PAGES;

	if (s->keeper == h && span__kind(s) == SPAN_PAGES)
		span__set_kind(s, SPAN_KEPT);
	else if (!__atomic_compare_exchange_n(&s->kind, &kind, SPAN_KEPT, 0, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED))
		return false;
	return s->base == start;
}

static void give_back_whole(struct heap *h, const struct block *b, const void *caller)
{
	struct span *s = b->span;
	bool large = span__kind(s) == SPAN_LARGE;

	if (large ? !large__free(s, b->start) : !claim_pages(h, s, b->start))
		freed_meanwhile(h, b, caller);
	if (!large && !runs__keep(h, s))
		pages__give_back(s);
}

void block__give_back(struct heap *h, const struct block *b, const void *caller)
{
	peaks__changed(b->span->route, -1, -(int64_t)b->request);
	if (b->small)
		give_back_small(h, b, caller);
	else
		give_back_whole(h, b, caller);
}

/* What can end the program comes before the lock: a handler of SIGABRT may allocate. */
void block__free(void *p, const void *caller)
{
	struct block b;
	struct heap *h;

	if (!p) {
		h = threads__enter();
		counter__add(&h->counters.frees_of_null, 1);
		threads__leave(h);
		return;
	}
	b = block__find(p, USE_FREE, caller);
	check__freed(p, b.given, b.usable, b.span->kind, caller);
	PROBE(free, p, b.request, b.span->route);
	h = threads__enter();
	block__give_back(h, &b, caller);
	threads__leave(h);
}

size_t block__usable(const void *p, const void *caller)
{
	struct block b = block__find(p, USE_SIZE, caller);

	return options.check ? b.given : b.usable;
}

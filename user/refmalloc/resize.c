/*
 * resize.c - realloc: in place where that is possible, by the kernel's mremap for a mapping, or
 * else a new block and a copy.
 */
#include <string.h>

#include "block.h"
#include "check.h"
#include "large.h"
#include "pages.h"
#include "peaks.h"
#include "probes.h"
#include "sys.h"
#include "threads.h"

static bool resize_small(const struct block *b, size_t size)
{
	size_t bytes = size + check__guard();

	if (bytes > b->usable || bytes < b->usable / 2)
		return false;
	__atomic_store_n(&b->span->state[b->i], STATE_LIVE | size, __ATOMIC_RELAXED);
	return true;
}

static bool resize_large(struct span *s, size_t size)
{
	size_t bytes = size + check__guard(), mapped = s->mapped;

	if (bytes < large__threshold() || !large__resize(s, bytes))
		return false;
	if (s->mapped == mapped)
		refmalloc_kept(size);
	return true;
}

static bool resize_pages(struct span *s, size_t size)
{
	size_t bytes = size + check__guard();
	struct page_heap *home = pages__home(s);
	bool done;

	if (bytes >= large__threshold() || (bytes <= SMALL_MAX && bytes < span__bytes(s) / 2))
		return false;
	lock__take(&home->lock);
	done = pages__resize(s, (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
	lock__give(&home->lock);
	return done;
}

/* In place, or by the kernel. The block's new address, or NULL. */
static void *keep(const struct block *b, size_t size)
{
	struct span *s = b->span;
	void *p = b->start;
	struct heap *h;

	if (b->small			  ? !resize_small(b, size)
	    : span__kind(s) == SPAN_LARGE ? !resize_large(s, size)
					  : !resize_pages(s, size))
		return NULL;
	if (!b->small) {
		p = s->base;
		__atomic_store_n(&s->request, size, __ATOMIC_RELAXED);
		s->rest = 0;
	}
	check__resized(p, size, b->small ? b->usable : span__bytes(s));
	h = threads__enter();
	counters__served(&h->counters, s->route, size);
	peaks__changed(s->route, 0, (int64_t)(size - b->request));
	threads__leave(h);
	return p;
}

static void *move(const struct block *b, size_t size, int *route, const void *caller)
{
	struct want w = {.size = size, .alignment = GRANULE};
	size_t worth = options.check ? b->given : b->usable;
	struct heap *h = threads__enter();
	void *p;

	/* With room behind: it is likely to go on. */
	w.grows = size > worth && size > SMALL_MAX;
	p = block__take(h, &w);
	threads__leave(h);
	if (!p)
		return NULL;
	memcpy(p, b->start, worth < size ? worth : size);
	check__freed(b->start, b->given, b->usable, b->span->kind, caller);
	*route = w.route;
	h = threads__enter();
	block__give_back(h, b, caller);
	threads__leave(h);
	return p;
}

void *block__resize(enum refmalloc_function function, void *p, size_t size, const void *caller)
{
	struct block b = block__find(p, USE_REALLOC, caller);
	int old_route = b.span->route, route = old_route;
	void *resized = NULL;
	struct heap *h;

	PROBE(resizing, p, size, function);
	if (size <= PTRDIFF_MAX - 3 * PAGE_SIZE) {
		check__kept(p, b.given, b.usable, caller);
		resized = size ? keep(&b, size) : NULL;
		if (size && !resized)
			resized = move(&b, size, &route, caller);
	}
	if (size && !resized) {
		block__refuse(function, size);
		return NULL;
	}
	if (!size)
		check__freed(p, b.given, b.usable, b.span->kind, caller);
	h = threads__enter();
	counter__add_call(&h->counters.function[function], size);
	counter__add(&h->counters.released_by_realloc, 1);
	if (!size) {
		counter__add_call(&h->counters.unserved, 0);
		block__give_back(h, &b, caller);
	}
	threads__leave(h);
	if (PROBED(realloc) || PROBED(alloc) || PROBED(free))
		probes__realloc(p, resized, size, route, function, b.request, old_route);
	return resized;
}

/*
 * block.c - the two rules of malloc: from the threshold on a mapping of its own, below it the heap;
 * and there a block of a size class, or whole pages.
 */
#include "block.h"

#include <string.h>

#include "check.h"
#include "fatal.h"
#include "large.h"
#include "options.h"
#include "pages.h"
#include "peaks.h"
#include "probes.h"
#include "sys.h"
#include "table.h"
#include "threads.h"

/* A block that grows past this gets whole pages, and so many times its size free behind it. */
#define GROWS_BY_PAGES 4096
#define GROWS_BY       8

void block__count_call(enum refmalloc_function function, size_t bytes)
{
	struct heap *h = threads__enter();

	counter__add_call(&h->counters.function[function], bytes);
	threads__leave(h);
}

void block__count_unserved(enum refmalloc_function function, size_t bytes, bool failed)
{
	struct heap *h = threads__enter();
	struct counters *c = &h->counters;

	counter__add_call(function == REFMALLOC_MALLOC ? &c->function[REFMALLOC_MALLOC]
						       : &c->unserved,
			  bytes);
	if (failed)
		counter__add(&c->failed, 1);
	threads__leave(h);
}

static size_t pages_for(size_t size)
{
	return size ? (size + PAGE_SIZE - 1) >> PAGE_SHIFT : 1;
}

/* Spans count by the bucket of their class; with an alignment or a guard it may not be the size's.
 */
static void recount(struct heap *h, const struct span *s, size_t size)
{
	uint64_t *served = h->counters.served[s->route];

	if (s->class == class_of(size))
		return;
	counter__add(&served[bucket_of(s->size)], -1);
	if (size > GRANULE)
		counter__add(&served[bucket_of(size)], 1);
}

static void *alloc_small(struct heap *h, unsigned int class, size_t size)
{
	struct span *s = h->current[class];
	void *p;

	if (s->head == NO_BLOCK)
		s = heap__refill(h, class);
	if (!s)
		return NULL;
	p = heap__take(h, s, size);
	PROBE(alloc, p, size, s->route);
	peaks__taken(s->route, size);
	recount(h, s, size);
	check__taken(p, size, s->size, true);
	return p;
}

static struct span *alloc_pages(struct page_heap *h, size_t bytes, size_t alignment, bool grows)
{
	size_t pages = pages_for(bytes);
	struct span *s;

	pages__lock(h);
	s = pages__alloc(h, pages, alignment > PAGE_SIZE ? alignment >> PAGE_SHIFT : 1,
			 grows ? GROWS_BY * pages : 0);
	pages__unlock(h);
	return s;
}

/* `rest`: more than is asked for, which the caller may use. */
static void *alloc_whole(struct heap *h, size_t size, size_t rest, size_t alignment, bool grows,
			 bool *zero)
{
	size_t bytes = size + rest + check__guard();
	struct span *s = bytes >= large__threshold() ? large__alloc(bytes, alignment) : NULL;

	if (!s)
		s = alloc_pages(h->pages, bytes, alignment, grows);
	if (!s)
		return NULL;
	__atomic_store_n(&s->request, size, __ATOMIC_RELAXED);
	s->rest = rest;
	if (s->zeroed || s->kind == SPAN_LARGE)
		*zero = false;
	counters__served(&h->counters, s->route, size);
	peaks__taken(s->route, size);
	PROBE(alloc, s->base, size, s->route);
	check__taken(s->base, span__given(s), span__bytes(s), false);
	return s->base;
}

void *block__alloc(size_t size, size_t alignment, bool zero)
{
	struct heap *h;
	size_t bytes;
	void *p;

	if (size > PTRDIFF_MAX - PAGE_SIZE || alignment > PTRDIFF_MAX - PAGE_SIZE - size)
		return NULL;
	h = threads__enter();
	bytes = size + check__guard();
	if (bytes <= SMALL_MAX && alignment <= PAGE_SIZE && bytes < large__threshold())
		p = alloc_small(h, class_of_aligned(bytes, alignment), size);
	else
		p = alloc_whole(h, size, 0, alignment, false, &zero);
	threads__leave(h);
	if (p && zero)
		memset(p, 0, size);
	return p;
}

void *block__alloc_in_pages(size_t size)
{
	size_t whole = size ? round_up(size, PAGE_SIZE) : PAGE_SIZE;
	struct heap *h;
	bool zero = false;
	void *p;

	/* A block at a page has whole pages to itself anyway, unless there is a guard behind it. */
	if (!options.check || size > PTRDIFF_MAX - 3 * PAGE_SIZE)
		return block__alloc(size, PAGE_SIZE, false);
	h = threads__enter();
	p = alloc_whole(h, size, whole - size, PAGE_SIZE, false, &zero);
	threads__leave(h);
	return p;
}

enum use { USE_FREE, USE_REALLOC, USE_SIZE };

static const struct {
	const char *freed, *invalid;
} messages[] = {
	[USE_FREE] = {"double free of", "invalid free of"},
	[USE_REALLOC] = {"realloc of freed", "invalid realloc of"},
	[USE_SIZE] = {"size asked of freed", "size asked of invalid"},
};

/* The span of a live block, and which it is there; or the end of the program. */
static struct span *find(const void *p, size_t *i, enum use use, const void *caller)
{
	struct span *s = table__find(p);
	bool small = s && s->kind == SPAN_SMALL;

	*i = small ? span__index(s, p) : 0;
	if (!s || *i == SIZE_MAX || (!small && s->base != p))
		fatal__block(messages[use].invalid, p, caller);
	if (s->kind == SPAN_FREE ||
	    (small && !(__atomic_load_n(&s->state[*i], __ATOMIC_RELAXED) & STATE_LIVE)))
		fatal__block(messages[use].freed, p, caller);
	return s;
}

static size_t small_request(const struct span *s, size_t i)
{
	return s->size - (__atomic_load_n(&s->state[i], __ATOMIC_RELAXED) & ~STATE_LIVE);
}

static void free_small(struct heap *h, struct span *s, size_t i, const void *caller)
{
	char *p = s->base + i * s->size;
	uint16_t state;

	PROBE(free, p, small_request(s, i), s->route);
	peaks__freed(s->route, small_request(s, i));
	if (__atomic_load_n(&s->owner, __ATOMIC_RELAXED) == h) {
		if (heap__put(s, i, s->state[i]))
			heap__watched(h, s);
		return;
	}
	/* Of two threads that free it at the same time, one finds that it is not the first. */
	state = __atomic_exchange_n(&s->state[i], NO_BLOCK, __ATOMIC_ACQ_REL);
	if (!(state & STATE_LIVE))
		fatal__block(messages[USE_FREE].freed, p, caller);
	counters__released(&h->counters, s->route, s->size - (state & ~STATE_LIVE));
	heap__push_remote(s, i);
}

static void free_whole(struct heap *h, struct span *s, const void *caller)
{
	void *p = s->base;
	struct page_heap *home = s->kind == SPAN_LARGE ? NULL : pages__home(s);
	bool freed_meanwhile;

	counters__released(&h->counters, s->route, s->request);
	peaks__freed(s->route, s->request);
	PROBE(free, p, s->request, s->route);
	if (!home) {
		if (!large__free(s, p))
			fatal__block(messages[USE_FREE].freed, p, caller);
		return;
	}
	pages__lock(home);
	freed_meanwhile = table__find(p) != s || s->kind != SPAN_PAGES;
	if (!freed_meanwhile)
		pages__free(s);
	pages__unlock(home);
	if (freed_meanwhile)
		fatal__block(messages[USE_FREE].freed, p, caller);
}

/* What can end the program comes before the lock: a handler of SIGABRT may allocate. */
void block__free(void *p, const void *caller)
{
	struct span *s = NULL;
	struct heap *h;
	bool small = false;
	size_t i;

	if (p) {
		s = find(p, &i, USE_FREE, caller);
		small = s->kind == SPAN_SMALL;
		check__freed(p, small ? small_request(s, i) : span__given(s),
			     small ? s->size : span__bytes(s), small, caller);
	}
	h = threads__enter();
	if (!p)
		counter__add(&h->counters.frees_of_null, 1);
	else if (small)
		free_small(h, s, i, caller);
	else
		free_whole(h, s, caller);
	threads__leave(h);
}

static bool resize_small(struct span *s, size_t i, size_t size)
{
	size_t bytes = size + check__guard();

	if (bytes > s->size || bytes < s->size / 2)
		return false;
	__atomic_store_n(&s->state[i], STATE_LIVE | (s->size - size), __ATOMIC_RELAXED);
	return true;
}

static bool resize_whole(struct span *s, size_t size)
{
	size_t bytes = size + check__guard();
	size_t threshold = large__threshold(), mapped;
	bool done;

	if (s->kind == SPAN_LARGE) {
		mapped = s->mapped;
		if (bytes < threshold || !large__resize(s, bytes))
			return false;
		if (s->mapped == mapped)
			refmalloc_kept(size);
		return true;
	}
	if (bytes >= threshold || (bytes <= SMALL_MAX && bytes < span__bytes(s) / 2))
		return false;
	pages__lock(pages__home(s));
	done = pages__resize(s, pages_for(bytes));
	pages__unlock(pages__home(s));
	return done;
}

/* In place, or by the kernel. The block's new address, or NULL. */
static void *resize(struct span *s, size_t i, size_t size, size_t old_size)
{
	bool small = s->kind == SPAN_SMALL;
	void *from = s->base + (small ? i * s->size : 0);
	struct heap *h;
	char *p;

	if (small ? !resize_small(s, i, size) : !resize_whole(s, size))
		return NULL;
	if (!small) {
		__atomic_store_n(&s->request, size, __ATOMIC_RELAXED);
		s->rest = 0;
	}
	p = s->base + (small ? i * s->size : 0);
	check__resized(p, size, small ? s->size : span__bytes(s));
	h = threads__enter();
	counters__released(&h->counters, s->route, old_size);
	counters__served(&h->counters, s->route, size);
	peaks__resized(s->route, old_size, size);
	threads__leave(h);
	PROBE(realloc, from, p, size, s->route);
	return p;
}

/* A block that grows is likely to go on: whole pages, with room behind, can do that where they are.
 */
static void *alloc_to_grow(size_t size)
{
	struct heap *h = threads__enter();
	bool zero = false;
	void *p = alloc_whole(h, size, 0, GRANULE, true, &zero);

	threads__leave(h);
	return p;
}

static void *move(void *p, size_t old_size, size_t size, const void *caller)
{
	void *fresh = size > old_size && size > GROWS_BY_PAGES ? alloc_to_grow(size)
							       : block__alloc(size, GRANULE, false);

	if (!fresh)
		return NULL;
	memcpy(fresh, p, old_size < size ? old_size : size);
	block__free(p, caller);
	return fresh;
}

void *block__resize(void *p, size_t size, const void *caller)
{
	size_t i, old_size, given, usable;
	struct span *s = find(p, &i, USE_REALLOC, caller);
	bool small = s->kind == SPAN_SMALL;
	void *resized = NULL;
	struct heap *h;

	if (size > PTRDIFF_MAX - PAGE_SIZE)
		return NULL;
	old_size = small ? small_request(s, i) : s->request;
	given = small ? old_size : span__given(s);
	usable = small ? s->size : span__bytes(s);
	check__kept(p, given, usable, caller);
	if (size == 0)
		block__free(p, caller);
	else if (!(resized = resize(s, i, size, old_size)) &&
		 !(resized = move(p, options.check ? given : usable, size, caller)))
		return NULL;
	h = threads__enter();
	counter__add(&h->counters.released_by_realloc, 1);
	threads__leave(h);
	return resized;
}

size_t block__usable(const void *p, const void *caller)
{
	size_t i;
	struct span *s = find(p, &i, USE_SIZE, caller);

	if (options.check)
		return s->kind == SPAN_SMALL ? small_request(s, i) : span__given(s);
	return s->kind == SPAN_SMALL ? s->size : span__bytes(s);
}

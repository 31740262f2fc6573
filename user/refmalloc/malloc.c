/*
 * malloc.c - malloc and free: the short paths, some thirty instructions each.
 *
 * malloc(small): the thread has a few free blocks of each size class at hand; the last is taken.
 * free: the span table has the block's span; if it is this thread's, the block is put behind them.
 * Neither touches the block, waits, or writes what another thread reads.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "fork.h"
#include "large.h"
#include "public.h"
#include "table.h"
#include "threads.h"

static void *served(void *p)
{
	if (!p)
		errno = ENOMEM;
	return p;
}

static __attribute__((noinline)) void *malloc_any(struct heap *h, size_t size)
{
	struct span *s = NULL;

	/* Most often the span had no block any more, and that is all. */
	if (h == heap_own && size <= SMALL_MAX && size < large__threshold() && !PROBED(alloc))
		s = heap__refill(h, class_of(size));
	if (!s)
		return served(block__alloc(REFMALLOC_MALLOC, size, GRANULE, false));
	heap__served(h, s->cache, size);
	cache__fill(s->cache, s);
	return span__take(s, size);
}

/* What was freed lately is all taken again. */
static __attribute__((noinline)) void *malloc_of_span(struct heap *h, struct cache *c, size_t size)
{
	struct span *s = c ? h->partial[c->class] : NULL;

	if (!s || s->head == NO_BLOCK || c->taken >= TALLY_MAX || PROBED(alloc))
		return malloc_any(h, size);
	heap__served(h, c, size);
	cache__fill(c, s);
	return span__take(s, size);
}

/* Larger than what there is a table for. NULL: not this way. */
static inline struct cache *larger_at_hand(struct heap *h, size_t size)
{
	return size <= SMALL_MAX && size < large__threshold() ? h->at_hand[slot_of_larger(size)]
							      : NULL;
}

static inline bool can_take(const struct cache *c)
{
	return __builtin_expect(c && cache__can_take(c), 1) && !PROBED(alloc);
}

static inline void *take(struct heap *h, struct cache *c, size_t size)
{
	heap__served(h, c, size);
	return cache__take(c, size);
}

static __attribute__((noinline)) void *malloc_larger(struct heap *h, size_t size)
{
	struct cache *c = larger_at_hand(h, size);

	return can_take(c) ? take(h, c, size) : malloc_of_span(h, c, size);
}

/* What calls another function does so last: then this needs no stack. */
PUBLIC void *malloc(size_t size)
{
	struct heap *h = heap_self;
	struct cache *c;

	if (__builtin_expect(size > TABLED_MAX, 0))
		return malloc_larger(h, size);
	c = h->at_hand[(size + GRANULE - 1) / GRANULE];
	return can_take(c) ? take(h, c, size) : malloc_of_span(h, c, size);
}

/* There are enough at hand, or none may be. */
static __attribute__((noinline)) void free_to_span(struct heap *h, struct span *s, size_t i)
{
	if (heap__make_room(h, s->cache)) {
		cache__put(s->cache, s->base + i * (size_t)s->size, &s->state[i]);
		return;
	}
	span__put(s, i);
	if (s->place == SPAN_FULL || s->used == 0)
		heap__settle(h, s);
}

/* Mostly another thread's small block. */
static __attribute__((noinline)) void free_any(struct heap *h, table_entry e, void *p,
					       const void *caller)
{
	struct span *s = entry__span(e);
	size_t i = s && span__kind(s) == SPAN_SMALL ? block__index(s, e, p) : SIZE_MAX;

	if (h == heap_own && i != SIZE_MAX && !PROBED(free) &&
	    __atomic_load_n(&s->owner, __ATOMIC_RELAXED) != h && heap__claim(s, i) & STATE_LIVE)
		heap__push_remote(s, i);
	else
		block__free(p, caller);
}

PUBLIC void free(void *p)
{
	struct heap *h = heap_self;
	table_entry e = table__entry(p);
	struct span *s = entry__span(e);
	size_t i;

	if (__builtin_expect(s && __atomic_load_n(&s->owner, __ATOMIC_RELAXED) == h, 1)) {
		i = block__index(s, e, p);
		if (__builtin_expect(i != SIZE_MAX && s->state[i] & STATE_LIVE, 1) &&
		    !PROBED(free)) {
			if (cache__can_put(s->cache))
				cache__put(s->cache, p, &s->state[i]);
			else
				free_to_span(h, s, i);
			return;
		}
	}
	free_any(h, e, p, __builtin_return_address(0));
}

/*
 * Programs that keep accounts ask for each block's size, twice: redis-server.  Blocks that are
 * checked end where they were asked to; then heap_self is no_heap.
 */
PUBLIC size_t malloc_usable_size(void *p)
{
	table_entry e = table__entry(p);
	const struct span *s = entry__span(e);
	size_t i = s ? block__index(s, e, p) : SIZE_MAX;

	if (heap_self != &no_heap && i != SIZE_MAX &&
	    __atomic_load_n(&s->state[i], __ATOMIC_RELAXED) & STATE_LIVE)
		return class_size(e % ENTRY_ALIGN);
	return p ? block__usable(p, __builtin_return_address(0)) : 0;
}

static __attribute__((noinline)) void *calloc_any(size_t bytes)
{
	return served(block__alloc(REFMALLOC_CALLOC, bytes, GRANULE, true));
}

PUBLIC void *calloc(size_t nmemb, size_t size)
{
	struct heap *h = heap_self;
	struct cache *c;
	size_t bytes;

	fork__thread_may_begin();
	if (__builtin_mul_overflow(nmemb, size, &bytes))
		return calloc_any(SIZE_MAX);
	c = bytes <= TABLED_MAX ? h->at_hand[(bytes + GRANULE - 1) / GRANULE]
				: larger_at_hand(h, bytes);
	if (!can_take(c))
		return calloc_any(bytes);
	counter__add_call(&h->counters.function[REFMALLOC_CALLOC], bytes);
	return memset(take(h, c, bytes), 0, bytes);
}

static void *resize(enum refmalloc_function function, void *p, size_t size, const void *caller)
{
	void *resized;

	if (!p)
		return served(block__alloc(function, size, GRANULE, false));
	resized = block__resize(function, p, size, caller);
	return size ? served(resized) : NULL;
}

PUBLIC void *realloc(void *p, size_t size)
{
	return resize(REFMALLOC_REALLOC, p, size, __builtin_return_address(0));
}

PUBLIC void *reallocarray(void *p, size_t nmemb, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nmemb, size, &bytes))
		bytes = SIZE_MAX;
	return resize(REFMALLOC_REALLOCARRAY, p, bytes, __builtin_return_address(0));
}

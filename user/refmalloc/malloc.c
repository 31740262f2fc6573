/*
 * malloc.c - malloc and free: the short paths, some twenty instructions each.
 *
 * malloc(small): the thread's current span of the size class has a list of free blocks; its first
 * is taken.  free: the span table has the block's span; if it is this thread's, the block is put
 * in front of that list.  Neither touches the block, waits, or writes what another thread reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
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
	if (s)
		return heap__take(h, s, size);
	return served(block__alloc(REFMALLOC_MALLOC, size, GRANULE, false));
}

/* Larger than what there is a table for. NULL: not this way. */
static inline struct span *larger_at_hand(const struct heap *h, size_t size)
{
	return size <= SMALL_MAX && size < large__threshold() ? h->current[class_of_larger(size)]
							      : NULL;
}

static inline bool can_take(const struct span *s)
{
	return __builtin_expect(s && s->head != NO_BLOCK, 1) && !PROBED(alloc);
}

static __attribute__((noinline)) void *malloc_larger(struct heap *h, size_t size)
{
	struct span *s = larger_at_hand(h, size);

	return can_take(s) ? heap__take(h, s, size) : malloc_any(h, size);
}

/* What calls another function does so last: then this needs no stack. */
PUBLIC void *malloc(size_t size)
{
	struct heap *h = heap_self;
	struct span *s;

	if (__builtin_expect(size > TABLED_MAX, 0))
		return malloc_larger(h, size);
	s = h->at_hand[(size + GRANULE - 1) / GRANULE];
	return can_take(s) ? heap__take(h, s, size) : malloc_any(h, size);
}

/* Mostly another thread's small block. */
static __attribute__((noinline)) void free_any(struct heap *h, struct span *s, void *p,
					       const void *caller)
{
	size_t i = s && s->kind == SPAN_SMALL ? span__index(s, p) : SIZE_MAX;
	unsigned int state;

	if (h == heap_own && i != SIZE_MAX && !PROBED(free) &&
	    __atomic_load_n(&s->owner, __ATOMIC_RELAXED) != h) {
		state = heap__claim(s, i);
		if (state & STATE_LIVE) {
			counters__released(&h->counters, s->route, s->size - (state & ~STATE_LIVE));
			heap__push_remote(s, i);
			return;
		}
	}
	block__free(p, caller);
}

PUBLIC void free(void *p)
{
	struct heap *h = heap_self;
	struct span *s = table__find(p);
	unsigned int state;
	size_t i;

	if (__builtin_expect(s && __atomic_load_n(&s->owner, __ATOMIC_RELAXED) == h, 1)) {
		i = span__index(s, p);
		state = __builtin_expect(i != SIZE_MAX, 1) ? s->state[i] : 0;
		if (__builtin_expect(state & STATE_LIVE, 1) && !PROBED(free)) {
			if (heap__put(s, i, state))
				heap__watched(h, s);
			return;
		}
	}
	free_any(h, s, p, __builtin_return_address(0));
}

static __attribute__((noinline)) void *calloc_any(size_t bytes)
{
	return served(block__alloc(REFMALLOC_CALLOC, bytes, GRANULE, true));
}

PUBLIC void *calloc(size_t nmemb, size_t size)
{
	struct heap *h = heap_self;
	struct span *s;
	size_t bytes;

	if (__builtin_mul_overflow(nmemb, size, &bytes))
		return calloc_any(SIZE_MAX);
	s = bytes <= TABLED_MAX ? h->at_hand[(bytes + GRANULE - 1) / GRANULE]
				: larger_at_hand(h, bytes);
	if (!can_take(s))
		return calloc_any(bytes);
	counter__add_call(&h->counters.function[REFMALLOC_CALLOC], bytes);
	return memset(heap__take(h, s, bytes), 0, bytes);
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

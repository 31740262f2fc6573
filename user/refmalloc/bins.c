/*
 * bins.c - free runs in bins: one for each number of pages up to 32, then four a doubling.
 */
#include "bins.h"

#include "sys.h"

#define EXACT	32
#define LOOK_AT 32

static unsigned int bin_of(size_t pages)
{
	unsigned int power = 63 - __builtin_clzl(pages);
	unsigned int bin;

	if (pages <= EXACT)
		return pages - 1;
	bin = EXACT + (power - 5) * 4 + ((pages >> (power - 2)) & 3);
	return bin < BINS ? bin : BINS - 1;
}

/* Others may have a look without the lock. */
static void add_pages(struct bins *b, size_t pages, size_t dirty)
{
	__atomic_store_n(&b->pages, b->pages + pages, __ATOMIC_RELAXED);
	__atomic_store_n(&b->dirty, b->dirty + dirty, __ATOMIC_RELAXED);
}

/* Taking it touches hardly a page that has no memory. */
static bool is_dirty(const struct span *s)
{
	return s->dirty > s->pages / 4 * 3;
}

void bins__add(struct bins *b, struct span *s)
{
	unsigned int bin = bin_of(s->pages);
	bool dirty = is_dirty(s);

	list__prepend(&b->lists[dirty][bin], s);
	b->filled[dirty] |= 1ul << bin;
	add_pages(b, s->pages, s->dirty);
}

void bins__remove(struct bins *b, struct span *s)
{
	unsigned int bin = bin_of(s->pages);
	bool dirty = is_dirty(s);

	list__remove(&b->lists[dirty][bin], s);
	if (!b->lists[dirty][bin])
		b->filled[dirty] &= ~(1ul << bin);
	add_pages(b, -(size_t)s->pages, -(size_t)s->dirty);
}

/* Above 32 pages a bin has runs of several sizes: the best of its first is good enough. */
struct span *bins__find(const struct bins *b, size_t pages, bool dirty)
{
	unsigned int bin = bin_of(pages);
	uint64_t filled = b->filled[dirty] & ~0ul << bin;
	struct span *best = NULL;
	int looked_at;

	for (; filled && !best; filled &= filled - 1) {
		bin = __builtin_ctzl(filled);
		looked_at = bin < EXACT ? LOOK_AT - 1 : 0;
		for (struct span *s = b->lists[dirty][bin]; s && looked_at < LOOK_AT;
		     s = s->next, looked_at++)
			if (s->pages >= pages && (!best || s->pages < best->pages))
				best = s;
	}
	return best;
}

bool bins__forget(struct bins *b, size_t keep)
{
	struct span *s, *next;
	bool any = false;

	for (unsigned int bin = 2 * BINS; bin-- > 0;)
		for (s = b->lists[bin % 2][bin / 2]; s && b->dirty > keep; s = next) {
			next = s->next;
			if (!s->dirty || !sys__forget(s->base, (size_t)s->pages << PAGE_SHIFT))
				continue;
			bins__remove(b, s);
			s->dirty = 0;
			bins__add(b, s);
			any = true;
		}
	return any;
}

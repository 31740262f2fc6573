/*
 * bins.c - free runs in bins: one for each number of pages up to 64, then four a doubling.
 *
 * A bit for each bin that has a run makes the search a matter of a few instructions.
 */
#include "bins.h"

#include "sys.h"

#define EXACT	64
#define LOOK_AT 32

static unsigned int bin_of(size_t pages)
{
	unsigned int power = 63 - __builtin_clzl(pages);
	unsigned int bin;

	if (pages <= EXACT)
		return pages - 1;
	bin = EXACT - 1 + (power - 6) * 4 + ((pages >> (power - 2)) & 3);
	return bin < BINS ? bin : BINS - 1;
}

/* Others may have a look without the lock. */
static void add_dirty(struct bins *b, size_t pages)
{
	__atomic_store_n(&b->dirty, b->dirty + pages, __ATOMIC_RELAXED);
}

void bins__add(struct bins *b, struct span *s)
{
	unsigned int bin = bin_of(s->pages);

	s->prev = NULL;
	s->next = b->lists[bin];
	if (s->next)
		s->next->prev = s;
	b->lists[bin] = s;
	b->filled[bin / 64] |= 1ul << bin % 64;
	add_dirty(b, s->dirty);
}

void bins__remove(struct bins *b, struct span *s)
{
	unsigned int bin = bin_of(s->pages);

	if (s->next)
		s->next->prev = s->prev;
	if (s->prev)
		s->prev->next = s->next;
	else
		b->lists[bin] = s->next;
	if (!b->lists[bin])
		b->filled[bin / 64] &= ~(1ul << bin % 64);
	add_dirty(b, -(size_t)s->dirty);
}

static unsigned int filled_from(const struct bins *b, unsigned int bin)
{
	uint64_t word;

	for (unsigned int i = bin / 64; i < BINS / 64; i++) {
		word = b->filled[i] & (i == bin / 64 ? ~0ul << bin % 64 : ~0ul);
		if (word)
			return i * 64 + __builtin_ctzl(word);
	}
	return BINS;
}

/* Above 64 pages a bin has runs of several sizes: the best of its first is good enough. */
struct span *bins__find(const struct bins *b, size_t pages)
{
	unsigned int bin = bin_of(pages);
	struct span *best = NULL;
	int looked_at;

	while (!best && (bin = filled_from(b, bin)) < BINS) {
		looked_at = bin < EXACT ? LOOK_AT - 1 : 0;
		for (struct span *s = b->lists[bin]; s && looked_at < LOOK_AT;
		     s = s->next, looked_at++)
			if (s->pages >= pages && (!best || s->pages < best->pages))
				best = s;
		bin++;
	}
	return best;
}

bool bins__forget(struct bins *b, size_t keep)
{
	bool any = false;

	for (unsigned int bin = BINS; bin-- > 0;)
		for (struct span *s = b->lists[bin]; s && b->dirty > keep; s = s->next) {
			if (!s->dirty || !sys__forget(s->base, (size_t)s->pages << PAGE_SHIFT))
				continue;
			add_dirty(b, -(size_t)s->dirty);
			s->dirty = 0;
			any = true;
		}
	return any;
}

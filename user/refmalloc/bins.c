/*
 * bins.c - free runs in bins: one for each number of pages up to 64, then four a doubling.
 *
 * A bit for each bin that has a run makes the search a matter of a few instructions.
 */
#include "bins.h"

#include "sys.h"

#define EXACT 64
#define BINS  192 /* beyond any heap: 2^38 pages */

static struct span *bins[BINS];
static uint64_t filled[BINS / 64];
static size_t dirty;

static unsigned int bin_of(size_t pages)
{
	unsigned int power = 63 - __builtin_clzl(pages);
	unsigned int bin;

	if (pages <= EXACT)
		return pages - 1;
	bin = EXACT - 1 + (power - 6) * 4 + ((pages >> (power - 2)) & 3);
	return bin < BINS ? bin : BINS - 1;
}

void bins__add(struct span *s)
{
	unsigned int bin = bin_of(s->pages);

	s->prev = NULL;
	s->next = bins[bin];
	if (s->next)
		s->next->prev = s;
	bins[bin] = s;
	filled[bin / 64] |= 1ul << bin % 64;
	dirty += s->dirty;
}

void bins__remove(struct span *s)
{
	unsigned int bin = bin_of(s->pages);

	if (s->next)
		s->next->prev = s->prev;
	if (s->prev)
		s->prev->next = s->next;
	else
		bins[bin] = s->next;
	if (!bins[bin])
		filled[bin / 64] &= ~(1ul << bin % 64);
	dirty -= s->dirty;
}

static struct span *first_from(unsigned int bin)
{
	uint64_t word;

	for (unsigned int i = bin / 64; i < BINS / 64; i++) {
		word = filled[i] & (i == bin / 64 ? ~0ul << bin % 64 : ~0ul);
		if (word)
			return bins[i * 64 + __builtin_ctzl(word)];
	}
	return NULL;
}

/* Above 64 pages a bin has runs of several sizes: the best of its first is good enough. */
struct span *bins__find(size_t pages)
{
	unsigned int bin = bin_of(pages);
	struct span *best = NULL;
	int looked_at = 0;

	if (pages <= EXACT)
		return first_from(bin);
	for (struct span *s = bins[bin]; s && looked_at < 32; s = s->next, looked_at++)
		if (s->pages >= pages && (!best || s->pages < best->pages))
			best = s;
	return best || bin + 1 == BINS ? best : first_from(bin + 1);
}

size_t bins__dirty(void)
{
	return dirty;
}

bool bins__forget(size_t keep)
{
	bool any = false;

	for (unsigned int bin = BINS; bin-- > 0;)
		for (struct span *s = bins[bin]; s && dirty > keep; s = s->next) {
			if (!s->dirty || !sys__forget(s->base, (size_t)s->pages << PAGE_SHIFT))
				continue;
			dirty -= s->dirty;
			s->dirty = 0;
			any = true;
		}
	return any;
}

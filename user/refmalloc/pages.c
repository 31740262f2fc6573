/*
 * pages.c - page heaps: runs of pages, split when taken and joined when they come back.
 *
 *	 start                                                        brk
 *	  | small blocks | free |  a block of pages  | small |  free: the top |
 *
 * The smallest run that is large enough is taken, so the top, which is mostly the largest, keeps
 * growing until it can be given back.
 */
#include "pages.h"

#include "free_run.h"
#include "records.h"
#include "sys.h"
#include "table.h"
#include "trim.h"

#define HEAPS 8

/* A block of so many pages that grows gets room for that from the kernel, if there is none. */
#define ROOMY (64 << 10 >> PAGE_SHIFT)

static struct page_heap heaps[HEAPS];
static size_t largest_grown; /* pages of a block, in place; being wrong does no harm */

struct page_heap *pages__for(unsigned int n)
{
	return &heaps[n ? 1 + (n - 1) % (HEAPS - 1) : 0];
}

void pages__lock_all(void)
{
	for (int i = 0; i < HEAPS; i++)
		lock__take(&heaps[i].lock);
	lock__take(&records_lock);
}

void pages__unlock_all(void)
{
	lock__give(&records_lock);
	for (int i = HEAPS; i-- > 0;)
		lock__give(&heaps[i].lock);
}

void pages__open_in_child(void)
{
	lock__open_in_child(&records_lock);
	for (int i = 0; i < HEAPS; i++)
		lock__open_in_child(&heaps[i].lock);
}

struct span *pages__record(struct page_heap *h)
{
	struct span *s = h->spare;

	if (s) {
		h->spare = s->next;
		return s;
	}
	lock__take(&records_lock);
	s = records__span();
	lock__give(&records_lock);
	return s;
}

static bool is_free(const char *p)
{
	const struct span *s = table__find(p);

	return s && span__kind(s) == SPAN_FREE;
}

bool pages__would_join(const struct span *s)
{
	return is_free(s->base - 1) || is_free(span__end(s));
}

struct span *pages__top(const struct page_heap *h)
{
	const struct segment *g = segments__at_brk(h);

	return g ? free_run__at(g, g->end - 1) : NULL;
}

static struct span *grow(struct page_heap *h, size_t pages, bool welcome)
{
	struct span *top = pages__top(h);
	struct span *s = pages__record(h);
	struct segment *g;
	size_t bytes;
	char *start;

	if (!s)
		return NULL;
	trim__growing(h);
	g = segments__grow(h, pages << PAGE_SHIFT, top ? pages__bytes(top) : 0, welcome, &start,
			   &bytes);
	if (!g) {
		pages__drop_record(h, s);
		return NULL;
	}
	free_run__place(s, g, start, bytes >> PAGE_SHIFT);
	s->dirty = 0;
	free_run__add(s);
	return s;
}

/* Takes [base, base + pages) out of the free run s; what is left on either side stays free. */
static struct span *carve(struct page_heap *h, struct span *s, char *base, size_t pages)
{
	size_t before = (base - s->base) >> PAGE_SHIFT;
	size_t behind = s->pages - before - pages;
	struct span *left = before ? pages__record(h) : NULL;
	struct span *right = behind ? pages__record(h) : NULL;
	struct segment *g = s->segment;
	bool fresh = base >= g->clean;

	if ((before && !left) || (behind && !right)) {
		if (left)
			pages__drop_record(h, left);
		return NULL;
	}
	/* Into what was used, and most of which the kernel got back. */
	if (2 * s->dirty < free_run__used(g, s->base, s->pages))
		trim__growing(h);
	h->taken += pages;
	free_run__remove(s);
	if (base + (pages << PAGE_SHIFT) > g->clean)
		g->clean = base + (pages << PAGE_SHIFT);
	if (left) {
		free_run__part(left, s, s->base, before);
		free_run__add_alone(left);
	}
	if (right) {
		free_run__part(right, s, base + (pages << PAGE_SHIFT), behind);
		free_run__add_alone(right);
	}
	free_run__place(s, g, base, pages);
	s->request = 0; /* until the block is there: others may walk, or fork */
	span__set_kind(s, SPAN_PAGES);
	table__set_ends(base, pages__bytes(s), s);
	s->zeroed = fresh;
	s->grows = false;
	return s;
}

/* The better fit of the two sets. */
static struct span *find_any(const struct page_heap *h, size_t pages)
{
	struct span *dirty = bins__find(&h->bins, pages, true);
	struct span *clean = bins__find(&h->bins, pages, false);

	return !dirty || (clean && clean->pages < dirty->pages) ? clean : dirty;
}

static struct span *carve_aligned(struct page_heap *h, struct span *s, size_t pages,
				  size_t alignment)
{
	char *base = (char *)round_up((uintptr_t)s->base, alignment << PAGE_SHIFT);

	return carve(h, s, base, pages);
}

/* It ends where another begins that may grow again. */
static bool is_behind_growing(const struct span *s)
{
	const struct span *before = s->base > s->segment->start ? table__find(s->base - 1) : NULL;

	return before && span__kind(before) == SPAN_PAGES && before->grows;
}

/* Where in a free run a block that grows to so many pages is in no other's way. NULL: nowhere. */
static char *place_to_grow(const struct span *s, size_t pages)
{
	if (!s || s->pages < pages)
		return NULL;
	if (!is_behind_growing(s))
		return s->base;
	return s->pages >= 2 * pages ? span__end(s) - (pages << PAGE_SHIFT) : NULL;
}

/*
 * A place with room for a block that grows: where it can become as large as any did, if such a run
 * has been in use, else `room` larger.
 */
static struct span *alloc_to_grow(struct page_heap *h, size_t pages, size_t room)
{
	size_t most = __atomic_load_n(&largest_grown, __ATOMIC_RELAXED);
	const struct {
		struct span *run;
		size_t pages;
	} places[] = {
		{most > pages + room ? bins__find(&h->bins, most, true) : NULL, most},
		{find_any(h, pages + room), pages + room},
		{pages__top(h), pages + room},
	};
	char *base;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		base = place_to_grow(places[i].run, places[i].pages);
		if (!base)
			continue;
		if (places[i].run->dirty < pages)
			trim__before_touching(h);
		return carve(h, places[i].run, base, pages);
	}
	return NULL;
}

static struct span *alloc_own(struct page_heap *h, size_t pages, size_t alignment, size_t room)
{
	size_t want = pages + alignment - 1;
	struct span *s, *top;

	s = room ? alloc_to_grow(h, pages, room) : NULL;
	if (s || (room && pages >= ROOMY))
		return s;
	s = find_any(h, want);
	/* A bin with many runs is not searched to its end, and the top may be there. */
	if (!s && (top = pages__top(h)) && top->pages >= want)
		s = top;
	if (!s || s->dirty < want)
		trim__before_touching(h);
	return s ? carve_aligned(h, s, pages, alignment) : NULL;
}

/*
 * Addresses that another page heap has used and given back the memory of; but not what it has never
 * used, where it is to grow.
 */
static struct span *alloc_elsewhere(struct page_heap *h, size_t pages, size_t alignment)
{
	size_t want = pages + alignment - 1;
	struct span *s = find_any(h, want);

	if (!s || s == pages__top(h) || s->base + (want << PAGE_SHIFT) > s->segment->clean)
		return NULL;
	return carve_aligned(h, s, pages, alignment);
}

static struct span *alloc_growing(struct page_heap *h, size_t pages, size_t alignment, size_t room)
{
	const struct span *top;
	struct span *s;

	/* Others may have freed meanwhile. */
	s = alloc_own(h, pages, alignment, room);
	if (!s && room && pages >= ROOMY) {
		top = pages__top(h);
		s = grow(h, (pages + room) << (!top || is_behind_growing(top)), true);
		if (s)
			return carve(h, s, place_to_grow(s, pages + room), pages);
		s = alloc_own(h, pages, alignment, 0);
	}
	if (s)
		return s;
	s = grow(h, pages + alignment - 1, false);
	return s ? carve_aligned(h, s, pages, alignment) : NULL;
}

struct span *pages__alloc(struct page_heap *own, size_t pages, size_t alignment, size_t room)
{
	struct span *s;

	/* The record counts pages in 32 bits: 16 TiB. */
	if (pages > UINT32_MAX - alignment)
		return NULL;
	lock__take(&own->lock);
	s = alloc_own(own, pages, alignment, room);
	if (s)
		s->grows = room;
	lock__give(&own->lock);
	for (struct page_heap *h = heaps; h < heaps + HEAPS && !s; h++) {
		/* A glance without the lock: one that no thread has used is not touched. */
		if (h == own || __atomic_load_n(&h->bins.pages, __ATOMIC_RELAXED) < pages)
			continue;
		lock__take(&h->lock);
		s = alloc_elsewhere(h, pages, alignment);
		lock__give(&h->lock);
	}
	if (s)
		return s;
	lock__take(&own->lock);
	s = alloc_growing(own, pages, alignment, room);
	if (s)
		s->grows = room;
	lock__give(&own->lock);
	return s;
}

/* What mostly has memory, or else has about as much as is wanted. */
static struct span *find(struct page_heap *h, size_t pages)
{
	struct span *s;

	/* A glance without the lock: it may be another thread's. */
	if (__atomic_load_n(&h->bins.dirty, __ATOMIC_RELAXED) < pages)
		return NULL;
	lock__take(&h->lock);
	s = bins__find(&h->bins, pages, true);
	if (!s)
		s = bins__find(&h->bins, pages, false);
	s = s && s->dirty >= pages - pages / 4 ? carve(h, s, s->base, pages) : NULL;
	lock__give(&h->lock);
	return s;
}

struct span *pages__find(struct page_heap *own, size_t pages)
{
	struct span *s = find(own, pages);

	for (int i = 0; i < HEAPS && !s; i++)
		s = &heaps[i] == own ? NULL : find(&heaps[i], pages);
	return s;
}

/* If all of it is the free run s. Its entries go before its addresses may be a large block's. */
static bool remove_arena(struct page_heap *h, struct segment *g, struct span *s)
{
	if (g == h->segments || s->base != g->start || span__end(s) != g->end)
		return false;
	free_run__remove(s);
	if (!segments__remove(g)) {
		free_run__add_alone(s);
		return false;
	}
	pages__drop_record(h, s);
	return true;
}

void pages__free(struct span *s)
{
	struct segment *g = s->segment;
	struct page_heap *h = g->home;

	if (span__kind(s) == SPAN_SMALL)
		table__clear(s);
	else
		table__set_ends(s->base, pages__bytes(s), NULL);
	s->owner = NULL;
	s->dirty = s->pages;
	free_run__add(s);
	if (g->route != REFMALLOC_ARENA || !remove_arena(h, g, s))
		trim__after_free(h);
}

void pages__give_back(struct span *s)
{
	struct page_heap *home = pages__home(s);

	lock__take(&home->lock);
	pages__free(s);
	lock__give(&home->lock);
}

static bool shrink(struct span *s, size_t pages)
{
	struct span *rest = pages__record(pages__home(s));

	if (!rest)
		return false;
	free_run__place(rest, s->segment, s->base + (pages << PAGE_SHIFT), s->pages - pages);
	span__set_kind(rest, SPAN_PAGES);
	s->pages = pages;
	table__set_ends(s->base, pages__bytes(s), s);
	pages__free(rest);
	return true;
}

/* A free run of at least so many pages right behind s; if s is the last block, the heap grows. */
static struct span *room_behind(const struct span *s, size_t pages)
{
	struct segment *g = s->segment;
	struct span *behind = free_run__at(g, span__end(s));
	bool at_top = g == segments__at_brk(g->home) &&
		      (behind ? span__end(behind) : span__end(s)) == g->end;

	if (at_top && (!behind || behind->pages < pages)) {
		if (!grow(g->home, pages, false))
			return NULL;
		behind = free_run__at(g, span__end(s));
	}
	return behind && behind->pages >= pages ? behind : NULL;
}

/* The first pages of a free run are no longer its own. */
static void take_front(struct span *s, size_t pages)
{
	struct segment *g = s->segment;

	char *rest = s->base + (pages << PAGE_SHIFT);

	free_run__remove(s);
	if (rest > g->clean)
		g->clean = rest;
	free_run__part(s, s, rest, s->pages - pages);
	if (s->pages)
		free_run__add_alone(s);
	else
		pages__drop_record(g->home, s);
}

bool pages__resize(struct span *s, size_t pages)
{
	size_t more = pages - s->pages;
	struct span *behind;

	if (pages == s->pages)
		return true;
	if (pages < s->pages)
		return shrink(s, pages);
	behind = room_behind(s, more);
	if (!behind)
		return false;
	take_front(behind, more);
	table__set_ends(s->base, pages__bytes(s), NULL);
	s->pages = pages;
	table__set_ends(s->base, pages__bytes(s), s);
	pages__grew(pages);
	return true;
}

void pages__grew(size_t pages)
{
	if (pages > __atomic_load_n(&largest_grown, __ATOMIC_RELAXED))
		__atomic_store_n(&largest_grown, pages, __ATOMIC_RELAXED);
}

bool pages__trim_all(size_t pad)
{
	bool any = false;

	for (int i = 0; i < HEAPS; i++) {
		lock__take(&heaps[i].lock);
		any |= trim__all(&heaps[i], pad);
		lock__give(&heaps[i].lock);
	}
	return any;
}

int pages__walk(int (*visit)(struct span *s, void *arg), void *arg)
{
	struct span *s;
	int stop;

	for (int i = 0; i < HEAPS; i++)
		for (struct segment *g = heaps[i].segments; g; g = g->next)
			for (char *p = g->start; p < g->end; p = span__end(s)) {
				s = table__find(p);
				stop = visit(s, arg);
				if (stop)
					return stop;
			}
	return 0;
}

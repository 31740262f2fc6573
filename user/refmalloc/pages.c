/*
 * pages.c - the page heap: runs of pages, split when taken and joined when they come back.
 *
 *	 start                                                        brk
 *	  | small blocks | free |  a block of pages  | small |  free: the top |
 *
 * The smallest run that is large enough is taken, so the top, which is mostly the largest, keeps
 * growing until it can be given back.
 */
#include "pages.h"

#include "bins.h"
#include "lock.h"
#include "records.h"
#include "segments.h"
#include "sys.h"
#include "table.h"
#include "trim.h"

static struct lock page_lock;

void pages__lock(void)
{
	lock__take(&page_lock);
}

void pages__unlock(void)
{
	lock__give(&page_lock);
}

void pages__open_in_child(void)
{
	lock__open_in_child(&page_lock);
}

static void place(struct span *s, struct segment *g, char *base, size_t pages)
{
	s->segment = g;
	s->route = g->route;
	s->base = base;
	s->pages = pages;
}

/* The free run that the page at p belongs to the edge of, if it is of the same segment. */
static struct span *free_neighbour(const struct segment *g, const char *p)
{
	struct span *s = p >= g->start && p < g->end ? table__find(p) : NULL;

	return s && s->kind == SPAN_FREE ? s : NULL;
}

static void take_over(struct span *s, struct span *neighbour)
{
	bins__remove(neighbour);
	table__set_ends(neighbour->base, (size_t)neighbour->pages << PAGE_SHIFT, NULL);
	if (neighbour->base < s->base)
		s->base = neighbour->base;
	s->pages += neighbour->pages;
	s->dirty += neighbour->dirty;
	records__free(neighbour, sizeof(*neighbour));
}

/* Its kind is now SPAN_FREE; joins it with what is free on either side. */
static struct span *add_free(struct span *s)
{
	struct span *before = free_neighbour(s->segment, s->base - 1);
	struct span *behind = free_neighbour(s->segment, span__end(s));

	if (before)
		take_over(s, before);
	if (behind)
		take_over(s, behind);
	s->kind = SPAN_FREE;
	table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, s);
	bins__add(s);
	return s;
}

/* A part of a free run: which of its pages had memory is not known. */
static void place_free(struct span *part, const struct span *run, char *base, size_t pages)
{
	place(part, run->segment, base, pages);
	part->dirty = run->dirty < pages ? run->dirty : pages;
}

struct span *pages__top(void)
{
	struct segment *g = segments__at_brk();

	return g ? free_neighbour(g, g->end - 1) : NULL;
}

static struct span *grow(size_t pages)
{
	struct span *top = pages__top();
	struct span *s = records__span();
	struct segment *g;
	size_t bytes;
	char *start;

	if (!s)
		return NULL;
	trim__growing();
	g = segments__grow(pages << PAGE_SHIFT, top ? (size_t)top->pages << PAGE_SHIFT : 0, &start,
			   &bytes);
	if (!g) {
		records__free(s, sizeof(*s));
		return NULL;
	}
	place(s, g, start, bytes >> PAGE_SHIFT);
	return add_free(s);
}

/* Takes [base, base + pages) out of the free run s; what is left on either side stays free. */
static struct span *carve(struct span *s, char *base, size_t pages)
{
	size_t before = (base - s->base) >> PAGE_SHIFT;
	size_t behind = s->pages - before - pages;
	struct span *left = before ? records__span() : NULL;
	struct span *right = behind ? records__span() : NULL;
	struct segment *g = s->segment;

	if ((before && !left) || (behind && !right)) {
		records__free(left, sizeof(*left));
		records__free(right, sizeof(*right));
		return NULL;
	}
	bins__remove(s);
	table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
	if (left) {
		place_free(left, s, s->base, before);
		add_free(left);
	}
	if (right) {
		place_free(right, s, base + (pages << PAGE_SHIFT), behind);
		add_free(right);
	}
	place(s, g, base, pages);
	s->kind = SPAN_PAGES;
	table__set_ends(base, pages << PAGE_SHIFT, s);
	s->zeroed = base >= g->clean;
	if (span__end(s) > g->clean)
		g->clean = span__end(s);
	return s;
}

struct span *pages__alloc(size_t pages, size_t alignment, size_t room)
{
	size_t want = pages + alignment - 1;
	struct span *s;
	char *base;

	/* The record counts pages in 32 bits: 16 TiB. */
	if (want > UINT32_MAX || want < pages)
		return NULL;
	s = bins__find(want + room);
	if (!s && room)
		s = bins__find(want);
	/* A bin with many runs is not searched to its end, and the top may be there. */
	if (!s && pages__top() && pages__top()->pages >= want)
		s = pages__top();
	if (!s)
		s = grow(want);
	if (!s)
		return NULL;
	base = (char *)round_up((uintptr_t)s->base, alignment << PAGE_SHIFT);
	return carve(s, base, pages);
}

void pages__free(struct span *s)
{
	struct segment *g;

	if (s->kind == SPAN_SMALL)
		table__set(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
	else
		table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
	s->owner = NULL;
	s->dirty = s->pages;
	s = add_free(s);
	g = s->segment;
	if (g->route == REFMALLOC_ARENA && s->base == g->start && span__end(s) == g->end &&
	    g != segments__newest() && segments__remove(g)) {
		bins__remove(s);
		table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
		records__free(s, sizeof(*s));
		return;
	}
	trim__after_free();
}

static bool shrink(struct span *s, size_t pages)
{
	struct span *rest = records__span();

	if (!rest)
		return false;
	table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
	place(rest, s->segment, s->base + (pages << PAGE_SHIFT), s->pages - pages);
	rest->kind = SPAN_PAGES;
	s->pages = pages;
	table__set_ends(s->base, pages << PAGE_SHIFT, s);
	pages__free(rest);
	return true;
}

/* A free run of at least so many pages right behind s; if s is the last block, the heap grows. */
static struct span *room_behind(const struct span *s, size_t pages)
{
	struct segment *g = s->segment;
	struct span *behind = free_neighbour(g, span__end(s));
	bool at_top = g == segments__at_brk() &&
		      (behind ? span__end(behind) : span__end(s)) == g->end;

	if (at_top && (!behind || behind->pages < pages)) {
		if (!grow(pages))
			return NULL;
		behind = free_neighbour(g, span__end(s));
	}
	return behind && behind->pages >= pages ? behind : NULL;
}

/* The first pages of a free run are no longer its own. */
static void take_front(struct span *s, size_t pages)
{
	struct segment *g = s->segment;

	bins__remove(s);
	table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
	place_free(s, s, s->base + (pages << PAGE_SHIFT), s->pages - pages);
	if (s->base > g->clean)
		g->clean = s->base;
	if (!s->pages) {
		records__free(s, sizeof(*s));
		return;
	}
	table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, s);
	bins__add(s);
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
	table__set_ends(s->base, (size_t)s->pages << PAGE_SHIFT, NULL);
	s->pages = pages;
	table__set_ends(s->base, pages << PAGE_SHIFT, s);
	return true;
}

int pages__walk(int (*visit)(struct span *s, void *arg), void *arg)
{
	struct span *s;
	int stop;

	for (struct segment *g = segments__newest(); g; g = g->next)
		for (char *p = g->start; p < g->end; p = span__end(s)) {
			s = table__find(p);
			stop = visit(s, arg);
			if (stop)
				return stop;
		}
	return 0;
}

/*
 * runs.c - lists by the number of pages, the last freed first.
 */
#include "runs.h"

#include "heap.h"
#include "pages.h"
#include "sys.h"

#define KEPT_PART 8 /* that part of the page heap may be kept, */
#define FITS_PART 4 /* by that part a run may be larger than is wanted */

struct span *runs__take(struct heap *h, unsigned int pages)
{
	struct runs *r = &h->runs;
	uint64_t filled = pages <= RUN_MAX ? r->filled >> pages : 0;
	unsigned int more = filled ? __builtin_ctzl(filled) : 0;
	struct span *s;

	if (!filled || more > pages / FITS_PART)
		return NULL;
	s = r->lists[pages + more];
	r->lists[s->pages] = s->next;
	if (!s->next)
		r->filled &= ~(1ul << s->pages);
	r->pages -= s->pages;
	span__set_kind(s, SPAN_PAGES);
	return s;
}

bool runs__keep(struct heap *h, struct span *s)
{
	struct runs *r = &h->runs;
	size_t all = __atomic_load_n(&h->pages->total, __ATOMIC_RELAXED) >> PAGE_SHIFT;

	if (s->pages > RUN_MAX || s->pages > all / KEPT_PART || h == &shared_heap)
		return false;
	if (r->pages + s->pages > all / KEPT_PART)
		runs__flush(h);
	if (pages__would_join(s))
		return false;
	s->zeroed = false;
	s->keeper = h;
	s->next = r->lists[s->pages];
	r->lists[s->pages] = s;
	r->filled |= 1ul << s->pages;
	r->pages += s->pages;
	return true;
}

void runs__flush(struct heap *h)
{
	struct runs *r = &h->runs;
	struct span *s;

	for (; r->filled; r->filled &= r->filled - 1)
		while ((s = r->lists[__builtin_ctzl(r->filled)])) {
			r->lists[s->pages] = s->next;
			pages__give_back(s);
		}
	r->pages = 0;
}

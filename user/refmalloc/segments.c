/*
 * segments.c - growing the heap: by brk as long as it gives, by mmapped arenas when it does not.
 *
 * The break belongs to the whole program.  When somebody else has moved it up since, a new segment
 * begins above what is theirs; the table finds blocks in either.
 *
 * The pad, what is taken beyond the need, is 128 KiB as malloc's always was, and an eighth of the
 * heap once that is more: the number of brk calls then grows with the heap's logarithm.  Pages
 * that nobody touches cost no memory.
 */
#include "segments.h"

#include "options.h"
#include "pages.h"
#include "records.h"
#include "sys.h"
#include "table.h"

#define ARENA_MIN ((size_t)1 << 20)

/* The one that ends at the break, unless somebody moved that. Written under the records' lock. */
static struct segment *at_brk;

size_t segments__pad(const struct page_heap *h)
{
	size_t pad = round_up(option(&options.top_pad), PAGE_SIZE);
	size_t eighth = round_up(h->total / 8, PAGE_SIZE);

	return options__fixed() || pad > eighth ? pad : eighth;
}

struct segment *segments__at_brk(const struct page_heap *h)
{
	return __atomic_load_n(&at_brk, __ATOMIC_RELAXED) == h->by_brk ? h->by_brk : NULL;
}

/* Others may have a look without the lock. */
static void add_total(struct page_heap *h, size_t bytes)
{
	__atomic_store_n(&h->total, h->total + bytes, __ATOMIC_RELAXED);
}

static struct segment *add_segment(struct page_heap *h, char *start, size_t bytes,
				   enum refmalloc_route route)
{
	struct segment *g = records__alloc(sizeof(*g));

	if (!g)
		return NULL;
	*g = (struct segment){start, start + bytes, start, route, h, h->segments};
	h->segments = g;
	add_total(h, bytes);
	return g;
}

static struct segment *grow_by_brk(struct page_heap *h, size_t need, size_t free_at_top, size_t pad,
				   char **start, size_t *bytes)
{
	char *now = sys__break();
	struct segment *g = segments__at_brk(h);

	if (g && g->end != now)
		g = NULL;
	*start = now + (-(uintptr_t)now & (PAGE_SIZE - 1));
	if (__builtin_add_overflow(need - (g ? free_at_top : 0), pad, bytes) ||
	    *bytes > PTRDIFF_MAX)
		return NULL;
	*bytes += -(uintptr_t)(*start + *bytes) & (sys__page() - 1);
	if (!sys__set_break(now, *start + *bytes))
		return NULL;
	/* Not before: for what is refused the table would grow, and it does not shrink again. */
	if (!table__cover(*start, *bytes)) {
		sys__set_break(*start + *bytes, now);
		return NULL;
	}
	if (g) {
		g->end += *bytes;
		add_total(h, *bytes);
		return g;
	}
	g = add_segment(h, *start, *bytes, REFMALLOC_HEAP);
	if (!g) {
		sys__set_break(*start + *bytes, now);
		return NULL;
	}
	h->by_brk = g;
	__atomic_store_n(&at_brk, g, __ATOMIC_RELAXED);
	return g;
}

static struct segment *grow_by_mmap(struct page_heap *h, size_t need, size_t least, char **start,
				    size_t *bytes)
{
	struct segment *g;

	*bytes = round_up(need > least ? need : least, sys__page());
	*start = sys__map(REFMALLOC_MAP_ARENA, *bytes);
	if (!*start)
		return NULL;
	g = table__cover(*start, *bytes) ? add_segment(h, *start, *bytes, REFMALLOC_ARENA) : NULL;
	if (!g)
		sys__unmap(REFMALLOC_MAP_ARENA, *start, *bytes);
	return g;
}

struct segment *segments__grow(struct page_heap *h, size_t need, size_t free_at_top, bool welcome,
			       char **start, size_t *bytes)
{
	size_t pad = segments__pad(h), arena = round_up(h->total / 8, PAGE_SIZE);
	struct segment *g;

	lock__take(&records_lock);
	g = grow_by_brk(h, need, free_at_top, pad, start, bytes);
	if (!g && !welcome)
		g = grow_by_mmap(h, need, arena > ARENA_MIN ? arena : ARENA_MIN, start, bytes);
	/* A limit is near: no more than what is needed. */
	if (!g && !welcome && pad)
		g = grow_by_brk(h, need, free_at_top, 0, start, bytes);
	if (!g && !welcome)
		g = grow_by_mmap(h, need, 0, start, bytes);
	lock__give(&records_lock);
	return g;
}

bool segments__shrink(struct segment *g, size_t bytes)
{
	bool done;

	lock__take(&records_lock);
	done = g == at_brk && sys__break() == g->end && sys__set_break(g->end, g->end - bytes);
	if (done)
		g->end -= bytes;
	lock__give(&records_lock);
	if (!done)
		return false;
	add_total(g->home, -bytes);
	if (g->clean > g->end)
		g->clean = g->end;
	return true;
}

bool segments__remove(struct segment *g)
{
	struct segment **link = &g->home->segments;

	if (!sys__unmap(REFMALLOC_MAP_ARENA, g->start, g->end - g->start))
		return false;
	add_total(g->home, g->start - g->end);
	while (*link != g)
		link = &(*link)->next;
	*link = g->next;
	lock__take(&records_lock);
	records__free(g, sizeof(*g));
	lock__give(&records_lock);
	return true;
}

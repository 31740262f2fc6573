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
#include "records.h"
#include "sys.h"
#include "table.h"

#define ARENA_MIN ((size_t)1 << 20)

static struct segment *newest; /* of all */
static struct segment *at_brk; /* the one that ends at the break, unless somebody moved it */
static size_t total;

size_t segments__pad(void)
{
	size_t pad = round_up(option(&options.top_pad), PAGE_SIZE);

	return options__fixed() || pad > total / 8 ? pad : round_up(total / 8, PAGE_SIZE);
}

struct segment *segments__at_brk(void)
{
	return at_brk;
}

struct segment *segments__newest(void)
{
	return newest;
}

size_t segments__total(void)
{
	return total;
}

static struct segment *add_segment(char *start, size_t bytes, enum refmalloc_route route)
{
	struct segment *g = records__alloc(sizeof(*g));

	if (!g)
		return NULL;
	*g = (struct segment){start, start + bytes, start, route, newest};
	newest = g;
	total += bytes;
	return g;
}

static struct segment *grow_by_brk(size_t need, size_t free_at_top, size_t pad, char **start,
				   size_t *bytes)
{
	char *now = sys__break();
	bool further = at_brk && at_brk->end == now;

	*start = now + (-(uintptr_t)now & (PAGE_SIZE - 1));
	if (__builtin_add_overflow(need - (further ? free_at_top : 0), pad, bytes) ||
	    *bytes > PTRDIFF_MAX)
		return NULL;
	*bytes += -(uintptr_t)(*start + *bytes) & (sys__page() - 1);
	if (!table__cover(*start, *bytes) || !sys__set_break(now, *start + *bytes))
		return NULL;
	if (further) {
		at_brk->end += *bytes;
		total += *bytes;
		return at_brk;
	}
	at_brk = add_segment(*start, *bytes, REFMALLOC_HEAP);
	if (!at_brk)
		sys__set_break(*start + *bytes, now);
	return at_brk;
}

static struct segment *grow_by_mmap(size_t need, size_t least, char **start, size_t *bytes)
{
	struct segment *g;

	*bytes = round_up(need > least ? need : least, sys__page());
	*start = sys__map(REFMALLOC_MAP_ARENA, *bytes);
	if (!*start)
		return NULL;
	g = table__cover(*start, *bytes) ? add_segment(*start, *bytes, REFMALLOC_ARENA) : NULL;
	if (!g)
		sys__unmap(REFMALLOC_MAP_ARENA, *start, *bytes);
	return g;
}

struct segment *segments__grow(size_t need, size_t free_at_top, char **start, size_t *bytes)
{
	size_t pad = segments__pad();
	size_t arena = round_up(total / 8, PAGE_SIZE);
	struct segment *g = grow_by_brk(need, free_at_top, pad, start, bytes);

	if (!g)
		g = grow_by_mmap(need, arena > ARENA_MIN ? arena : ARENA_MIN, start, bytes);
	/* A limit is near: no more than what is needed. */
	if (!g && pad)
		g = grow_by_brk(need, free_at_top, 0, start, bytes);
	return g ? g : grow_by_mmap(need, 0, start, bytes);
}

bool segments__shrink(struct segment *g, size_t bytes)
{
	if (g != at_brk || sys__break() != g->end || !sys__set_break(g->end, g->end - bytes))
		return false;
	g->end -= bytes;
	total -= bytes;
	if (g->clean > g->end)
		g->clean = g->end;
	return true;
}

bool segments__remove(struct segment *g)
{
	struct segment **link = &newest;

	if (!sys__unmap(REFMALLOC_MAP_ARENA, g->start, g->end - g->start))
		return false;
	total -= g->end - g->start;
	while (*link != g)
		link = &(*link)->next;
	*link = g->next;
	records__free(g, sizeof(*g));
	return true;
}

/*
 * free_run.c - free runs of pages: in the table by their ends, so that neighbours find each other,
 * and in a bin by their size.
 */
#include "free_run.h"

#include "table.h"

void free_run__place(struct span *s, struct segment *g, char *base, size_t pages)
{
	s->segment = g;
	s->route = g->route;
	s->base = base;
	s->pages = pages;
}

void free_run__add_alone(struct span *s)
{
	span__set_kind(s, SPAN_FREE);
	table__set_ends(s->base, pages__bytes(s), s);
	bins__add(&pages__home(s)->bins, s);
}

void free_run__remove(struct span *s)
{
	bins__remove(&pages__home(s)->bins, s);
	table__set_ends(s->base, pages__bytes(s), NULL);
}

struct span *free_run__at(const struct segment *g, const char *p)
{
	struct span *s = p >= g->start && p < g->end ? table__find(p) : NULL;

	return s && span__kind(s) == SPAN_FREE ? s : NULL;
}

static void take_over(struct span *s, struct span *neighbour)
{
	free_run__remove(neighbour);
	if (neighbour->base < s->base)
		s->base = neighbour->base;
	s->pages += neighbour->pages;
	s->dirty += neighbour->dirty;
	pages__drop_record(pages__home(s), neighbour);
}

void free_run__add(struct span *s)
{
	struct span *before = free_run__at(s->segment, s->base - 1);
	struct span *behind = free_run__at(s->segment, span__end(s));

	if (before)
		take_over(s, before);
	if (behind)
		take_over(s, behind);
	free_run__add_alone(s);
}

size_t free_run__used(const struct segment *g, const char *base, size_t pages)
{
	size_t used = g->clean > base ? (g->clean - base) >> PAGE_SHIFT : 0;

	return used < pages ? used : pages;
}

void free_run__part(struct span *part, const struct span *run, char *base, size_t pages)
{
	size_t used = free_run__used(run->segment, base, pages);

	free_run__place(part, run->segment, base, pages);
	part->dirty = run->dirty < used ? run->dirty : used;
}

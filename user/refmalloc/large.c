/*
 * large.c - blocks in mappings of their own, and from which size on a block gets one.
 *
 * A block begins one cache line into its mapping: large arrays that all begin at a page would
 * compete for the same lines of every cache.
 *
 * A mapping costs two system calls and a page fault a page, each time.  A program that frees a
 * large block is likely to want another such one, so that size becomes the threshold, up to a
 * limit: from then on such blocks come from the heap, which may now keep twice that at its top.
 */
#include "large.h"

#include "options.h"
#include "pages.h"
#include "records.h"
#include "sizeclass.h"
#include "sys.h"
#include "table.h"

#define LEAD 64

static struct span *blocks;
static size_t count; /* also read without the lock, where being one off does no harm */

static bool register_block(struct span *s)
{
	if (!table__cover(s->base, 1))
		return false;
	table__set_ends(s->base, PAGE_SIZE, s);
	list__append(&blocks, s);
	__atomic_store_n(&count, count + 1, __ATOMIC_RELAXED);
	return true;
}

/* Before the memory is anybody else's, whose entry this then would be. */
static void hide(struct span *s)
{
	table__set_ends(s->base, PAGE_SIZE, NULL);
	list__remove(&blocks, s);
	__atomic_store_n(&count, count - 1, __ATOMIC_RELAXED);
}

/* Maps more than needed and gives back both ends, for an alignment above a page. */
static char *map_aligned(size_t bytes, size_t alignment)
{
	char *start = sys__map(REFMALLOC_MAP_BLOCK, bytes + alignment);
	char *aligned = (char *)round_up((uintptr_t)start, alignment);

	if (!start)
		return NULL;
	if (aligned > start)
		sys__unmap(REFMALLOC_MAP_BLOCK, start, aligned - start);
	sys__unmap(REFMALLOC_MAP_BLOCK, aligned + bytes, start + alignment - aligned);
	return aligned;
}

struct span *large__alloc(size_t size, size_t alignment)
{
	size_t lead = alignment > PAGE_SIZE ? 0 : alignment > LEAD ? alignment : LEAD;
	size_t bytes = round_up(size + lead, sys__page());
	struct span *s;
	char *start;

	if (__atomic_load_n(&count, __ATOMIC_RELAXED) >= option(&options.mmap_max))
		return NULL;
	start = lead ? sys__map(REFMALLOC_MAP_BLOCK, bytes) : map_aligned(bytes, alignment);
	if (!start)
		return NULL;
	lock__take(&records_lock);
	s = records__span();
	if (s) {
		span__set_kind(s, SPAN_LARGE);
		s->route = REFMALLOC_MMAP;
		s->base = start + lead;
		s->lead = lead;
		s->mapped = bytes;
	}
	if (s && !register_block(s)) {
		records__free(s, sizeof(*s));
		s = NULL;
	}
	lock__give(&records_lock);
	if (!s)
		sys__unmap(REFMALLOC_MAP_BLOCK, start, bytes);
	return s;
}

static void adapt_threshold(size_t bytes)
{
	if (options__fixed() || bytes <= option(&options.mmap_threshold) ||
	    bytes > MMAP_THRESHOLD_MAX)
		return;
	__atomic_store_n(&options.mmap_threshold, bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&options.trim_threshold, 2 * bytes, __ATOMIC_RELAXED);
}

bool large__free(struct span *s, void *p)
{
	bool there;

	lock__take(&records_lock);
	there = table__find(p) == s;
	if (there)
		hide(s);
	lock__give(&records_lock);
	if (!there)
		return false;
	adapt_threshold(s->mapped);
	/* The kernel may lack a record to split its own: then at least the memory. */
	if (!sys__unmap(REFMALLOC_MAP_BLOCK, s->base - s->lead, s->mapped))
		sys__forget(s->base - s->lead, s->mapped);
	lock__take(&records_lock);
	records__free(s, sizeof(*s));
	lock__give(&records_lock);
	return true;
}

bool large__resize(struct span *s, size_t size)
{
	size_t bytes = round_up(size + s->lead, sys__page());
	char *start = s->base - s->lead, *moved;
	table_entry *leaf;

	if (bytes == s->mapped)
		return true;
	lock__take(&records_lock);
	leaf = table__reserve();
	if (leaf)
		hide(s);
	lock__give(&records_lock);
	if (!leaf)
		return false;
	moved = sys__remap(start, s->mapped, bytes);
	lock__take(&records_lock);
	if (moved) {
		s->base = moved + s->lead;
		s->mapped = bytes;
		pages__grew(bytes >> PAGE_SHIFT);
	}
	table__give_back(leaf);
	register_block(s);
	lock__give(&records_lock);
	return moved != NULL;
}

int large__walk(int (*visit)(struct span *s, void *arg), void *arg)
{
	int stop = 0;

	for (struct span *s = blocks; s && !stop; s = s->next)
		stop = visit(s, arg);
	return stop;
}

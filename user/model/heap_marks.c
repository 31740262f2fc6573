/*
 * heap_marks.c - the little that is remembered of a heap beside its live blocks: what was in it.
 */
#include "model/heap_marks.h"

#include "model/glibc_malloc.h"

static __u64 start_of(const struct block *b)
{
	return b->addr > CHUNK_HEADER ? b->addr - CHUNK_HEADER : 0;
}

static __u64 end_of(const struct block *b)
{
	return start_of(b) + glibc_chunk(b->size);
}

static void raise_to(__u64 *mark, __u64 to)
{
	if (to > *mark)
		*mark = to;
}

static void lower_to(__u64 *mark, __u64 to)
{
	if (to < *mark)
		*mark = to;
}

/* A chunk was freed that ends there. */
static void free_chunk(struct heap_marks *m, __u64 end, __u64 bytes)
{
	if (bytes <= CHUNK_TCACHE)
		raise_to(&m->tcache_end, end);
	if (bytes <= CHUNK_FASTBIN)
		raise_to(&m->fastbin_end, end);
}

/* malloc has cut a chunk, and freed what was left of it, perhaps: it ends there at the latest. */
static void free_rest(struct heap_marks *m, __u64 from)
{
	raise_to(&m->tcache_end, from + CHUNK_TCACHE);
	raise_to(&m->fastbin_end, from + CHUNK_FASTBIN);
}

/* What is in use again is in no cache. */
static void reuse(__u64 *mark, __u64 start, __u64 end)
{
	if (start < *mark && *mark <= end)
		*mark = start;
}

/* Where nothing has ever been, it would not be either if large blocks had mappings of their own. */
static void reach(struct heap_marks *m, const struct block *b, __u64 start, __u64 end)
{
	if (end <= m->reached)
		return;
	if (b->size >= GLIBC_THRESHOLD && end - start < m->mapping_freed)
		m->by_large += end - (start > m->reached ? start : m->reached);
	m->reached = end;
}

static void add_small(struct heap_marks *m, const struct block *b)
{
	if (b->size >= GLIBC_THRESHOLD)
		return;
	m->small_bytes += glibc_chunk(b->size);
	raise_to(&m->small_peak, m->small_bytes);
}

/* It may have been given before the agent came. */
static void remove_small(struct heap_marks *m, const struct block *b)
{
	__u64 bytes = b->size < GLIBC_THRESHOLD ? glibc_chunk(b->size) : 0;

	m->small_bytes -= bytes < m->small_bytes ? bytes : m->small_bytes;
}

void heap_marks__had(struct heap_marks *m, const struct block *block, bool aligned)
{
	__u64 start = start_of(block), end = end_of(block);

	raise_to(&m->heap_request, block->size);
	reach(m, block, start, end);
	add_small(m, block);
	reuse(&m->tcache_end, start, end);
	reuse(&m->fastbin_end, start, end);
	if (aligned)
		free_rest(m, end);
}

void heap_marks__freed(struct heap_marks *m, const struct block *block)
{
	free_chunk(m, end_of(block), glibc_chunk(block->size));
	remove_small(m, block);
}

void heap_marks__resized(struct heap_marks *m, const struct block *old, const struct block *block)
{
	__u64 before = end_of(old), end = end_of(block);

	if (block->addr != old->addr) {
		heap_marks__freed(m, old);
		return;
	}
	remove_small(m, old);
	if (end > before) /* into a free chunk, of which there may be a rest */
		free_rest(m, end);
	else if (end < before)
		free_chunk(m, before, before - end);
}

void heap_marks__mapping_freed(struct heap_marks *m, __u64 bytes)
{
	if (bytes <= GLIBC_THRESHOLD_MAX)
		raise_to(&m->mapping_freed, bytes);
}

void heap_marks__break(struct heap_marks *m, __u64 start, __u64 end)
{
	lower_to(&m->reached, end);
	lower_to(&m->tcache_end, end);
	lower_to(&m->fastbin_end, end);
	lower_to(&m->by_large, end - start);
	lower_to(&m->small_peak, end - start);
}

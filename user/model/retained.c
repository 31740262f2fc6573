/*
 * retained.c - where in a heap the free bytes lie, and which blocks keep them.
 */
#include "model/retained.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/glibc_malloc.h"
#include "model/retained_pattern.h"

__u64 retained__chunk(enum allocator_kind allocator, __u64 size)
{
	return allocator == ALLOCATOR_GLIBC ? glibc_chunk(size) : size;
}

/* A block with what the allocator has around it. */
static struct retained_gap extent(const struct retained_input *in, const struct block *b)
{
	__u64 header = in->allocator == ALLOCATOR_GLIBC ? CHUNK_HEADER : 0;
	__u64 start = b->addr > in->heap_start + header ? b->addr - header : in->heap_start;
	__u64 end = start + retained__chunk(in->allocator, b->size), limit = in->heap_end;

	return (struct retained_gap){start < limit ? start : limit, end < limit ? end : limit};
}

static __u64 page_down(const struct retained_input *in, __u64 bytes)
{
	return in->page_size ? bytes - bytes % in->page_size : 0;
}

/* mtrim(): all whole pages of a free chunk but for its beginning. */
static __u64 inside_pages(const struct retained_input *in, const struct retained_gap *gap)
{
	__u64 start = gap->start + (in->allocator == ALLOCATOR_GLIBC ? CHUNK_STRUCT : 0);
	__u64 first = page_down(in, start + in->page_size - 1), end = page_down(in, gap->end);

	return end > first ? end - first : 0;
}

/* systrim(): the least chunk and one byte stay. */
static __u64 top_pages(const struct retained_input *in, __u64 top)
{
	__u64 stays = in->allocator == ALLOCATOR_GLIBC ? CHUNK_MIN + 1 : 0;

	return top > stays ? page_down(in, top - stays) : 0;
}

static void keep_gap(struct retained *r, struct retained_gap gap)
{
	size_t at = r->n_gaps;

	while (at && r->gaps[at - 1].end - r->gaps[at - 1].start < gap.end - gap.start)
		at--;
	if (at == RETAINED_GAPS)
		return;
	r->n_gaps += r->n_gaps < RETAINED_GAPS;
	memmove(&r->gaps[at + 1], &r->gaps[at], (r->n_gaps - at - 1) * sizeof(*r->gaps));
	r->gaps[at] = gap;
}

static void add_gap(const struct retained_input *in, struct retained *r, struct retained_gap gap)
{
	if (gap.start >= gap.end)
		return;
	r->inside_bytes += gap.end - gap.start;
	if (gap.end - gap.start >= GLIBC_THRESHOLD)
		r->large_gap_bytes += gap.end - gap.start;
	r->inside_page_bytes += inside_pages(in, &gap);
	r->gap_count++;
	keep_gap(r, gap);
}

static __u64 below(__u64 start, __u64 end, __u64 limit)
{
	if (start >= limit)
		return 0;
	return (end < limit ? end : limit) - start;
}

static __u64 above(__u64 mark, __u64 start, __u64 end)
{
	mark = mark < end ? mark : end;
	return mark > start ? mark - start : 0;
}

static void add_top(const struct retained_input *in, __u64 from, struct retained *r)
{
	r->top_bytes = in->heap_end - from;
	r->top_page_bytes = top_pages(in, r->top_bytes);
	if (in->allocator != ALLOCATOR_GLIBC)
		return;
	r->top_cache_bytes = above(in->marks.tcache_end, from, in->heap_end);
	r->top_fastbin_bytes = above(in->marks.fastbin_end, from, in->heap_end);
}

/* What is free from `from` on.  Blocks that a missed free has left overlap: they count once. */
static void scan(const struct retained_input *in, __u64 from, struct retained *r)
{
	__u64 at = from, covered = 0;

	for (size_t i = 0; i < in->n_blocks; i++) {
		struct retained_gap block = extent(in, &in->blocks[i]);

		r->live_blocks++;
		r->live_bytes += in->blocks[i].size;
		if (in->blocks[i].size >= GLIBC_THRESHOLD)
			r->large_live_bytes += in->blocks[i].size;
		if (block.end <= at)
			continue;
		r->unseen_bytes += below(at, block.start, in->known_from);
		add_gap(in, r, (struct retained_gap){at, block.start});
		covered += block.end - (block.start > at ? block.start : at);
		at = block.end;
	}
	add_top(in, at, r);
	r->unseen_bytes += below(at, in->heap_end, in->known_from);
	r->free_bytes = r->top_bytes + r->inside_bytes;
	r->overhead_bytes = covered > r->live_bytes ? covered - r->live_bytes : 0;
}

/*
 * Few blocks, or close together at the end: in a quarter of the gap below them.  More of them that
 * take more are a part of the heap, and no pins.
 */
static bool is_at_end(const struct retained_input *in, __u32 n, __u64 start, __u64 gap)
{
	const struct block *highest = &in->blocks[in->n_blocks - 1];

	return n <= RETAINED_PINS || extent(in, highest).end - start <= gap / 4;
}

/* How far the highest blocks are to be freed for the largest of the gaps below them. */
static void find_pins(const struct retained_input *in, __u64 from, struct retained *r)
{
	__u64 bytes = 0, gaps = 0, largest = 0;

	for (__u32 n = 1; n <= in->n_blocks; n++) {
		const struct block *b = &in->blocks[in->n_blocks - n];
		__u64 start = extent(in, b).start, end = from;

		if (!is_at_end(in, n, start, in->heap_end - in->heap_start))
			return; /* for no gap */
		if (n < in->n_blocks)
			end = extent(in, b - 1).end;
		end = end > from ? end : from;
		bytes += b->size;
		if (start <= end)
			continue;
		gaps += start - end;
		if (start - end <= largest || !is_at_end(in, n, start, start - end))
			continue;
		largest = start - end;
		r->pinned.pins = n;
		r->pinned.bytes = bytes;
		r->pinned.lowest = *b;
		r->pinned.free_bytes = gaps;
	}
}

static void judge_arenas(const struct retained_input *in, struct retained *r)
{
	__u64 chunks = in->arenas.chunk_bytes, live = in->arenas.bytes;

	r->arenas.usable_bytes = in->arenas.usable_bytes;
	r->arenas.live_blocks = in->arenas.blocks;
	r->arenas.live_bytes = live;
	r->arenas.resident = in->arenas.resident;
	r->arenas.overhead_bytes = chunks > live ? chunks - live : 0;
	if (in->arenas.usable_bytes > chunks)
		r->arenas.free_bytes = in->arenas.usable_bytes - chunks;
	r->arenas.at_most = r->arenas.free_bytes && !in->complete;
}

/* As free() sets them: an own mapping's size, and twice that. */
static void judge_thresholds(const struct retained_input *in, struct retained *r)
{
	__u64 freed = in->marks.mapping_freed, pad;

	r->mapping_freed = freed;
	r->heap_request = in->marks.heap_request;
	r->by_large = in->marks.by_large;
	r->small_gone = in->marks.small_peak > in->marks.small_bytes
				? in->marks.small_peak - in->marks.small_bytes
				: 0;
	if (in->allocator != ALLOCATOR_GLIBC)
		return;
	r->thresholds_known = in->complete;
	r->mmap_threshold = r->trim_threshold = GLIBC_THRESHOLD;
	if (freed > GLIBC_THRESHOLD && freed <= GLIBC_THRESHOLD_MAX) {
		r->mmap_threshold = freed;
		r->trim_threshold = 2 * freed;
	}
	/* systrim() and sysmalloc() round up to a page, as the kernel does the break. */
	pad = GLIBC_TOP_PAD + CHUNK_MIN + 2 * in->page_size;
	r->top_most = r->trim_threshold > pad ? r->trim_threshold : pad;
}

struct retained retained__judge(const struct retained_input *in)
{
	__u64 from = in->known_from > in->heap_start ? in->known_from : in->heap_start;
	struct retained r = {
		.allocator = in->allocator,
		.heap_bytes = in->heap_end - in->heap_start,
		.heap_resident = in->heap_resident,
		.overhead_known = in->allocator == ALLOCATOR_GLIBC,
	};
	struct retained known;

	from = from < in->heap_end ? from : in->heap_end;
	judge_arenas(in, &r);
	judge_thresholds(in, &r);
	known = r;
	scan(in, in->heap_start, &r);
	scan(in, from, &known);
	find_pins(in, from, &known);
	if (in->complete)
		known.arenas.at_most = false;
	else
		known.arenas.free_bytes = 0;
	r.pinned = known.pinned;
	r.pattern = retained__pattern(&r, &known);
	retained__advise(&r);
	return r;
}

static int by_address(const void *va, const void *vb)
{
	const struct block *a = va, *b = vb;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

struct collection {
	struct retained_input *in;
	struct block *array;
	size_t n, most;
};

static int collect(const struct block *block, void *arg)
{
	struct collection *c = arg;
	struct retained_input *in = c->in;

	if (block->addr >= in->heap_start && block->addr < in->heap_end) {
		if (c->n == c->most) {
			size_t most = c->most ? c->most * 2 : 1024;
			struct block *array = realloc(c->array, most * sizeof(*array));

			if (!array)
				return -ENOMEM;
			c->array = array;
			c->most = most;
		}
		c->array[c->n++] = *block;
	} else if (block->route == ROUTE_ARENA) {
		in->arenas.blocks++;
		in->arenas.bytes += block->size;
		in->arenas.chunk_bytes += retained__chunk(in->allocator, block->size);
	}
	return 0;
}

int retained__collect(struct retained_input *in, const struct blocks *b, struct block **array)
{
	struct collection c = {.in = in};
	int err;

	in->arenas.blocks = in->arenas.bytes = in->arenas.chunk_bytes = 0;
	err = blocks__walk(b, collect, &c);
	if (err) {
		free(c.array);
		return err;
	}
	if (c.n)
		qsort(c.array, c.n, sizeof(*c.array), by_address);
	in->blocks = *array = c.array;
	in->n_blocks = c.n;
	return 0;
}

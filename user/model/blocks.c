/*
 * blocks.c - the outstanding blocks of one process: a table, above what it shares with others.
 *
 * A layer says what differs from the layer below it: blocks that are there, and blocks that are
 * not, although a lower layer has them.  The top layer is the process's own.  Those below it are
 * shared, counted by the layers right above them; what is seen through a shared one never changes.
 */
#include "model/blocks.h"

#include <errno.h>
#include <stdlib.h>

/* A layer's mark that a block of the layers below is not there; no block has that size. */
#define GONE (BLOCK_LIMIT - 1)

#ifndef SHARED_MOST
#define SHARED_MOST 4	/* layers below a top: a search may go through all */
#define COPIED_MOST 128 /* blocks; a fork of so few is a copy */
#endif

struct layer {
	struct block_table table;
	struct layer *below; /* NULL */
	__u32 refs;	     /* layers right above */
};

struct blocks {
	struct layer top;
	struct blocks_sum sums[ROUTE_COUNT];
};

struct blocks *blocks__new(__u64 seed)
{
	struct blocks *b = calloc(1, sizeof(*b));

	if (b)
		block_table__init(&b->top.table, seed);
	return b;
}

static void release(struct layer *l)
{
	while (l && !--l->refs) {
		struct layer *below = l->below;

		block_table__clear(&l->table);
		free(l);
		l = below;
	}
}

void blocks__clear(struct blocks *b)
{
	release(b->top.below);
	b->top.below = NULL;
	block_table__clear(&b->top.table);
	for (int i = 0; i < ROUTE_COUNT; i++)
		b->sums[i] = (struct blocks_sum){};
}

void blocks__free(struct blocks *b)
{
	if (!b)
		return;
	blocks__clear(b);
	free(b);
}

static bool find_from(const struct layer *l, __u64 addr, struct block *out)
{
	for (; l; l = l->below)
		if (block_table__find(&l->table, addr, out))
			return out->size != GONE;
	return false;
}

/* What l has to say, said in a table that stands above l->below's below. */
static int apply(const struct layer *l, struct block_table *to)
{
	const struct layer *rest = l->below->below;
	struct block b, other;

	for (__u32 at = 0; block_table__next(&l->table, &at, &b);) {
		if (b.size == GONE && !find_from(rest, b.addr, &other))
			block_table__take(to, b.addr, &other);
		else if (block_table__put(to, &b, NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * l and the layer below it become one.  Where nobody else has that one it is changed itself: half
 * way, l still hides all that has changed, so that stopping there does no harm.  Otherwise it stays
 * as it is and is copied.
 */
static int absorb(struct layer *l)
{
	struct layer *below = l->below;
	struct block_table merged;
	int err;

	if (below->refs == 1) {
		if (apply(l, &below->table))
			return -ENOMEM;
		block_table__clear(&l->table);
		l->table = below->table;
		l->below = below->below;
		free(below);
		return 0;
	}
	err = block_table__copy(&merged, &below->table);
	if (!err)
		err = apply(l, &merged);
	if (err) {
		block_table__clear(&merged);
		return err;
	}
	block_table__clear(&l->table);
	l->table = merged;
	l->below = below->below;
	if (l->below)
		l->below->refs++;
	below->refs--;
	return 0;
}

/* What is not shared any more is taken; without the memory for it all stays as it is. */
static void settle(struct layer *l)
{
	for (; l; l = l->below)
		while (l->below && l->below->refs == 1)
			if (absorb(l))
				return;
}

/* The more has changed, the less is worth sharing. */
static void settle_changed(struct layer *top)
{
	while (top->below && 4ULL * top->table.n > top->below->table.n)
		if (absorb(top))
			return;
}

static int depth_below(const struct layer *l)
{
	int depth = 0;

	while ((l = l->below))
		depth++;
	return depth;
}

/* What the parent has becomes shared, if it is not: its top is empty then. */
static int freeze(struct layer *top)
{
	struct layer *shared;

	if (!top->table.n && top->below)
		return 0;
	while (depth_below(top) >= SHARED_MOST)
		if (absorb(top))
			return -ENOMEM;
	shared = malloc(sizeof(*shared));
	if (!shared)
		return -ENOMEM;
	*shared = *top;
	shared->refs = 1;
	block_table__init_like(&top->table, &shared->table);
	top->below = shared;
	return 0;
}

static int share(struct blocks *child, struct blocks *parent)
{
	const struct layer *top = &parent->top;

	block_table__init_like(&child->top.table, &top->table);
	settle(&parent->top);
	if (!top->below && top->table.n <= COPIED_MOST)
		return block_table__copy(&child->top.table, &top->table);
	if (freeze(&parent->top))
		return -ENOMEM;
	child->top.below = top->below;
	child->top.below->refs++;
	return 0;
}

struct blocks *blocks__fork(struct blocks *parent)
{
	struct blocks *child = calloc(1, sizeof(*child));

	if (!child)
		return NULL;
	if (share(child, parent)) {
		free(child);
		errno = ENOMEM;
		return NULL;
	}
	for (int i = 0; i < ROUTE_COUNT; i++)
		child->sums[i] = parent->sums[i];
	return child;
}

static void count_in(struct blocks *b, const struct block *block)
{
	b->sums[block->route].blocks++;
	b->sums[block->route].bytes += block->size;
}

static void count_out(struct blocks *b, const struct block *block)
{
	b->sums[block->route].blocks--;
	b->sums[block->route].bytes -= block->size;
}

static bool fits(const struct block *b)
{
	return b->addr && b->addr < BLOCK_LIMIT && b->size < GONE && b->route < ROUTE_COUNT &&
	       b->tag <= BLOCK_TAG_MAX;
}

/* As block_table__put, of all layers. */
static int put_over(struct layer *top, const struct block *block, struct block *was)
{
	int replaced;

	if (!top->below)
		return block_table__put(&top->table, block, was);
	settle(top);
	replaced = block_table__put(&top->table, block, was);
	if (replaced < 0)
		return replaced;
	replaced = replaced ? was->size != GONE : find_from(top->below, block->addr, was);
	settle_changed(top);
	return replaced;
}

int blocks__put(struct blocks *b, const struct block *block, struct block *old)
{
	struct block was;
	int replaced;

	if (!fits(block))
		return -ERANGE;
	replaced = put_over(&b->top, block, &was);
	if (replaced < 0)
		return replaced;
	if (replaced) {
		count_out(b, &was);
		if (old)
			*old = was;
	}
	count_in(b, block);
	return replaced;
}

/* As block_table__take, of all layers: 1, 0, or -ENOMEM. */
static int take_from(struct layer *top, __u64 addr, struct block *was)
{
	const struct block gone = {.addr = addr, .size = GONE};
	struct block hidden;

	if (!top->below)
		return block_table__take(&top->table, addr, was);
	settle(top);
	if (!find_from(top, addr, was))
		return 0;
	if (!find_from(top->below, addr, &hidden))
		block_table__take(&top->table, addr, &hidden);
	else if (block_table__put(&top->table, &gone, NULL) < 0)
		return -ENOMEM;
	settle_changed(top);
	return 1;
}

int blocks__take(struct blocks *b, __u64 addr, struct block *out)
{
	struct block was;
	int taken;

	if (!addr || addr >= BLOCK_LIMIT)
		return 0;
	taken = take_from(&b->top, addr, &was);
	if (taken <= 0)
		return taken;
	count_out(b, &was);
	if (out)
		*out = was;
	return 1;
}

bool blocks__find(const struct blocks *b, __u64 addr, struct block *out)
{
	return addr && addr < BLOCK_LIMIT && find_from(&b->top, addr, out);
}

void blocks__prefetch(const struct blocks *b, __u64 addr)
{
	for (const struct layer *l = &b->top; l; l = l->below)
		block_table__prefetch(&l->table, addr);
}

struct blocks_sum blocks__sum(const struct blocks *b, enum route route)
{
	return b->sums[route];
}

struct blocks_sum blocks__total(const struct blocks *b)
{
	struct blocks_sum total = {};

	for (int i = 0; i < ROUTE_COUNT; i++) {
		total.blocks += b->sums[i].blocks;
		total.bytes += b->sums[i].bytes;
	}
	return total;
}

static bool hidden_above(const struct layer *top, const struct layer *l, __u64 addr)
{
	struct block b;

	for (; top != l; top = top->below)
		if (block_table__find(&top->table, addr, &b))
			return true;
	return false;
}

int blocks__walk(const struct blocks *b, int (*visit)(const struct block *block, void *arg),
		 void *arg)
{
	for (const struct layer *l = &b->top; l; l = l->below) {
		struct block block;

		for (__u32 at = 0; block_table__next(&l->table, &at, &block);) {
			int result;

			if (block.size == GONE || hidden_above(&b->top, l, block.addr))
				continue;
			result = visit(&block, arg);
			if (result)
				return result;
		}
	}
	return 0;
}

size_t blocks__memory(const struct blocks *b)
{
	size_t bytes = sizeof(*b) + block_table__memory(&b->top.table), sharers = 1;

	for (const struct layer *l = b->top.below; l; l = l->below) {
		sharers *= l->refs;
		bytes += (sizeof(*l) + block_table__memory(&l->table)) / sharers;
	}
	return bytes;
}

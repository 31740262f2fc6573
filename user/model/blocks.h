/*
 * blocks.h - the outstanding blocks of one process, by address.
 *
 * No libbpf, no clock, no output.  Not locked: one thread owns all that came from one by fork.
 *
 * Memory, from some thousand blocks on: up to 38 bytes each (block_table.h).  A fork copies none of
 * them: both go on with what changes on top of what they share, and take what is shared for their
 * own when nobody else has it any more, or when a quarter as much has changed.  So a fork that
 * execs or exits costs what was done meanwhile, and one that lives the copy that it needs.
 */
#ifndef BRKSCOPE_BLOCKS_H
#define BRKSCOPE_BLOCKS_H

#include "model/block_table.h"

struct blocks;

struct blocks_sum {
	__u64 blocks, bytes; /* bytes asked for */
};

/* The seed is to be a secret from who chooses addresses.  NULL with errno set. */
struct blocks *blocks__new(__u64 seed);
void blocks__free(struct blocks *b); /* NULL is allowed */
/* The child's: all of the parent's.  NULL with errno set, and the parent has what it had. */
struct blocks *blocks__fork(struct blocks *parent);
/* After an exec there are none. */
void blocks__clear(struct blocks *b);

/*
 * 1: one was at that address, it is in *old (NULL is allowed) and replaced: a free was missed; 0;
 * -ERANGE: address, size, route or tag is none that can be kept; -ENOMEM.  After an error b has
 * what it had.
 */
int blocks__put(struct blocks *b, const struct block *block, struct block *old);
/*
 * 1: it was there, is in *out (NULL is allowed) and gone; 0: none begins there; -ENOMEM: it is
 * still there, which needs sharing with another.
 */
int blocks__take(struct blocks *b, __u64 addr, struct block *out);
/*
 * Changes nothing.  Who knows some events ahead what addresses will be put and taken waits a third
 * less for memory, of a million blocks.
 */
void blocks__prefetch(const struct blocks *b, __u64 addr);
bool blocks__find(const struct blocks *b, __u64 addr, struct block *out);

struct blocks_sum blocks__sum(const struct blocks *b, enum route route);
struct blocks_sum blocks__total(const struct blocks *b);
/* Each block once, in no order; ends with the first result that is not 0, and returns it. */
int blocks__walk(const struct blocks *b, int (*visit)(const struct block *block, void *arg),
		 void *arg);
/* Bytes.  What n share counts one n-th for each: the sum over all is what there is. */
size_t blocks__memory(const struct blocks *b);

#endif

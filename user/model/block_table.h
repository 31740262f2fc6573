/*
 * block_table.h - blocks by address: 16 bytes each, in an array kept in the order of their hashes.
 *
 * Open addressing, where a block stands at its hash's place or behind it, and all stand in the
 * order of their hashes (linear probing, Robin Hood's order).  So a search ends early, a removal
 * leaves no mark, and another size of the array is one pass through it, in place.  Between 43% and
 * 75% are taken: 22 to 38 bytes a block.
 *
 * The hash is a permutation of the 48-bit addresses, and what is stored is the hash: nothing is
 * hashed while searching.  A hostile program chooses its addresses (its malloc may be its own), so
 * the permutation is a secret: a seed that the caller draws.  No step goes further than
 * BLOCK_WAY_MAX places; what would has met a bad permutation, and there is another one from then
 * on.
 */
#ifndef BRKSCOPE_BLOCK_TABLE_H
#define BRKSCOPE_BLOCK_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define BLOCK_BITS    48
#define BLOCK_LIMIT   (1ULL << BLOCK_BITS) /* addresses and sizes are below it */
#define BLOCK_TAG_MAX ((1U << 30) - 1)

/*
 * Places from a block's own to the first free one behind it.  With random hashes and three quarters
 * taken, the odds of n of them are about exp(-0.038 n).
 */
#ifndef BLOCK_WAY_MAX
#define BLOCK_WAY_MAX 1024
#endif

/* Where a block's memory came from. */
enum route { ROUTE_HEAP, ROUTE_MMAP, ROUTE_ARENA, ROUTE_UNKNOWN, ROUTE_COUNT };

struct block {
	__u64 addr;	    /* not 0, below BLOCK_LIMIT */
	__u64 size;	    /* asked for */
	unsigned int route; /* enum route */
	__u32 tag;	    /* the caller's own, up to BLOCK_TAG_MAX */
};

struct block_slot {
	__u64 hash_size; /* the hash, the upper 16 bits of the size; 0: free */
	__u64 rest;	 /* the lower 32 bits of the size, 2 bits route, 30 bits tag */
};

struct block_table {
	struct block_slot *slots; /* NULL until there is a block */
	__u32 n;
	__u32 places; /* that a hash may have */
	__u32 end;    /* slots, with those behind the last place; one more is always free */
	__u64 seed;
	__u64 by[3], back[3]; /* the permutation's odd factors, and their inverses */
};

void block_table__init(struct block_table *t, __u64 seed);
/* Without a block, with the permutation that `like` has. */
void block_table__init_like(struct block_table *t, const struct block_table *like);
/* Its memory goes; it is as after init. */
void block_table__clear(struct block_table *t);
/* What `from` has, into one without blocks.  0 or -ENOMEM. */
int block_table__copy(struct block_table *t, const struct block_table *from);

/*
 * The caller has checked that the block fits.  1: one was at that address, it is in *old (NULL is
 * allowed) and replaced; 0; -ENOMEM with the table as it was.
 */
int block_table__put(struct block_table *t, const struct block *block, struct block *old);
/* For what will be asked of that address some events later: its place into the processor's cache.
 */
void block_table__prefetch(const struct block_table *t, __u64 addr);
bool block_table__find(const struct block_table *t, __u64 addr, struct block *out);
/* Never in want of memory. */
bool block_table__take(struct block_table *t, __u64 addr, struct block *out);
/* Each block once, while the table does not change; *at is 0 at first. */
bool block_table__next(const struct block_table *t, __u32 *at, struct block *out);

size_t block_table__memory(const struct block_table *t); /* of its slots */
/* What has this hash in it, for tests: the address that a hostile program would like to know. */
__u64 block_table__address(const struct block_table *t, __u64 hash);

#endif

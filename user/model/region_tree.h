/*
 * region_tree.h - regions in address order: balanced trees in a pool, cut and joined whole.
 *
 * The ledger's events are about ranges, so the tree's operations are too: a
 * tree is split at an address, and two trees are joined, each in O(log n)
 * however many regions are in them.  A tree is the index of its root.  Indices
 * and a pool, not pointers: a region takes 56 bytes with its links, and a pool
 * that has room cannot fail halfway through an event.
 */
#ifndef BRKSCOPE_REGION_TREE_H
#define BRKSCOPE_REGION_TREE_H

#include <stdbool.h>

#include <linux/types.h>

struct region_node {
	__u64 start, end; /* ordered by start; regions of one tree do not overlap */
	__u64 born_ns, placed_ns, request;
	__u32 left, right; /* 0: none */
	__u32 caller;
	__u8 cause;
	bool usable : 1, continued : 1, grows : 1, listed : 1;
	__u8 height;
};
_Static_assert(sizeof(struct region_node) == 56, "what a region costs");

/* All zero is an empty one. */
struct region_pool {
	struct region_node *nodes; /* [0] is never used: 0 is the empty tree */
	__u32 capacity;
	__u32 top;   /* those from here on have never been taken */
	__u32 given; /* the last one given back; they are linked by left */
	__u32 count; /* taken now */
};

/* Room for that many more.  0; -ENOMEM, with the pool as it was. */
int region_pool__reserve(struct region_pool *p, __u64 more);
__u32 region_pool__take(struct region_pool *p); /* from what was reserved */
void region_pool__give(struct region_pool *p, __u32 i);
void region_pool__release(struct region_pool *p);
/* Gives back what is much more room than its only tree needs, if that is possible now. */
void region_pool__trim(struct region_pool *p, __u32 *tree);

/* All of left, then mid (one node, of which only the links are set), then all of right. */
__u32 region_tree__join(struct region_pool *p, __u32 left, __u32 mid, __u32 right);
__u32 region_tree__concat(struct region_pool *p, __u32 left, __u32 right);
/* What starts below the address, and the rest. */
void region_tree__split(struct region_pool *p, __u32 tree, __u64 at, __u32 *left, __u32 *right);
/* In room that was reserved; `to` may be `from`. */
__u32 region_tree__copy(struct region_pool *to, const struct region_pool *from, __u32 tree);

/* 0: none */
__u32 region_tree__first(const struct region_pool *p, __u32 tree);
__u32 region_tree__last(const struct region_pool *p, __u32 tree);
__u32 region_tree__holder(const struct region_pool *p, __u32 tree, __u64 addr);

/*
 * Those that have a part in [start, end), in address order, until visit
 * returns false: then false.  O(log n + visited).
 */
bool region_tree__walk(const struct region_pool *p, __u32 tree, __u64 start, __u64 end,
		       bool (*visit)(const struct region_node *n, void *arg), void *arg);

/* The first addresses of [start, end) in no region; none: start is end or more. */
struct gap {
	__u64 start, end;
};
struct gap region_tree__gap(const struct region_pool *p, __u32 tree, __u64 start, __u64 end);

struct survey {
	__u64 nodes, gaps;
};
struct survey region_tree__survey(const struct region_pool *p, __u32 tree, __u64 start, __u64 end);

#endif

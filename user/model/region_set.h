/*
 * region_set.h - regions, the pieces that they are told in, and their totals.
 *
 * What the ledger's events are made of: take a range out, put regions in, join
 * what belongs together, always with the totals right.  Regions that were
 * taken out, or never put in, are trees of their own; they count as well.
 *
 * A region that mprotect has split is several nodes: the first, and others
 * that are `continued`.  Two things hold of a continued node whenever an event
 * is over: one of the same region ends where it starts, and that one differs
 * in `usable`.  So whoever takes something away calls begin on what comes
 * behind it, and whoever leaves both sides of a cut in place welds them.
 *
 * Nothing here fails: the room is reserved in the pool before.
 */
#ifndef BRKSCOPE_REGION_SET_H
#define BRKSCOPE_REGION_SET_H

#include "model/ledger.h"
#include "model/region_tree.h"

struct region_set {
	struct region_pool pool;
	__u32 root;
	struct ledger_total totals[CAUSE_COUNT];
};

/* A tree in three: below a range, in it, above it. */
struct cut {
	__u32 left, mid, right;
};

/* Both take a node for each address that is inside of one, which becomes two. */
void region_set__sever(struct region_set *s, __u32 tree, __u64 at, __u32 *left, __u32 *right);
struct cut region_set__cut(struct region_set *s, __u64 start, __u64 end);
/* Cuts, and drops what is in the range. */
struct cut region_set__clear(struct region_set *s, __u64 start, __u64 end);
/* Joins again what was one, nodes too if they are alike. */
__u32 region_set__weld(struct region_set *s, __u32 left, __u32 right);

/* What was before the tree is gone: a region begins with its first node. */
void region_set__begin(struct region_set *s, __u32 tree);
void region_set__drop(struct region_set *s, __u32 tree);
__u32 region_set__copy(struct region_set *s, __u32 tree);
void region_set__shift(struct region_set *s, __u32 tree, __u64 by);
void region_set__set_end(struct region_set *s, __u32 node, __u64 end);
void region_set__place(struct region_set *s, __u32 tree, __u64 start, __u64 end, __u64 placed_ns);
/* Joins the pieces that become alike. */
__u32 region_set__set_usable(struct region_set *s, __u32 tree, bool usable);

/* Takes a node; in no tree yet. */
__u32 region_set__new(struct region_set *s, const struct region *r);
/* Takes a node for each gap of the range, and puts a region like r there. */
void region_set__fill(struct region_set *s, __u64 start, __u64 end, const struct region *r);

struct region region__of(const struct region_node *n);
/* All but the ends, usable and placed_ns: as the pieces of one region have it. */
bool region__same_origin(const struct region *a, const struct region *b);

#endif

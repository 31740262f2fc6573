/*
 * region_set.c - every change of a node goes with one of the totals.
 */
#include "model/region_set.h"

#include <stddef.h>

static void count_in(struct region_set *s, const struct region_node *n)
{
	struct ledger_total *t = &s->totals[n->cause];

	t->bytes += n->end - n->start;
	t->usable_bytes += n->usable ? n->end - n->start : 0;
	t->grows_bytes += n->grows ? n->end - n->start : 0;
	t->regions += !n->continued;
}

static void count_out(struct region_set *s, const struct region_node *n)
{
	struct ledger_total *t = &s->totals[n->cause];

	t->bytes -= n->end - n->start;
	t->usable_bytes -= n->usable ? n->end - n->start : 0;
	t->grows_bytes -= n->grows ? n->end - n->start : 0;
	t->regions -= !n->continued;
}

static void give(struct region_set *s, __u32 node)
{
	count_out(s, &s->pool.nodes[node]);
	region_pool__give(&s->pool, node);
}

void region_set__sever(struct region_set *s, __u32 tree, __u64 at, __u32 *left, __u32 *right)
{
	struct region_node *nodes = s->pool.nodes;
	__u32 last, rest;

	region_tree__split(&s->pool, tree, at, left, right);
	last = region_tree__last(&s->pool, *left);
	if (!last || nodes[last].end <= at)
		return;
	rest = region_pool__take(&s->pool);
	nodes[rest] = nodes[last];
	nodes[rest].start = at;
	nodes[rest].continued = true;
	nodes[last].end = at;
	*right = region_tree__join(&s->pool, 0, rest, *right);
}

struct cut region_set__cut(struct region_set *s, __u64 start, __u64 end)
{
	struct cut c;
	__u32 rest;

	region_set__sever(s, s->root, start, &c.left, &rest);
	region_set__sever(s, rest, end, &c.mid, &c.right);
	return c;
}

struct cut region_set__clear(struct region_set *s, __u64 start, __u64 end)
{
	struct cut c = region_set__cut(s, start, end);

	region_set__drop(s, c.mid);
	c.mid = 0;
	region_set__begin(s, c.right);
	return c;
}

__u32 region_set__weld(struct region_set *s, __u32 left, __u32 right)
{
	__u32 a = region_tree__last(&s->pool, left), b = region_tree__first(&s->pool, right);
	struct region_node *nodes = s->pool.nodes;

	if (a && b && nodes[b].continued && nodes[a].usable == nodes[b].usable) {
		region_tree__split(&s->pool, right, nodes[b].start + 1, &b, &right);
		region_set__set_end(s, a, nodes[b].end);
		if (nodes[a].placed_ns < nodes[b].placed_ns)
			nodes[a].placed_ns = nodes[b].placed_ns;
		give(s, b);
	}
	return region_tree__concat(&s->pool, left, right);
}

void region_set__begin(struct region_set *s, __u32 tree)
{
	__u32 first = region_tree__first(&s->pool, tree);

	if (!first)
		return;
	count_out(s, &s->pool.nodes[first]);
	s->pool.nodes[first].continued = false;
	count_in(s, &s->pool.nodes[first]);
}

void region_set__drop(struct region_set *s, __u32 tree)
{
	if (!tree)
		return;
	region_set__drop(s, s->pool.nodes[tree].left);
	region_set__drop(s, s->pool.nodes[tree].right);
	give(s, tree);
}

static void count_all_in(struct region_set *s, __u32 tree)
{
	if (!tree)
		return;
	count_in(s, &s->pool.nodes[tree]);
	count_all_in(s, s->pool.nodes[tree].left);
	count_all_in(s, s->pool.nodes[tree].right);
}

__u32 region_set__copy(struct region_set *s, __u32 tree)
{
	__u32 copy = region_tree__copy(&s->pool, &s->pool, tree);

	count_all_in(s, copy);
	return copy;
}

void region_set__shift(struct region_set *s, __u32 tree, __u64 by)
{
	struct region_node *n = &s->pool.nodes[tree];

	if (!tree)
		return;
	n->start += by;
	n->end += by;
	region_set__shift(s, n->left, by);
	region_set__shift(s, n->right, by);
}

void region_set__set_end(struct region_set *s, __u32 node, __u64 end)
{
	count_out(s, &s->pool.nodes[node]);
	s->pool.nodes[node].end = end;
	count_in(s, &s->pool.nodes[node]);
}

void region_set__place(struct region_set *s, __u32 tree, __u64 start, __u64 end, __u64 placed_ns)
{
	struct region_node *n = &s->pool.nodes[tree];

	if (!tree)
		return;
	if (n->start > start)
		region_set__place(s, n->left, start, end, placed_ns);
	if (n->end < end)
		region_set__place(s, n->right, start, end, placed_ns);
	if (n->start < end && n->end > start) {
		n->placed_ns = placed_ns;
		n->listed = false;
	}
}

/* *last: the node before, 0 at first. */
static __u32 set_usable(struct region_set *s, __u32 tree, bool usable, __u32 *last)
{
	struct region_node *n = &s->pool.nodes[tree];
	__u32 left, right;

	if (!tree)
		return 0;
	right = n->right;
	left = set_usable(s, n->left, usable, last);
	if (n->continued && *last) {
		region_set__set_end(s, *last, n->end);
		give(s, tree);
		right = set_usable(s, right, usable, last);
		return region_tree__concat(&s->pool, left, right);
	}
	count_out(s, n);
	n->usable = usable;
	count_in(s, n);
	*last = tree;
	right = set_usable(s, right, usable, last);
	return region_tree__join(&s->pool, left, tree, right);
}

__u32 region_set__set_usable(struct region_set *s, __u32 tree, bool usable)
{
	__u32 last = 0;

	return set_usable(s, tree, usable, &last);
}

__u32 region_set__new(struct region_set *s, const struct region *r)
{
	__u32 i = region_pool__take(&s->pool);

	s->pool.nodes[i] = (struct region_node){
		.start = r->start,
		.end = r->end,
		.born_ns = r->born_ns,
		.placed_ns = r->placed_ns ? r->placed_ns : r->born_ns,
		.request = r->request,
		.caller = r->caller,
		.cause = r->cause,
		.usable = r->usable,
		.continued = r->continued,
		.grows = r->grows,
		.listed = r->listed,
		.height = 1,
	};
	count_in(s, &s->pool.nodes[i]);
	return i;
}

void region_set__fill(struct region_set *s, __u64 start, __u64 end, const struct region *r)
{
	struct region more = *r;
	__u32 left, right;

	for (;;) {
		struct gap g = region_tree__gap(&s->pool, s->root, start, end);

		if (g.start >= end)
			return;
		more.start = g.start;
		more.end = g.end;
		more.continued = false;
		region_tree__split(&s->pool, s->root, g.start, &left, &right);
		s->root = region_tree__join(&s->pool, left, region_set__new(s, &more), right);
		start = g.end;
	}
}

struct region region__of(const struct region_node *n)
{
	return (struct region){
		.start = n->start,
		.end = n->end,
		.born_ns = n->born_ns,
		.placed_ns = n->placed_ns,
		.request = n->request,
		.caller = n->caller,
		.cause = n->cause,
		.usable = n->usable,
		.continued = n->continued,
		.grows = n->grows,
		.listed = n->listed,
	};
}

bool region__same_origin(const struct region *a, const struct region *b)
{
	return a->cause == b->cause && a->born_ns == b->born_ns && a->request == b->request &&
	       a->caller == b->caller && a->grows == b->grows;
}

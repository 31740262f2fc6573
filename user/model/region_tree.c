/*
 * region_tree.c - AVL trees that are built by joining.
 *
 * Everything rests on join (G. Blelloch, D. Ferizovic, Y. Sun, "Just Join for
 * Parallel Ordered Sets", 2016).  AVL and not a treap: the traced process
 * chooses the addresses, and no choice of them may make the tree deep.  The
 * height is at most 1.44 log2 n, below 47 for all that the indices can count,
 * so that recursion is safe.
 */
#include "model/region_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define POOL_MIN 16

int region_pool__reserve(struct region_pool *p, __u64 more)
{
	__u64 need = 1 + (__u64)p->count + more;
	__u64 capacity = p->capacity;
	struct region_node *nodes;

	if (need <= capacity)
		return 0;
	/* By an eighth: with it, a region costs at most 64 bytes. */
	capacity += capacity / 8;
	if (capacity < need)
		capacity = need;
	if (capacity < POOL_MIN)
		capacity = POOL_MIN;
	if (capacity > UINT32_MAX || capacity > SIZE_MAX / sizeof(*nodes))
		return -ENOMEM;
	nodes = realloc(p->nodes, capacity * sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	p->nodes = nodes;
	p->capacity = capacity;
	if (!p->top)
		p->top = 1;
	return 0;
}

__u32 region_pool__take(struct region_pool *p)
{
	__u32 i = p->given;

	if (i) {
		p->given = p->nodes[i].left;
	} else {
		assert(p->top < p->capacity);
		i = p->top++;
	}
	p->count++;
	return i;
}

void region_pool__give(struct region_pool *p, __u32 i)
{
	p->nodes[i].left = p->given;
	p->given = i;
	p->count--;
}

void region_pool__release(struct region_pool *p)
{
	free(p->nodes);
	*p = (struct region_pool){0};
}

static int height(const struct region_pool *p, __u32 i)
{
	return i ? p->nodes[i].height : 0;
}

/* Positive: the left one is higher. */
static int lean(const struct region_pool *p, __u32 left, __u32 right)
{
	return height(p, left) - height(p, right);
}

static void measure(struct region_pool *p, __u32 i)
{
	struct region_node *n = &p->nodes[i];
	int left = height(p, n->left), right = height(p, n->right);

	n->height = 1 + (left > right ? left : right);
}

static __u32 rotate_right(struct region_pool *p, __u32 i)
{
	__u32 up = p->nodes[i].left;

	p->nodes[i].left = p->nodes[up].right;
	p->nodes[up].right = i;
	measure(p, i);
	measure(p, up);
	return up;
}

static __u32 rotate_left(struct region_pool *p, __u32 i)
{
	__u32 up = p->nodes[i].right;

	p->nodes[i].right = p->nodes[up].left;
	p->nodes[up].left = i;
	measure(p, i);
	measure(p, up);
	return up;
}

/* The two subtrees are in balance and differ by at most 2. */
static __u32 balance(struct region_pool *p, __u32 i)
{
	struct region_node *n = &p->nodes[i];
	int leans = lean(p, n->left, n->right);

	if (leans > 1) {
		const struct region_node *l = &p->nodes[n->left];

		if (lean(p, l->left, l->right) < 0)
			n->left = rotate_left(p, n->left);
		return rotate_right(p, i);
	}
	if (leans < -1) {
		const struct region_node *r = &p->nodes[n->right];

		if (lean(p, r->left, r->right) > 0)
			n->right = rotate_right(p, n->right);
		return rotate_left(p, i);
	}
	measure(p, i);
	return i;
}

/* Goes down the higher one's near side to where the lower one fits: O(their difference). */
__u32 region_tree__join(struct region_pool *p, __u32 left, __u32 mid, __u32 right)
{
	struct region_node *nodes = p->nodes;
	int leans = lean(p, left, right);

	if (leans > 1) {
		nodes[left].right = region_tree__join(p, nodes[left].right, mid, right);
		return balance(p, left);
	}
	if (leans < -1) {
		nodes[right].left = region_tree__join(p, left, mid, nodes[right].left);
		return balance(p, right);
	}
	nodes[mid].left = left;
	nodes[mid].right = right;
	measure(p, mid);
	return mid;
}

static __u32 remove_last(struct region_pool *p, __u32 tree, __u32 *last)
{
	struct region_node *n = &p->nodes[tree];

	if (!n->right) {
		*last = tree;
		return n->left;
	}
	n->right = remove_last(p, n->right, last);
	return balance(p, tree);
}

__u32 region_tree__concat(struct region_pool *p, __u32 left, __u32 right)
{
	__u32 mid;

	if (!left)
		return right;
	if (!right)
		return left;
	left = remove_last(p, left, &mid);
	return region_tree__join(p, left, mid, right);
}

void region_tree__split(struct region_pool *p, __u32 tree, __u64 at, __u32 *left, __u32 *right)
{
	__u32 inner;

	if (!tree) {
		*left = 0;
		*right = 0;
	} else if (p->nodes[tree].start < at) {
		region_tree__split(p, p->nodes[tree].right, at, &inner, right);
		*left = region_tree__join(p, p->nodes[tree].left, tree, inner);
	} else {
		region_tree__split(p, p->nodes[tree].left, at, left, &inner);
		*right = region_tree__join(p, inner, tree, p->nodes[tree].right);
	}
}

__u32 region_tree__copy(struct region_pool *to, const struct region_pool *from, __u32 tree)
{
	__u32 left, i;

	if (!tree)
		return 0;
	/* In address order, so that neighbours are neighbours in memory. */
	left = region_tree__copy(to, from, from->nodes[tree].left);
	i = region_pool__take(to);
	to->nodes[i] = from->nodes[tree];
	to->nodes[i].left = left;
	to->nodes[i].right = region_tree__copy(to, from, from->nodes[tree].right);
	return i;
}

void region_pool__trim(struct region_pool *p, __u32 *tree)
{
	struct region_pool small = {0};

	if (p->capacity < 4 * POOL_MIN || p->count >= p->capacity / 2)
		return;
	if (region_pool__reserve(&small, p->count + p->count / 8))
		return;
	*tree = region_tree__copy(&small, p, *tree);
	region_pool__release(p);
	*p = small;
}

__u32 region_tree__first(const struct region_pool *p, __u32 tree)
{
	while (tree && p->nodes[tree].left)
		tree = p->nodes[tree].left;
	return tree;
}

__u32 region_tree__last(const struct region_pool *p, __u32 tree)
{
	while (tree && p->nodes[tree].right)
		tree = p->nodes[tree].right;
	return tree;
}

__u32 region_tree__holder(const struct region_pool *p, __u32 tree, __u64 addr)
{
	while (tree) {
		const struct region_node *n = &p->nodes[tree];

		if (addr < n->start)
			tree = n->left;
		else if (addr >= n->end)
			tree = n->right;
		else
			break;
	}
	return tree;
}

bool region_tree__walk(const struct region_pool *p, __u32 tree, __u64 start, __u64 end,
		       bool (*visit)(const struct region_node *n, void *arg), void *arg)
{
	const struct region_node *n;

	if (!tree)
		return true;
	n = &p->nodes[tree];
	if (n->start > start && !region_tree__walk(p, n->left, start, end, visit, arg))
		return false;
	if (n->start < end && n->end > start && !visit(n, arg))
		return false;
	return n->end >= end || region_tree__walk(p, n->right, start, end, visit, arg);
}

static bool pass(const struct region_node *n, void *arg)
{
	struct gap *g = arg;

	if (n->start > g->start) {
		g->end = n->start;
		return false;
	}
	g->start = n->end;
	return true;
}

struct gap region_tree__gap(const struct region_pool *p, __u32 tree, __u64 start, __u64 end)
{
	struct gap g = {start, end};

	region_tree__walk(p, tree, start, end, pass, &g);
	return g;
}

struct tour {
	struct survey found;
	__u64 at;
};

static bool note(const struct region_node *n, void *arg)
{
	struct tour *t = arg;

	t->found.nodes++;
	t->found.gaps += n->start > t->at;
	t->at = n->end;
	return true;
}

struct survey region_tree__survey(const struct region_pool *p, __u32 tree, __u64 start, __u64 end)
{
	struct tour t = {.at = start};

	region_tree__walk(p, tree, start, end, note, &t);
	t.found.gaps += t.at < end;
	return t.found;
}

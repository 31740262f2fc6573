/*
 * ledger.c - what each event does to the regions.
 *
 * Every change has the same form: reserve all the room that it can need (and
 * copy, if the content is shared), the one step that can fail; then cut the
 * range out of the set, change what was cut out, and join the rest.
 */
#include "model/ledger.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/region_set.h"

struct ledger {
	struct region_set set;
	__u32 handles;
};

struct ledger *ledger__new(void)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l)
		l->handles = 1;
	return l;
}

void ledger__free(struct ledger *l)
{
	if (!l || --l->handles)
		return;
	region_pool__release(&l->set.pool);
	free(l);
}

struct ledger *ledger__share(struct ledger *l)
{
	l->handles++;
	return l;
}

/* Makes *lp its handle's own, with room for `more` nodes: what follows cannot fail. */
static int prepare(struct ledger **lp, __u64 more)
{
	struct ledger *l = *lp, *copy;

	if (l->handles == 1)
		return region_pool__reserve(&l->set.pool, more);
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *l;
	copy->handles = 1;
	copy->set.pool = (struct region_pool){0};
	if (region_pool__reserve(&copy->set.pool, l->set.pool.count + more)) {
		free(copy);
		return -ENOMEM;
	}
	copy->set.root = region_tree__copy(&copy->set.pool, &l->set.pool, l->set.root);
	l->handles--;
	*lp = copy;
	return 0;
}

static void trim(struct ledger *l)
{
	region_pool__trim(&l->set.pool, &l->set.root);
}

/* May r, which says that it is continued, be the rest of what ends where it starts? */
static bool continues(const struct region_set *s, __u32 left, const struct region *r)
{
	__u32 last = region_tree__last(&s->pool, left);
	struct region before;

	if (!last)
		return false;
	before = region__of(&s->pool.nodes[last]);
	return before.end == r->start && region__same_origin(&before, r);
}

int ledger__map(struct ledger **lp, const struct region *r)
{
	struct region copy = *r;
	struct region_set *s;
	struct cut c;
	int err;

	if (r->start >= r->end || r->cause >= CAUSE_COUNT)
		return -EINVAL;
	err = prepare(lp, 2);
	if (err)
		return err;
	s = &(*lp)->set;
	c = region_set__clear(s, r->start, r->end);
	copy.continued = r->continued && continues(s, c.left, r);
	c.mid = region_set__new(s, &copy);
	if (copy.continued)
		s->root = region_tree__concat(&s->pool, region_set__weld(s, c.left, c.mid),
					      c.right);
	else
		s->root = region_tree__join(&s->pool, c.left, c.mid, c.right);
	trim(*lp);
	return 0;
}

static void erase(struct region_set *s, __u64 start, __u64 end)
{
	struct cut c = region_set__clear(s, start, end);

	s->root = region_tree__concat(&s->pool, c.left, c.right);
}

int ledger__unmap(struct ledger **lp, __u64 start, __u64 end)
{
	struct region_set *s = &(*lp)->set;
	struct gap g;
	int err;

	if (start >= end)
		return -EINVAL;
	g = region_tree__gap(&s->pool, s->root, start, end);
	if (g.start == start && g.end == end)
		return 0; /* nothing there, nothing to copy for */
	err = prepare(lp, 2);
	if (err)
		return err;
	erase(&(*lp)->set, start, end);
	trim(*lp);
	return 0;
}

static bool is_usable(const struct region_node *n, void *arg)
{
	return n->usable == *(const bool *)arg;
}

int ledger__protect(struct ledger **lp, __u64 start, __u64 end, bool usable)
{
	struct region_set *s = &(*lp)->set;
	struct cut c;
	int err;

	if (start >= end)
		return -EINVAL;
	if (region_tree__walk(&s->pool, s->root, start, end, is_usable, &usable))
		return 0; /* as most are: from one kind of access to another */
	err = prepare(lp, 2);
	if (err)
		return err;
	s = &(*lp)->set;
	c = region_set__cut(s, start, end);
	c.mid = region_set__set_usable(s, c.mid, usable);
	s->root = region_set__weld(s, region_set__weld(s, c.left, c.mid), c.right);
	trim(*lp);
	return 0;
}

int ledger__place(struct ledger **lp, __u64 start, __u64 end, __u64 placed_ns)
{
	int err = prepare(lp, 0);

	if (!err)
		region_set__place(&(*lp)->set, (*lp)->set.root, start, end, placed_ns);
	return err;
}

/* Of an mremap; lengths in bytes. */
struct move {
	__u64 old, old_len;
	__u64 to, len;
	bool keep;
};

/* Out of the old place, or copied from it: a tree at the new addresses. */
static __u32 detach(struct region_set *s, const struct move *m)
{
	struct cut c = region_set__cut(s, m->old, m->old + m->old_len);
	__u32 moved = c.mid, rest, last;

	if (m->keep) {
		moved = region_set__copy(s, c.mid);
		s->root = region_set__weld(s, region_set__weld(s, c.left, c.mid), c.right);
	} else {
		region_set__begin(s, c.right);
		s->root = region_tree__concat(&s->pool, c.left, c.right);
	}
	region_set__begin(s, moved);
	if (m->len < m->old_len) {
		region_set__sever(s, moved, m->old + m->len, &moved, &rest);
		region_set__drop(s, rest);
	}
	region_set__shift(s, moved, m->to - m->old);
	last = region_tree__last(&s->pool, moved);
	if (m->len > m->old_len && last && s->pool.nodes[last].end == m->to + m->old_len)
		region_set__set_end(s, last, m->to + m->len);
	return moved;
}

/* Replaces what is at the addresses of the tree's nodes, but not what is between them. */
static void attach(struct region_set *s, __u32 tree)
{
	while (tree) {
		__u64 start = s->pool.nodes[region_tree__first(&s->pool, tree)].start;
		__u64 end = region_tree__gap(&s->pool, tree, start, UINT64_MAX).start;
		__u32 run;
		struct cut c;

		region_tree__split(&s->pool, tree, end, &run, &tree);
		c = region_set__clear(s, start, end);
		run = region_tree__concat(&s->pool, c.left, run);
		s->root = region_tree__concat(&s->pool, run, c.right);
	}
}

/* In place: the last region, if it is known, goes on from old_end. */
static void grow(struct region_set *s, __u64 old_end, __u64 new_end)
{
	struct cut c;

	if (!region_tree__holder(&s->pool, s->root, old_end - 1))
		return;
	c = region_set__clear(s, old_end, new_end);
	region_set__set_end(s, region_tree__last(&s->pool, c.left), new_end);
	s->root = region_tree__concat(&s->pool, c.left, c.right);
}

/*
 * Nodes it may take: 3 to cut the old range out, with one copy of each if it is
 * kept; 1 for each run of known ones that is put into the middle of another
 * region; 1 for each gap that is filled.
 */
static __u64 room_for(const struct region_set *s, const struct move *m)
{
	struct survey from = region_tree__survey(&s->pool, s->root, m->old, m->old + m->old_len);
	struct survey to = region_tree__survey(&s->pool, s->root, m->to, m->to + m->len);
	__u64 runs = from.gaps + 1, unknown = from.gaps + to.gaps;

	return 3 + (m->keep ? from.nodes : 0) + runs + unknown;
}

int ledger__remap(struct ledger **lp, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len,
		  bool keep, enum cause fallback)
{
	const struct move m = {old, old_len, new_start, new_len, keep};
	const struct region unknown = {.cause = fallback, .usable = true};
	struct region_set *s;
	struct region r;
	int err;

	if (!new_len || (!old_len && !keep) || old + old_len < old ||
	    new_start + new_len < new_start || fallback >= CAUSE_COUNT)
		return -EINVAL;
	if (!old_len && ledger__find(*lp, old, &r)) {
		r.start = new_start;
		r.end = new_start + new_len;
		r.continued = false;
		return ledger__map(lp, &r);
	}
	err = prepare(lp, room_for(&(*lp)->set, &m));
	if (err)
		return err;
	s = &(*lp)->set;
	if (old_len && old != new_start)
		attach(s, detach(s, &m));
	else if (new_len < old_len && !keep)
		erase(s, new_start + new_len, old + old_len);
	else if (old_len && new_len > old_len)
		grow(s, old + old_len, new_start + new_len);
	region_set__fill(s, new_start, new_start + new_len, &unknown);
	trim(*lp);
	return 0;
}

const struct ledger_total *ledger__total(const struct ledger *l, enum cause cause)
{
	return &l->set.totals[cause];
}

size_t ledger__count(const struct ledger *l)
{
	return l->set.pool.count;
}

bool ledger__find(const struct ledger *l, __u64 addr, struct region *out)
{
	__u32 i = region_tree__holder(&l->set.pool, l->set.root, addr);

	if (i)
		*out = region__of(&l->set.pool.nodes[i]);
	return i != 0;
}

__u64 ledger__hole(const struct ledger *l, __u64 start, __u64 end)
{
	struct gap g = region_tree__gap(&l->set.pool, l->set.root, start, end);

	return g.start < end ? g.start : end;
}

struct visitor {
	bool (*visit)(const struct region *r, void *arg);
	void *arg;
};

static bool show(const struct region_node *n, void *arg)
{
	const struct visitor *v = arg;
	struct region r = region__of(n);

	return v->visit(&r, v->arg);
}

void ledger__within(const struct ledger *l, __u64 start, __u64 end,
		    bool (*visit)(const struct region *r, void *arg), void *arg)
{
	struct visitor v = {visit, arg};

	region_tree__walk(&l->set.pool, l->set.root, start, end, show, &v);
}

void ledger__each(const struct ledger *l, bool (*visit)(const struct region *r, void *arg),
		  void *arg)
{
	struct visitor v = {visit, arg};

	region_tree__walk(&l->set.pool, l->set.root, 0, UINT64_MAX, show, &v);
}

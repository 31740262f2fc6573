/*
 * changes.c - what has become of an address space between two instants, region by region.
 */
#include "model/changes.h"

#include <errno.h>
#include <stdlib.h>

/* A region with all its pieces. */
struct whole {
	struct region r;
	__u64 usable;
	/* of one before: what is left of it; start and end of that */
	__u64 left, left_usable, left_start, left_end;
};

struct wholes {
	struct whole *all;
	size_t n;
};

static bool add_piece(const struct region *r, void *arg)
{
	__u64 usable = r->usable ? r->end - r->start : 0;
	struct wholes *w = arg;

	if (r->continued && w->n) {
		w->all[w->n - 1].r.end = r->end;
		w->all[w->n - 1].usable += usable;
	} else {
		w->all[w->n++] = (struct whole){.r = *r, .usable = usable};
	}
	return true;
}

static int gather(struct wholes *w, const struct ledger *l)
{
	size_t most = ledger__count(l);

	w->all = calloc(most ? most : 1, sizeof(*w->all));
	w->n = 0;
	if (!w->all)
		return -ENOMEM;
	ledger__each(l, add_piece, w);
	return 0;
}

static int add(struct changes *c, const struct change *change)
{
	struct change *more;

	if (c->n == c->most) {
		c->most = c->most ? c->most * 2 : 64;
		more = realloc(c->all, c->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->all = more;
	}
	c->all[c->n++] = *change;
	return 0;
}

static struct change change_of(enum change_kind kind, const struct region *r)
{
	return (struct change){.kind = kind,
			       .start = r->start,
			       .end = r->end,
			       .request = r->request,
			       .born_ns = r->born_ns,
			       .caller = r->caller,
			       .part = r->cause};
}

/* One that was found in the kernel's list, and whose event came behind that, is known better. */
static bool same_region(const struct region *before, const struct region *after, __u64 since_ns)
{
	if (!before->born_ns && after->born_ns)
		return after->born_ns <= since_ns;
	return before->born_ns == after->born_ns && before->cause == after->cause &&
	       before->request == after->request;
}

/* The first of those before that this one has a page of, from *at on; NULL. */
static struct whole *find_before(struct wholes *before, size_t *at, const struct whole *w,
				 __u64 since_ns)
{
	while (*at < before->n && before->all[*at].r.end <= w->r.start)
		++*at;
	for (size_t i = *at; i < before->n && before->all[i].r.start < w->r.end; i++)
		if (same_region(&before->all[i].r, &w->r, since_ns))
			return &before->all[i];
	return NULL;
}

static int find_new(struct changes *c, struct wholes *before, const struct wholes *after,
		    __u64 since_ns)
{
	size_t at = 0;
	int err = 0;

	for (size_t i = 0; i < after->n && !err; i++) {
		const struct whole *w = &after->all[i];
		struct whole *old = find_before(before, &at, w, since_ns);

		if (old) {
			old->left_start = old->left ? old->left_start : w->r.start;
			old->left_end = w->r.end;
			old->left += w->r.end - w->r.start;
			old->left_usable += w->usable;
		} else {
			struct change fresh = change_of(CHANGE_NEW, &w->r);

			fresh.bytes_after = w->r.end - w->r.start;
			fresh.usable_after = w->usable;
			err = add(c, &fresh);
		}
	}
	return err;
}

static int find_gone(struct changes *c, const struct wholes *before)
{
	int err = 0;

	for (size_t i = 0; i < before->n && !err; i++) {
		const struct whole *w = &before->all[i];
		struct change change = change_of(w->left ? CHANGE_OTHER : CHANGE_GONE, &w->r);

		change.bytes_before = w->r.end - w->r.start;
		change.usable_before = w->usable;
		change.bytes_after = w->left;
		change.usable_after = w->left_usable;
		if (w->left) {
			change.start = w->left_start;
			change.end = w->left_end;
		}
		if (change.bytes_after != change.bytes_before ||
		    change.usable_after != change.usable_before || change.start != w->r.start)
			err = add(c, &change);
	}
	return err;
}

static int find_heap(struct changes *c, const struct space *before, const struct space *after)
{
	struct change heap = {.kind = CHANGE_OTHER, .part = PART_HEAP};

	heap.start = after->heap_start;
	heap.end = after->heap_end;
	heap.bytes_before = heap.usable_before = before->heap_end - before->heap_start;
	heap.bytes_after = heap.usable_after = after->heap_end - after->heap_start;
	if (before->heap_start == heap.start && before->heap_end == heap.end)
		return 0;
	if (!heap.bytes_before)
		heap.kind = CHANGE_NEW;
	else if (!heap.bytes_after)
		heap.kind = CHANGE_GONE;
	return add(c, &heap);
}

static int by_start(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (y->kind == CHANGE_GONE) - (x->kind == CHANGE_GONE);
}

int changes__find(struct changes *c, const struct space *before, const struct space *after,
		  __u64 since_ns)
{
	struct wholes old = {}, now = {};
	int err = gather(&old, before->ledger);

	if (!err)
		err = gather(&now, after->ledger);
	if (!err)
		err = find_heap(c, before, after);
	if (!err)
		err = find_new(c, &old, &now, since_ns);
	if (!err)
		err = find_gone(c, &old);
	if (c->n)
		qsort(c->all, c->n, sizeof(*c->all), by_start);
	free(old.all);
	free(now.all);
	return err;
}

void changes__clear(struct changes *c)
{
	free(c->all);
	*c = (struct changes){};
}

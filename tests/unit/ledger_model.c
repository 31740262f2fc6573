/*
 * ledger_model.c - a record for each page; every operation goes over all pages it is about.
 */
#include "ledger_model.h"

#include <stdlib.h>
#include <string.h>

void model__init(struct model *m, __u64 base, __u32 pages)
{
	m->base = base;
	m->pages = pages;
	m->last_id = 0;
	memset(m->page, 0, pages * sizeof(*m->page));
}

static __u32 page_of(const struct model *m, __u64 addr)
{
	return (addr - m->base) / MODEL_PAGE;
}

/* What lies at page i is no longer one with what lay before it. */
static void renumber(struct model *m, __u32 i)
{
	__u32 id = i < m->pages ? m->page[i].id : 0;

	if (!id)
		return;
	m->last_id++;
	for (; i < m->pages && m->page[i].id == id; i++)
		m->page[i].id = m->last_id;
}

static void put(struct model *m, __u32 from, __u32 to, const struct model_page *page)
{
	for (__u32 i = from; i < to; i++)
		m->page[i] = *page;
	renumber(m, to);
}

void model__map(struct model *m, const struct region *r)
{
	__u32 from = page_of(m, r->start);
	const struct model_page *before = from ? &m->page[from - 1] : NULL;
	struct model_page page = {
		.born_ns = r->born_ns,
		.request = r->request,
		.caller = r->caller,
		.cause = r->cause,
		.usable = r->usable,
		.grows = r->grows,
	};

	if (r->continued && before && before->id && before->cause == r->cause &&
	    before->born_ns == r->born_ns && before->request == r->request &&
	    before->caller == r->caller && before->grows == r->grows)
		page.id = before->id;
	else
		page.id = ++m->last_id;
	put(m, from, page_of(m, r->end), &page);
}

void model__unmap(struct model *m, __u64 start, __u64 end)
{
	static const struct model_page nothing;

	put(m, page_of(m, start), page_of(m, end), &nothing);
}

void model__protect(struct model *m, __u64 start, __u64 end, bool usable)
{
	for (__u32 i = page_of(m, start); i < page_of(m, end); i++)
		m->page[i].usable = m->page[i].id && usable;
}

/* Pages that are mapped without anybody's having said so. */
static void fill_pages(struct model *m, __u32 from, __u32 to, enum cause fallback)
{
	bool open = false;

	for (__u32 i = from; i < to; i++) {
		if (m->page[i].id) {
			open = false;
			continue;
		}
		m->last_id += !open;
		open = true;
		m->page[i] = (struct model_page){
			.id = m->last_id,
			.cause = fallback,
			.usable = true,
		};
	}
}

static void resize_pages(struct model *m, __u32 at, __u32 count, __u32 new_count, bool keep)
{
	static const struct model_page nothing;

	if (new_count < count && !keep)
		put(m, at + new_count, at + count, &nothing);
	if (new_count > count && m->page[at + count - 1].id)
		put(m, at + count, at + new_count, &m->page[at + count - 1]);
}

static void move_pages(struct model *m, __u32 old, __u32 count, __u32 to, __u32 new_count,
		       bool keep)
{
	static const struct model_page nothing;
	struct model_page *moved = calloc(new_count, sizeof(*moved));
	__u32 before = 0, id = 0;

	if (!moved)
		abort();
	for (__u32 i = 0; i < new_count; i++)
		moved[i] = m->page[old + (i < count ? i : count - 1)];
	if (!keep)
		put(m, old, old + count, &nothing);
	for (__u32 i = 0; i < new_count; i++) {
		if (moved[i].id && moved[i].id != before)
			id = ++m->last_id;
		before = moved[i].id;
		if (!before)
			continue;
		moved[i].id = id;
		put(m, to + i, to + i + 1, &moved[i]);
	}
	free(moved);
}

void model__remap(struct model *m, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len,
		  bool keep, enum cause fallback)
{
	__u32 from = page_of(m, old), count = old_len / MODEL_PAGE;
	__u32 to = page_of(m, new_start), new_count = new_len / MODEL_PAGE;

	if (!count) {
		struct model_page page = m->page[from];

		page.id = page.id ? ++m->last_id : 0;
		if (page.id)
			put(m, to, to + new_count, &page);
	} else if (from == to) {
		resize_pages(m, from, count, new_count, keep);
	} else {
		move_pages(m, from, count, to, new_count, keep);
	}
	fill_pages(m, to, to + new_count, fallback);
}

/* What ledger__each must visit next, from page *at on. */
static bool next_piece(const struct model *m, __u32 *at, struct region *r)
{
	__u32 i = *at, first;

	while (i < m->pages && !m->page[i].id)
		i++;
	first = i;
	while (i < m->pages && m->page[i].id && m->page[i].id == m->page[first].id &&
	       m->page[i].usable == m->page[first].usable)
		i++;
	*at = i;
	if (i == first)
		return false;
	*r = (struct region){
		.start = m->base + (__u64)first * MODEL_PAGE,
		.end = m->base + (__u64)i * MODEL_PAGE,
		.born_ns = m->page[first].born_ns,
		.request = m->page[first].request,
		.caller = m->page[first].caller,
		.cause = m->page[first].cause,
		.usable = m->page[first].usable,
		.grows = m->page[first].grows,
		.continued = first && m->page[first - 1].id == m->page[first].id,
	};
	return true;
}

static bool same(const struct region *a, const struct region *b)
{
	return a->start == b->start && a->end == b->end && a->born_ns == b->born_ns &&
	       a->request == b->request && a->caller == b->caller && a->cause == b->cause &&
	       a->usable == b->usable && a->grows == b->grows && a->continued == b->continued;
}

struct comparison {
	const struct model *m;
	const struct ledger *l;
	struct ledger_total totals[CAUSE_COUNT];
	size_t count;
	__u32 at;
	const char *wrong;
};

static bool compare(const struct region *r, void *arg)
{
	struct comparison *c = arg;
	struct ledger_total *t = &c->totals[r->cause];
	struct region want, found;

	c->count++;
	if (!next_piece(c->m, &c->at, &want) || !same(&want, r)) {
		c->wrong = "a region";
		return false;
	}
	if (!ledger__find(c->l, r->start, &found) || !same(&found, r) ||
	    !ledger__find(c->l, r->end - 1, &found) || !same(&found, r)) {
		c->wrong = "find";
		return false;
	}
	t->bytes += r->end - r->start;
	t->usable_bytes += r->usable ? r->end - r->start : 0;
	t->regions += !r->continued;
	return true;
}

const char *model__differs(const struct model *m, const struct ledger *l)
{
	struct comparison c = {.m = m, .l = l};
	struct region r;

	ledger__each(l, compare, &c);
	if (c.wrong)
		return c.wrong;
	if (next_piece(m, &c.at, &r))
		return "a region is missing";
	if (c.count != ledger__count(l))
		return "count";
	for (int i = 0; i < CAUSE_COUNT; i++) {
		const struct ledger_total *t = ledger__total(l, i);

		if (t->bytes != c.totals[i].bytes)
			return "bytes";
		if (t->usable_bytes != c.totals[i].usable_bytes)
			return "usable_bytes";
		if (t->regions != c.totals[i].regions)
			return "regions";
	}
	for (__u32 i = 0; i < m->pages; i++) {
		__u64 addr = m->base + (__u64)i * MODEL_PAGE + i % MODEL_PAGE;
		bool found = ledger__find(l, addr, &r);

		if (found != (m->page[i].id != 0) || (found && (r.start > addr || r.end <= addr)))
			return "find by page";
	}
	return NULL;
}

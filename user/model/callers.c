/*
 * callers.c - who called mmap: the places in code, numbered, and what each of them got.
 */
#include "model/callers.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_SLOTS 256 /* a power of two */

struct call_sites {
	struct site *sites; /* by number; those below CALLER_FIRST are unused */
	__u32 n, most;
	__u32 *slots; /* numbers, by hash; 0: free */
	__u32 n_slots;
};

struct call_sites *call_sites__new(void)
{
	struct call_sites *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->n = CALLER_FIRST;
	c->most = c->n_slots = FIRST_SLOTS;
	c->sites = calloc(c->most, sizeof(*c->sites));
	c->slots = calloc(c->n_slots, sizeof(*c->slots));
	if (c->sites && c->slots)
		return c;
	call_sites__free(c);
	return NULL;
}

void call_sites__free(struct call_sites *c)
{
	if (!c)
		return;
	free(c->sites);
	free(c->slots);
	free(c);
}

/* SplitMix64's finalizer */
static __u64 hash(const struct site *s)
{
	__u64 z = s->ino ^ ((__u64)s->dev << 32 | s->off) * 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static bool same(const struct site *a, const struct site *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->off == b->off;
}

/* The slot that has the site, or the free one that would. */
static __u32 *slot_of(const struct call_sites *c, const struct site *site)
{
	__u32 i = hash(site) & (c->n_slots - 1);

	while (c->slots[i] && !same(&c->sites[c->slots[i]], site))
		i = (i + 1) & (c->n_slots - 1);
	return &c->slots[i];
}

__u32 call_sites__find(const struct call_sites *c, const struct site *site)
{
	return *slot_of(c, site);
}

/* Twice the room in both; half of the slots at least are free. */
static bool make_room(struct call_sites *c)
{
	struct site *sites = realloc(c->sites, 2 * c->most * sizeof(*sites));
	__u32 *slots;

	if (!sites)
		return false;
	c->sites = sites;
	slots = calloc(4 * c->most, sizeof(*slots));
	if (!slots)
		return false;
	free(c->slots);
	c->slots = slots;
	c->most *= 2;
	c->n_slots = 2 * c->most;
	for (__u32 i = CALLER_FIRST; i < c->n; i++)
		*slot_of(c, &c->sites[i]) = i;
	return true;
}

__u32 call_sites__add(struct call_sites *c, const struct site *site)
{
	__u32 *slot = slot_of(c, site);

	if (*slot)
		return *slot;
	if (c->n >= CALLERS_MOST)
		return CALLER_OTHERS;
	if (2 * c->n >= c->n_slots || c->n == c->most) {
		if (!make_room(c))
			return CALLER_OTHERS;
		slot = slot_of(c, site);
	}
	c->sites[c->n] = *site;
	return *slot = c->n++;
}

const struct site *call_sites__at(const struct call_sites *c, __u32 caller)
{
	return caller >= CALLER_FIRST && caller < c->n ? &c->sites[caller] : NULL;
}

__u32 call_sites__count(const struct call_sites *c)
{
	return c->n;
}

void caller_table__clear(struct caller_table *t)
{
	free(t->entries);
	*t = (struct caller_table){};
}

bool caller_table__full(const struct caller_table *t)
{
	return t->n >= CALLERS_MOST_EACH;
}

int caller_table__reserve(struct caller_table *t, __u32 more)
{
	__u32 most = t->most ? t->most : 4;
	struct caller_stats *entries;

	if (t->n + more <= t->most)
		return 0;
	while (most < t->n + more)
		most *= 2;
	entries = realloc(t->entries, most * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	t->entries = entries;
	t->most = most;
	return 0;
}

static struct caller_stats *find(const struct caller_table *t, __u32 caller, enum cause cause)
{
	for (__u32 i = 0; i < t->n; i++)
		if (t->entries[i].caller == caller && t->entries[i].cause == cause)
			return &t->entries[i];
	return NULL;
}

struct caller_stats *caller_table__entry(struct caller_table *t, __u32 caller, enum cause cause)
{
	struct caller_stats *e = find(t, caller, cause);

	if (!e && caller >= CALLER_FIRST && caller_table__full(t)) {
		caller = CALLER_OTHERS;
		e = find(t, caller, cause);
	}
	if (e)
		return e;
	e = &t->entries[t->n++];
	*e = (struct caller_stats){.caller = caller, .cause = cause};
	return e;
}

struct living {
	struct caller_table *t;
	int err;
};

static bool add_live(const struct region *r, void *arg)
{
	struct living *l = arg;
	struct caller_stats *e;

	l->err = caller_table__reserve(l->t, 1);
	if (l->err)
		return false;
	e = caller_table__entry(l->t, r->caller, r->cause);
	e->live_bytes += r->end - r->start;
	e->live_regions += !r->continued;
	return true;
}

int caller_table__set_live(struct caller_table *t, const struct ledger *ledger)
{
	struct living l = {.t = t};
	__u32 kept = 0;

	/* Who has called nothing (a fork's parent has) is here for what is live alone. */
	for (__u32 i = 0; i < t->n; i++) {
		if (!t->entries[i].calls && !t->entries[i].bytes)
			continue;
		t->entries[kept] = t->entries[i];
		t->entries[kept].live_bytes = t->entries[kept].live_regions = 0;
		kept++;
	}
	t->n = kept;
	ledger__each(ledger, add_live, &l);
	return l.err;
}

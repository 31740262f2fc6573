/*
 * places.c - where the probes of an object go, and what the programs are told of each.
 */
#include "kernel/places.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "brkscope/hits.h"
#include "kernel/map.h"

void place_table__init(struct place_table *t, int probes_fd, int probe_at_fd,
		       const struct features *features)
{
	*t = (struct place_table){.probes_fd = probes_fd,
				  .probe_at_fd = probe_at_fd,
				  .cookies = features->cookie,
				  .stations = features->stations};
}

static struct probe probe_of(const struct object *o, unsigned int index)
{
	struct probe probe = {
		.object = index,
		.glibc = o->kind == OBJECT_GLIBC,
		.libc = object__is_libc(o),
		.whole = o->whole,
		.marks = o->kind == OBJECT_REFMALLOC,
	};

	probe.internal_lo = o->n_internal ? o->internal[0].lo : 0;
	for (unsigned int i = 0; i < o->n_internal; i++) {
		const struct code_span *s = &o->internal[i];

		probe.internal[i].lo = s->lo;
		probe.internal[i].hi = s->hi;
		if (s->lo < probe.internal_lo)
			probe.internal_lo = s->lo;
		if (s->hi > probe.internal_hi)
			probe.internal_hi = s->hi;
	}
	return probe;
}

/*
 * Each call of it is a user's but those that another of the allocator's functions makes, and it
 * makes none itself; it asks for its first argument, which is where that was passed; and the kernel
 * emulates the instruction, as which the hits that its events tell of are counted.
 */
static bool is_plain(const struct probe *p)
{
	return p->outer && !p->jumps && !p->whole && p->hit == HIT_EMULATED && p->size_arg == 1 &&
	       !p->count_arg && p->reg[0] == PROBE_REG_FIRST && p->station == STATION_NONE;
}

static int add(struct place_table *t, struct probe *probe, const struct placement *at,
	       struct places *places)
{
	__u32 number = t->n, page_offset = at->off & 4095;
	int err;

	if (number == PROBES_MAX)
		return -ENOSPC;
	if (!t->cookies && t->offset_used[page_offset])
		return -EEXIST;
	t->offset_used[page_offset] = true;
	probe->hit = at->emulated ? HIT_EMULATED : HIT_STEPPED;
	probe->off = at->off;
	probe->frame = at->frame;
	memcpy(probe->reg, at->reg, sizeof(probe->reg));
	probe->plain = is_plain(probe);
	places->place[places->n++] = (struct uprobe_place){.offset = at->off, .cookie = number};
	t->n++;
	err = map__update(t->probes_fd, &number, probe, BPF_ANY);
	return err ? err : map__update(t->probe_at_fd, &page_offset, &number, BPF_ANY);
}

const struct placement *places__of_call(const struct object *o, int entry, bool live)
{
	/* Where a realloc comes by, there is no return. */
	return live && entry != ENTRY_KEPT ? &o->fn[entry].return_place : &o->fn[entry].place;
}

/* A return probe ends a program by the exception that its function throws (bpf/may_return.bpf.h).
 */
bool places__see_return(int entry, bool live, bool session)
{
	const struct alloc_entry *e = &alloc_entries[entry];

	return live && entry != ENTRY_KEPT && e->block_arg != BLOCK_BY_POINTER &&
	       (session || !e->throws);
}

/* What resizes tells of a block's end, which is all that it is for. */
bool places__use_site(int site, bool live)
{
	return live || (site != SITE_RESIZING && site != SITE_FREE);
}

const char *places__without(const struct object *o, bool live)
{
	if (o->told)
		return NULL;
	for (int i = 0; i < ALLOC_ENTRIES; i++)
		if (o->fn[i].probed && places__of_call(o, i, live)->none)
			return alloc_entries[i].symbol;
	for (int i = 0; live && i < FREE_ENTRIES; i++)
		if (o->free[i].probed && o->free[i].place.none)
			return free_entries[i];
	return NULL;
}

const struct course *places__course(const struct object *o, int entry, bool stations)
{
	return stations ? o->fn[entry].course : NULL;
}

static int add_station(struct place_table *t, struct probe *probe, const struct station *s,
		       struct places *places)
{
	probe->station = s->kind;
	probe->sized = s->sized;
	probe->result = s->result;
	probe->after = s->after;
	return add(t, probe, &s->at, places);
}

/* Ends first: what has begun is seen to end. */
static int add_course(struct place_table *t, const struct probe *of_call, const struct course *c,
		      struct places *places)
{
	static const enum station_kind order[] = {STATION_ENDS, STATION_BEGINS};
	struct probe probe = *of_call;
	int err = 0;

	for (int kind = 0; kind < 2; kind++)
		for (probe.number = 0; probe.number < c->n && !err; probe.number++)
			if (c->station[probe.number].kind == order[kind])
				err = add_station(t, &probe, &c->station[probe.number], places);
	return err;
}

static int add_call(struct place_table *t, struct probe *probe, const struct object *o, int entry,
		    bool live, struct object_places *out)
{
	const struct course *course = places__course(o, entry, t->stations);
	const struct alloc_entry *e = &alloc_entries[entry];
	int err;

	probe->fn = e->fn;
	probe->entry = entry;
	probe->kept = entry == ENTRY_KEPT;
	probe->size_arg = e->size_arg;
	probe->count_arg = e->count_arg;
	probe->block_arg = e->block_arg == BLOCK_BY_POINTER ? 0 : e->block_arg;
	probe->by_pointer = e->block_arg == BLOCK_BY_POINTER;
	probe->throws = e->throws;
	probe->jumps = o->fn[entry].jumps;
	probe->outer = o->fn[entry].outer;
	if (course)
		return add_course(t, probe, course, &out->stations);
	err = add(t, probe, places__of_call(o, entry, live), &out->calls);
	if (!err && places__see_return(entry, live, false))
		out->returns.place[out->returns.n++] = out->calls.place[out->calls.n - 1];
	return err;
}

static int add_site(struct place_table *t, struct probe *probe, const struct object *o, int site,
		    bool live, struct places *places)
{
	const struct usdt_site *s = &o->site[site];
	struct placement at = {.off = s->off, .emulated = true}; /* a nop */
	int err;

	if (!places__use_site(site, live))
		return 0;
	probe->site = site;
	memcpy(at.reg, s->reg, sizeof(at.reg));
	err = add(t, probe, &at, places);
	if (!err)
		places->place[places->n - 1].semaphore = s->semaphore;
	return err;
}

static void let_go(struct place_table *t, const struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		t->offset_used[places->place[i].offset & 4095] = false;
	t->n -= places->n;
}

void place_table__undo(struct place_table *t, const struct object_places *places)
{
	let_go(t, &places->calls);
	let_go(t, &places->frees);
	let_go(t, &places->stations);
	let_go(t, &places->sites);
}

static int add_all(struct place_table *t, const struct object *o, unsigned int index, bool live,
		   struct object_places *out)
{
	struct probe call = probe_of(o, index), give = call;
	int err = 0;

	for (int i = SITE_NONE + 1; o->told && i < SITE_COUNT && !err; i++)
		err = add_site(t, &call, o, i, live, &out->sites);
	if (err || o->told)
		return err;
	for (int i = 0; i < ALLOC_ENTRIES && !err; i++)
		if (o->fn[i].probed)
			err = add_call(t, &call, o, i, live, out);
	for (int i = 0; live && i < FREE_ENTRIES && !err; i++)
		if (o->free[i].probed) {
			give.entry = i;
			give.jumps = o->free[i].jumps;
			err = add(t, &give, &o->free[i].place, &out->frees);
		}
	return err;
}

int place_table__add(struct place_table *t, const struct object *o, unsigned int index, bool live,
		     struct object_places *out)
{
	int err;

	out->calls.n = out->frees.n = out->returns.n = out->stations.n = out->sites.n = 0;
	if (places__without(o, live))
		return -EADDRNOTAVAIL;
	err = add_all(t, o, index, live, out);
	if (err)
		place_table__undo(t, out);
	return err;
}

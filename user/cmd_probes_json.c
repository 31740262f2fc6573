/*
 * cmd_probes_json.c - what is attached, as JSON: schema brkscope.probes/1.
 *
 * Times in nanoseconds, null for what is not known; offsets in bytes from the file's start.
 */
#include "cmd_probes.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "alloc_fn.h"
#include "kernel/features.h"
#include "kernel/places.h"
#include "render/json_value.h"

static json_t *ns(double value)
{
	return value < 0 ? json_null() : json_integer((json_int_t)(value + 0.5));
}

static json_t *probe_of(const struct found_probes *found, const struct placement *place,
			__u64 entry, bool returns)
{
	/* Where one would do harm. */
	if (place->none)
		return json_null();
	return json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:b, s:o}", "offset", value__number(place->off), "into",
		value__number(place->off - entry), "instruction",
		*place->insn ? value__string(place->insn, sizeof(place->insn)) : json_null(),
		"kernel", found_probes__kind(place), "frame", value__number(place->frame), "return",
		returns, "hit_ns", ns(found_probes__cost(found, place, returns)));
}

/* The functions that it may go on in by a jump. */
static json_t *jumps_of(__u64 jumps, bool frees)
{
	json_t *names = json_array();

	for (int i = 0; i < (frees ? FREE_ENTRIES : ALLOC_ENTRIES); i++)
		if (jumps >> i & 1 &&
		    json_array_append_new(names, json_string(frees ? free_entries[i]
								   : alloc_entries[i].symbol))) {
			json_decref(names);
			return NULL;
		}
	return names;
}

/* Null: its calls are seen at its probe. */
static json_t *stations_of(const struct found_probes *found, const struct object *o, int entry)
{
	const struct course *c = found_probes__course(found, o, entry);
	json_t *array;

	if (!c)
		return json_null();
	array = json_array();
	for (unsigned int i = 0; i < c->n; i++) {
		const struct station *s = &c->station[i];
		json_t *probe = probe_of(found, &s->at, o->fn[entry].off, false);

		if (json_object_set_new(probe, "shows", json_string(found_probes__shows(s))) ||
		    json_array_append(array, probe)) {
			json_decref(probe);
			json_decref(array);
			return NULL;
		}
		json_decref(probe);
	}
	return array;
}

static json_t *probe_of_entry(const struct found_probes *found, const struct object *o, int i)
{
	if (found_probes__course(found, o, i))
		return json_null();
	return probe_of(found, places__of_call(o, i, found->live), o->fn[i].off,
			found_probes__returns(found, i));
}

static json_t *entry_of(const struct found_probes *found, const struct object *o, int i)
{
	const char *symbol = alloc_entries[i].symbol, *fn = alloc_fn__name(alloc_entries[i].fn);

	if (!o->fn[i].probed)
		return json_pack("{s:s, s:s, s:o, s:s}", "symbol", symbol, "function", fn, "offset",
				 value__number(o->fn[i].off), "counted_as", o->fn[i].same);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "symbol", symbol, "function", fn,
			 "offset", value__number(o->fn[i].off), "probe",
			 probe_of_entry(found, o, i), "stations", stations_of(found, o, i), "jumps",
			 jumps_of(found_probes__jumps(o, i), false));
}

static json_t *free_of(const struct found_probes *found, const struct object *o, int i)
{
	const char *same = found_probes__same_free(o, i);

	if (same)
		return json_pack("{s:s, s:s, s:o, s:s}", "symbol", free_entries[i], "function",
				 "free", "offset", value__number(o->free[i].off), "counted_as",
				 same);
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "symbol", free_entries[i], "function", "free",
			 "offset", value__number(o->free[i].off), "probe",
			 probe_of(found, &o->free[i].place, o->free[i].off, false), "jumps",
			 jumps_of(o->free[i].jumps, true));
}

/* An allocator that tells of its calls has none. */
static json_t *entries_of(const struct found_probes *found, const struct object *o)
{
	json_t *entries = json_array();
	bool all = object__is_allocator(o) && !o->told;
	int failed = 0;

	for (int i = 0; all && i < ALLOC_ENTRIES; i++)
		if (o->fn[i].present)
			failed |= json_array_append_new(entries, entry_of(found, o, i));
	for (int i = 0; all && found->live && i < FREE_ENTRIES; i++)
		if (o->free[i].probed || found_probes__same_free(o, i))
			failed |= json_array_append_new(entries, free_of(found, o, i));
	if (!failed)
		return entries;
	json_decref(entries);
	return NULL;
}

static json_t *sites_of(const struct found_probes *found, const struct object *o)
{
	json_t *sites = json_array();

	for (int i = SITE_NONE + 1; o->told && i < SITE_COUNT; i++)
		if (places__use_site(i, found->live) &&
		    json_array_append_new(sites, value__number(o->site[i].off))) {
			json_decref(sites);
			return NULL;
		}
	return sites;
}

static json_t *object_of(const struct found_probes *found, const struct object *o)
{
	const char *kind = object__kind_name(o);

	if (o->kind == OBJECT_NAMELESS)
		kind = "nameless";
	else if (o->kind == OBJECT_FORWARDER)
		kind = "forwarder";
	return json_pack("{s:o, s:s, s:b, s:b, s:o, s:o}", "path",
			 value__string(o->path, strlen(o->path)), "kind", kind, "program",
			 o->program, "probed",
			 object__is_allocator(o) && !places__without(o, found->live), "entries",
			 entries_of(found, o), "sites", sites_of(found, o));
}

static json_t *objects_of(const struct found_probes *found)
{
	json_t *array = json_array();

	for (size_t i = 0; i < objects__count(found->objects); i++) {
		const struct object *o = objects__get(found->objects, i);

		if (!object__is_allocator(o) && o->kind != OBJECT_NAMELESS &&
		    o->kind != OBJECT_FORWARDER)
			continue;
		if (!json_array_append_new(array, object_of(found, o)))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *features_of(const struct found_probes *found)
{
	static const char *const returns[] = {
		[RETURNS_SAFE] = "safe", [RETURNS_SPARE] = "spared", [RETURNS_NONE] = "none"};
	const struct features *f = found->features;

	return json_pack("{s:b, s:b, s:b, s:b, s:b, s:o, s:s?}", "bpf_find_vma", f->find_vma,
			 "bpf_iter_task_vma", f->iter_vma, "uprobe_multi", f->uprobe_multi,
			 "cookie", f->cookie, "uprobe_session", f->session, "returns",
			 found->asked_live ? json_string(returns[f->returns]) : json_null(),
			 "returns_note", found_probes__handlers(found));
}

static json_t *costs_of(const struct found_probes *found)
{
	const double *hit = found->hit.ns;

	return json_pack("{s:o, s:o, s:o, s:o}", "emulated", ns(hit[CALIBRATE_EMULATED]), "stepped",
			 ns(hit[CALIBRATE_STEPPED]), "emulated_and_return",
			 ns(hit[CALIBRATE_RETURN]), "stepped_and_return",
			 ns(hit[CALIBRATE_STEPPED_RETURN]));
}

static json_t *found_of(const struct found_probes *found)
{
	struct utsname u;

	uname(&u);
	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:{s:o, s:o}, s:o}", "schema",
			 "brkscope.probes/1", "kernel", value__string(u.release, sizeof(u.release)),
			 "live", found->live, "features", features_of(found), "hit_ns",
			 costs_of(found), "syscall_ns", "untraced", ns(found->syscall), "traced",
			 ns(found->syscall_traced), "objects", objects_of(found));
}

int found_probes__json(FILE *out, const struct found_probes *found)
{
	json_t *value = found_of(found);
	char *text;

	if (!value)
		return -ENOMEM;
	text = json_dumps(value, JSON_INDENT(2));
	json_decref(value);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return ferror(out) ? -EIO : 0;
}

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
#include "render/json_value.h"

static json_t *ns(double value)
{
	return value < 0 ? json_null() : json_integer((json_int_t)(value + 0.5));
}

static json_t *probe_of(const struct found_probes *found, const struct placement *place,
			__u64 entry, bool returns)
{
	return json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:b, s:o}", "offset", value__number(place->off), "into",
		value__number(place->off - entry), "instruction",
		*place->insn ? value__string(place->insn, sizeof(place->insn)) : json_null(),
		"kernel", found_probes__kind(place), "frame", value__number(place->frame), "return",
		returns, "hit_ns", ns(found_probes__cost(found, place, returns)));
}

static json_t *entry_of(const struct found_probes *found, const struct object *o, int i)
{
	const char *symbol = alloc_entries[i].symbol, *fn = alloc_fn__name(alloc_entries[i].fn);
	bool returns = found->live && i != ENTRY_KEPT;

	if (!o->fn[i].probed)
		return json_pack("{s:s, s:s, s:o, s:s}", "symbol", symbol, "function", fn, "offset",
				 value__number(o->fn[i].off), "counted_as", o->fn[i].same);
	return json_pack("{s:s, s:s, s:o, s:o}", "symbol", symbol, "function", fn, "offset",
			 value__number(o->fn[i].off), "probe",
			 probe_of(found, found_probes__place(found, o, i), o->fn[i].off, returns));
}

static json_t *free_of(const struct found_probes *found, const struct object *o, int i)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "symbol", free_entries[i], "function", "free",
			 "offset", value__number(o->free[i].off), "probe",
			 probe_of(found, &o->free[i].place, o->free[i].off, false));
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
		if (o->free[i].probed)
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
		if (found_probes__site(found, o, i) &&
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
	return json_pack("{s:o, s:s, s:b, s:o, s:o}", "path",
			 value__string(o->path, strlen(o->path)), "kind", kind, "program",
			 o->program, "entries", entries_of(found, o), "sites", sites_of(found, o));
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

static json_t *features_of(const struct features *f)
{
	return json_pack("{s:b, s:b, s:b, s:b}", "bpf_find_vma", f->find_vma, "bpf_iter_task_vma",
			 f->iter_vma, "uprobe_multi", f->uprobe_multi, "cookie", f->cookie);
}

static json_t *hits_of(const struct calibration *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "emulated", ns(c->ns[CALIBRATE_EMULATED]),
			 "stepped", ns(c->ns[CALIBRATE_STEPPED]), "nop5",
			 ns(c->ns[CALIBRATE_OPTIMISED]), "emulated_and_return",
			 ns(c->ns[CALIBRATE_RETURN]), "stepped_and_return",
			 ns(c->ns[CALIBRATE_STEPPED_RETURN]));
}

static json_t *found_of(const struct found_probes *found)
{
	struct utsname u;

	uname(&u);
	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:{s:o, s:o}, s:o}", "schema",
			 "brkscope.probes/1", "kernel", value__string(u.release, sizeof(u.release)),
			 "live", found->live, "features", features_of(found->features), "hit_ns",
			 hits_of(&found->hit), "syscall_ns", "untraced", ns(found->syscall),
			 "traced", ns(found->syscall_traced), "objects", objects_of(found));
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

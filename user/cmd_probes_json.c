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

static json_t *entry_of(const struct found_probes *found, const struct object *o, int i)
{
	const struct placement *place = &o->fn[i].place;
	const char *symbol = alloc_entries[i].symbol, *fn = alloc_fn__name(alloc_entries[i].fn);

	if (!o->fn[i].probed)
		return json_pack("{s:s, s:s, s:o, s:s}", "symbol", symbol, "function", fn, "offset",
				 value__number(o->fn[i].off), "counted_as", o->fn[i].same);
	return json_pack("{s:s, s:s, s:o, s:{s:o, s:o, s:o, s:s, s:o, s:o}}", "symbol", symbol,
			 "function", fn, "offset", value__number(o->fn[i].off), "probe", "offset",
			 value__number(place->off), "into",
			 value__number(place->off - o->fn[i].off), "instruction",
			 *place->insn ? value__string(place->insn, sizeof(place->insn))
				      : json_null(),
			 "kernel", found_probes__kind(place), "frame", value__number(place->frame),
			 "hit_ns", ns(found_probes__cost(found, place)));
}

static json_t *object_of(const struct found_probes *found, const struct object *o)
{
	const char *kind = object__kind_name(o);
	json_t *entries = json_array();

	for (int i = 0; object__is_allocator(o) && i < ALLOC_ENTRIES; i++) {
		if (!o->fn[i].present || !json_array_append_new(entries, entry_of(found, o, i)))
			continue;
		json_decref(entries);
		return NULL;
	}
	if (o->kind == OBJECT_NAMELESS)
		kind = "nameless";
	else if (o->kind == OBJECT_FORWARDER)
		kind = "forwarder";
	return json_pack("{s:o, s:s, s:b, s:o}", "path", value__string(o->path, strlen(o->path)),
			 "kind", kind, "program", o->program, "entries", entries);
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

static json_t *found_of(const struct found_probes *found)
{
	const struct features *f = found->features;
	const double *hit = found->hit.ns;
	struct utsname u;

	uname(&u);
	return json_pack("{s:s, s:o, s:{s:b, s:b, s:b, s:b}, s:{s:o, s:o, s:o, s:o}, s:{s:o, s:o}, "
			 "s:o}",
			 "schema", "brkscope.probes/1", "kernel",
			 value__string(u.release, sizeof(u.release)), "features", "bpf_find_vma",
			 f->find_vma, "bpf_iter_task_vma", f->iter_vma, "uprobe_multi",
			 f->uprobe_multi, "cookie", f->cookie, "hit_ns", "emulated",
			 ns(hit[CALIBRATE_EMULATED]), "stepped", ns(hit[CALIBRATE_STEPPED]), "nop5",
			 ns(hit[CALIBRATE_OPTIMISED]), "emulated_and_return",
			 ns(hit[CALIBRATE_RETURN]), "syscall_ns", "untraced", ns(found->syscall),
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

/*
 * json_map.c - address spaces as JSON, schema brkscope.map/1.
 */
#include "render/json_map.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <jansson.h>

#include "render/json_value.h"

#define FUNCTION_MAX   4096
#define SCHEMA	       "brkscope.map/1"
#define NAME_MAX_BYTES 256

/* An array of what `make` makes of each. */
static json_t *array_of(const void *items, size_t count, size_t size,
			json_t *(*make)(const void *item, const void *arg), const void *arg)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if (!json_array_append_new(array, make((const char *)items + i * size, arg)))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

static const char *key_of(__u8 part)
{
	return part == PART_MAIN_STACK ? "main_stack" : part__name(part);
}

static json_t *key_or_null(__u8 part)
{
	return part < PART_COUNT ? json_string(key_of(part)) : json_null();
}

static json_t *pages_of(const struct map_snapshot *s, __u64 bytes)
{
	return value__known(s->page_size != 0, s->page_size ? bytes / s->page_size : 0);
}

static json_t *caller_of(const struct map_snapshot *s, __u8 part, __u32 caller)
{
	const struct caller_name *name = part < CAUSE_COUNT ? map__caller(s, caller) : NULL;
	bool in_file = name && name->site.ino;

	if (!name)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "object", value__string(name->object, PATH_MAX),
			 "function", value__string(name->function, FUNCTION_MAX), "offset",
			 value__known(in_file, name->site.off));
}

static json_t *segment_of(const void *item, const void *arg)
{
	const struct segment *g = item;
	const struct map_snapshot *s = arg;
	__u64 bytes = g->end - g->start;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "start", value__number(g->start), "end", value__number(g->end), "bytes",
			 value__number(bytes), "pages", pages_of(s, bytes), "perms",
			 value__string(g->perms, sizeof(g->perms)), "usable", g->usable, "kind",
			 segment__name(g->kind), "name",
			 value__string(*g->name ? g->name : NULL, PATH_MAX), "cause",
			 key_or_null(g->part), "caller", caller_of(s, g->part, g->caller),
			 "born_ns", value__known(g->born_ns, g->born_ns), "request_bytes",
			 value__known(g->request, g->request), "tid", value__known(g->tid, g->tid),
			 "rss_bytes", value__known(g->rss_known, g->rss_bytes));
}

static json_t *total_of(const struct part_total *t)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "segments", value__number(t->segments), "bytes",
			 value__number(t->bytes), "usable_bytes", value__number(t->usable_bytes),
			 "rss_bytes", value__known(t->rss_known, t->rss_bytes));
}

static json_t *totals_of(const struct map_snapshot *s)
{
	json_t *object = json_object();
	int failed = 0;

	for (int i = 0; i < PART_COUNT; i++)
		failed |= json_object_set_new(object, key_of(i), total_of(&s->totals[i]));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *difference_of(const void *item, const void *arg)
{
	const struct difference *d = item;

	return json_pack("{s:o, s:o, s:s}", "start", value__number(d->start), "end",
			 value__number(d->end), "kind", difference__name(d->kind));
}

static json_t *rss_of(const struct rss_check *r)
{
	__u64 rss = r->walked ? r->walked_bytes : r->counter_bytes;
	__u64 difference = rss > r->segments_bytes ? rss - r->segments_bytes
						   : r->segments_bytes - rss;

	return json_pack("{s:o, s:o, s:o, s:o}", "segments_bytes", value__number(r->segments_bytes),
			 "counter_bytes", value__number(r->counter_bytes), "page_tables_bytes",
			 value__known(r->walked, r->walked_bytes), "difference_bytes",
			 value__number(difference));
}

static json_t *reconciliation_of(const struct map_snapshot *s)
{
	const struct reconciliation *r = &s->ledger;
	size_t listed = r->differences < DIFFERENCES_LISTED ? r->differences : DIFFERENCES_LISTED;

	return json_pack("{s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:o, s:o, s:o}", "ledger", "bytes",
			 value__number(r->ledger_bytes), "regions",
			 value__number(r->ledger_regions), "kernel", "bytes",
			 value__number(r->kernel_bytes), "mappings",
			 value__number(r->kernel_mappings), "difference_bytes",
			 value__number(r->difference_bytes), "difference_count",
			 value__number(r->differences), "differences",
			 array_of(r->listed, listed, sizeof(*r->listed), difference_of, NULL),
			 "rss", rss_of(&s->rss));
}

static json_t *pair_of(__u64 before, __u64 after)
{
	return json_pack("{s:o, s:o}", "before", value__number(before), "after",
			 value__number(after));
}

static json_t *change_of(const void *item, const void *arg)
{
	static const char *const kinds[] = {
		[CHANGE_NEW] = "new", [CHANGE_GONE] = "gone", [CHANGE_OTHER] = "changed"};
	const struct change *c = item;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", kinds[c->kind],
			 "start", value__number(c->start), "end", value__number(c->end), "cause",
			 key_or_null(c->part), "caller", caller_of(arg, c->part, c->caller),
			 "bytes", pair_of(c->bytes_before, c->bytes_after), "usable_bytes",
			 pair_of(c->usable_before, c->usable_after), "request_bytes",
			 value__known(c->request, c->request), "born_ns",
			 value__known(c->born_ns, c->born_ns));
}

static json_t *followed_of(const struct map_snapshot *s)
{
	if (!s->followed)
		return json_null();
	return json_pack("{s:o, s:o, s:{s:o, s:o, s:o}, s:o}", "duration_ns",
			 value__number(s->followed_ns), "execs", value__number(s->execs), "events",
			 "received", value__number(s->received), "spilled",
			 value__number(s->spilled), "lost", value__number(s->lost), "changes",
			 array_of(s->changes, s->change_count, sizeof(*s->changes), change_of, s));
}

static json_t *heap_of(const struct map_snapshot *s)
{
	__u64 bytes = s->heap_end - s->heap_start;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "start", value__number(s->heap_start), "end",
			 value__number(s->heap_end), "bytes", value__number(bytes), "pages",
			 pages_of(s, bytes), "unmapped_bytes",
			 value__number(s->heap_unmapped_bytes));
}

/* [vsyscall] is the last one, and in nobody's address space. */
static size_t counted(const struct map_snapshot *s)
{
	return s->count - (s->count && s->segments[s->count - 1].part == PART_OUTSIDE);
}

static json_t *process_of(const void *item, const void *arg)
{
	const struct map_snapshot *s = *(const struct map_snapshot *const *)item;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "pid",
		value__number(s->pid), "comm", value__string(s->comm, sizeof(s->comm)), "exe",
		value__string(s->exe, PATH_MAX), "time_ns", value__number(s->time_ns), "settled",
		s->settled, "readings", value__number(s->readings), "heap", heap_of(s), "segments",
		array_of(s->segments, counted(s), sizeof(*s->segments), segment_of, s), "totals",
		totals_of(s), "reconciliation", reconciliation_of(s), "followed", followed_of(s));
}

int render__json_map(FILE *out, const struct map_snapshot *const *maps, size_t count)
{
	const struct map_snapshot none = {}, *head = count ? maps[0] : &none;
	json_t *map;
	char *text;

	map = json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema", SCHEMA, "host",
			value__string(head->host, NAME_MAX_BYTES), "kernel",
			value__string(head->kernel, NAME_MAX_BYTES), "page_size",
			value__known(head->page_size != 0, head->page_size), "processes",
			array_of(maps, count, sizeof(*maps), process_of, NULL));
	if (!map)
		return -ENOMEM;
	text = json_dumps(map, JSON_INDENT(2));
	json_decref(map);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return ferror(out) ? -EIO : 0;
}

/*
 * json.c - a snapshot as JSON, schema brkscope.report/1.
 *
 * The whole text is made before its first byte is written: a reader gets a
 * complete document or none.
 */
#include "render/json.h"

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "render/json_cost.h"
#include "render/json_process.h"
#include "render/json_value.h"
#include "render/names.h"

#define SCHEMA	 "brkscope.report/1"
#define NAME_MAX 256

static json_t *processes_of(const struct snapshot *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (!json_array_append_new(array, json_process(s, s->processes[i])))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *events_of(const struct snapshot *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "received", value__number(s->received),
			 "spilled", value__number(s->spilled), "unowned", value__number(s->unowned),
			 "skipped", value__number(s->skipped), "lost", value__number(s->lost));
}

static json_t *report_of(const struct snapshot *s)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
			 SCHEMA, "host", value__string(s->host, NAME_MAX), "kernel",
			 value__string(s->kernel, NAME_MAX), "page_size",
			 value__known(s->page_size != 0, s->page_size), "level",
			 level__name(s->level), "start_ns", value__number(s->start_ns),
			 "duration_ns", value__number(s->duration_ns), "cost", json_cost(s),
			 "budget", json_budget(s), "events", events_of(s), "processes",
			 processes_of(s), "other_processes",
			 s->others ? json_process(s, s->others) : json_null());
}

static int print(FILE *out, const struct snapshot *s, size_t flags)
{
	json_t *report = report_of(s);
	char *text;

	if (!report)
		return -ENOMEM;
	text = json_dumps(report, flags);
	json_decref(report);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return ferror(out) ? -EIO : 0;
}

int render__json(FILE *out, const struct snapshot *s)
{
	return print(out, s, JSON_INDENT(2));
}

int render__json_line(FILE *out, const struct snapshot *s)
{
	return print(out, s, JSON_COMPACT);
}

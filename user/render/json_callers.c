/*
 * json_callers.c - who called mmap in a process, in schema brkscope.report/1.
 */
#include "render/json_callers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "render/callers.h"
#include "render/json_value.h"

#define FUNCTION_MAX 4096

static const char *where(const struct caller_stats *c, const struct caller_name *name)
{
	if (c->caller == CALLER_OTHERS)
		return "others";
	if (!name)
		return "unknown";
	return name->site.ino ? "file" : "no file";
}

static json_t *caller_of(const struct snapshot *s, const struct process_stats *p,
			 const struct caller_stats *c)
{
	const struct caller_name *name = caller__name(s, c->caller);
	bool in_file = name && name->site.ino;
	bool known = p->live_known;

	return json_pack("{s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "object",
			 value__string(name ? name->object : NULL, PATH_MAX), "function",
			 value__string(name ? name->function : NULL, FUNCTION_MAX), "where",
			 where(c, name), "offset",
			 value__known(in_file, in_file ? name->site.off : 0), "cause",
			 cause__name(c->cause), "calls", value__number(c->calls), "bytes",
			 value__number(c->bytes), "live_bytes", value__known(known, c->live_bytes),
			 "live_regions", value__known(known, c->live_regions));
}

static int most_first(const void *va, const void *vb)
{
	const struct caller_stats *a = va, *b = vb;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->live_bytes != b->live_bytes)
		return a->live_bytes < b->live_bytes ? 1 : -1;
	if (a->cause != b->cause)
		return a->cause < b->cause ? -1 : 1;
	return a->caller == b->caller ? 0 : a->caller < b->caller ? -1 : 1;
}

json_t *json_callers(const struct snapshot *s, const struct process_stats *p)
{
	struct caller_stats *sorted;
	json_t *array;

	if (!p->n_callers)
		return json_array();
	sorted = malloc(p->n_callers * sizeof(*sorted));
	if (!sorted)
		return NULL;
	memcpy(sorted, p->callers, p->n_callers * sizeof(*sorted));
	qsort(sorted, p->n_callers, sizeof(*sorted), most_first);
	array = json_array();
	for (size_t i = 0; i < p->n_callers; i++) {
		if (!json_array_append_new(array, caller_of(s, p, &sorted[i])))
			continue;
		json_decref(array);
		array = NULL;
		break;
	}
	free(sorted);
	return array;
}

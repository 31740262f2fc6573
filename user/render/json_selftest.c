/*
 * json_selftest.c - the self-test's result, schema brkscope.selftest/1.
 */
#include "render/selftest.h"

#include <errno.h>
#include <stdlib.h>

#include "render/json_value.h"

#define SCHEMA	 "brkscope.selftest/1"
#define NAME_MAX 256

static const char *const outcomes[] = {
	[OUTCOME_RIGHT] = "right",
	[OUTCOME_WRONG] = "wrong",
	[OUTCOME_UNKNOWN] = "unknown",
	[OUTCOME_NOT_MEASURED] = "not measured",
};

static json_t *expected_of(const struct verdict *v)
{
	if (v->any)
		return json_string(">0");
	return value__known(v->quantity[0], v->expected);
}

static json_t *verdict_of(const struct verdict *v)
{
	bool measured = v->outcome == OUTCOME_RIGHT || v->outcome == OUTCOME_WRONG;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "workload", v->workload, "pid",
			 value__known(v->pid, v->pid), "quantity",
			 v->quantity[0] ? json_string(v->quantity) : json_null(), "expected",
			 expected_of(v), "measured", value__known(measured, v->measured), "error",
			 measured && !v->any ? json_integer((json_int_t)(v->measured - v->expected))
					     : json_null(),
			 "outcome", outcomes[v->outcome], "reason",
			 v->reason[0] ? json_string(v->reason) : json_null());
}

static json_t *quantities_of(const struct verdicts *v)
{
	json_t *array = json_array();

	for (size_t i = 0; i < v->n; i++) {
		if (!json_array_append_new(array, verdict_of(&v->all[i])))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *features_of(const struct selftest *t)
{
	json_t *object = json_object();

	for (size_t i = 0; i < t->n_features; i++) {
		if (!json_object_set_new(object, t->features[i].name,
					 json_boolean(t->features[i].there)))
			continue;
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *result_of(const struct selftest *t)
{
	struct verdict_sums s = verdicts__sum(&t->verdicts);

	return json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:o}",
		"schema", SCHEMA, "version", t->version, "host", value__string(t->host, NAME_MAX),
		"kernel", value__string(t->kernel, NAME_MAX), "page_size",
		value__number(t->page_size), "features", features_of(t), "duration_ns",
		value__number(t->duration_ns), "events", "received", value__number(t->received),
		"spilled", value__number(t->spilled), "lost", value__number(t->lost), "compared",
		value__number(s.quantities), "workloads", value__number(s.workloads), "errors",
		value__number(s.errors), "not_measured", value__number(s.not_measured),
		"quantities", quantities_of(&t->verdicts));
}

int render__selftest_json(FILE *out, const struct selftest *t)
{
	json_t *result = result_of(t);
	char *text;

	if (!result)
		return -ENOMEM;
	text = json_dumps(result, JSON_INDENT(2));
	json_decref(result);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return ferror(out) ? -EIO : 0;
}

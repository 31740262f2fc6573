/*
 * selftest.c - the self-test's result as a table.
 */
#include "render/selftest.h"

#include <errno.h>
#include <string.h>

#include "render/flow.h"
#include "render/sanitize.h"
#include "render/units.h"

#define NAME_COLUMNS 40
#define NAME_MAX     256
#define NUMBER	     24 /* room for one */

struct widths {
	int workload, quantity, expected, measured, error;
};

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = strlen(text);
}

static bool has_measured(const struct verdict *v)
{
	return v->outcome == OUTCOME_RIGHT || v->outcome == OUTCOME_WRONG;
}

static const char *expected_of(char out[NUMBER], const struct verdict *v)
{
	if (!v->quantity[0])
		return "";
	snprintf(out, NUMBER, v->any ? ">0" : "%llu", v->expected);
	return out;
}

static const char *measured_of(char out[NUMBER], const struct verdict *v)
{
	if (!v->quantity[0])
		return "";
	snprintf(out, NUMBER, has_measured(v) ? "%llu" : "-", v->measured);
	return out;
}

static const char *error_of(char out[NUMBER], const struct verdict *v)
{
	bool less = v->measured < v->expected;

	if (!v->quantity[0])
		return "";
	if (!has_measured(v))
		return "-";
	if (v->outcome == OUTCOME_RIGHT || v->any)
		return v->outcome == OUTCOME_RIGHT ? "0" : "is 0";
	snprintf(out, NUMBER, "%c%llu", less ? '-' : '+',
		 less ? v->expected - v->measured : v->measured - v->expected);
	return out;
}

static struct widths measure(const struct verdicts *v)
{
	struct widths w = {8, 8, 8, 8, 5};
	char text[NUMBER];

	for (size_t i = 0; i < v->n; i++) {
		widen(&w.workload, v->all[i].workload);
		widen(&w.quantity, v->all[i].quantity);
		widen(&w.expected, expected_of(text, &v->all[i]));
		widen(&w.measured, measured_of(text, &v->all[i]));
		widen(&w.error, error_of(text, &v->all[i]));
	}
	return w;
}

static enum ink ink_of(enum outcome outcome)
{
	static const enum ink inks[] = {
		[OUTCOME_RIGHT] = INK_PLAIN,
		[OUTCOME_WRONG] = INK_ALARM,
		[OUTCOME_UNKNOWN] = INK_ALARM,
		[OUTCOME_NOT_MEASURED] = INK_DIM,
	};

	return inks[outcome];
}

/* A workload as a whole has its reason where the quantities would be. */
static void print_row(FILE *out, const struct verdict *v, const struct widths *w, bool pids)
{
	const char *why = v->outcome == OUTCOME_UNKNOWN ? "error: " : "not measured: ";
	char expected[NUMBER], measured[NUMBER], error[NUMBER];

	if (pids && v->pid)
		fprintf(out, "%7u ", v->pid);
	else if (pids)
		fprintf(out, "%7s ", "");
	fprintf(out, "%-*s  ", w->workload, v->workload);
	if (v->quantity[0])
		fprintf(out, "%-*s  %*s  %*s  %*s", w->quantity, v->quantity, w->expected,
			expected_of(expected, v), w->measured, measured_of(measured, v), w->error,
			error_of(error, v));
	if (!has_measured(v))
		fprintf(out, "%s%s%s", v->quantity[0] ? "  " : "", why, v->reason);
}

static void print_table(FILE *out, const struct verdicts *v, const struct style *style, bool pids)
{
	struct widths w = measure(v);

	ink__begin(out, style->colour, INK_STRONG);
	if (pids)
		fprintf(out, "%7s ", "PID");
	fprintf(out, "%-*s  %-*s  %*s  %*s  %*s", w.workload, "workload", w.quantity, "quantity",
		w.expected, "expected", w.measured, "measured", w.error, "error");
	ink__end(out, style->colour, INK_STRONG);
	fputc('\n', out);
	for (size_t i = 0; i < v->n; i++) {
		enum ink ink = ink_of(v->all[i].outcome);

		ink__begin(out, style->colour, ink);
		print_row(out, &v->all[i], &w, pids);
		ink__end(out, style->colour, ink);
		fputc('\n', out);
	}
}

static void print_head(FILE *out, const struct selftest *t, const struct style *style)
{
	char name[SANITIZED_SIZE(NAME_COLUMNS)];
	struct flow f;

	flow__begin(&f, out, style, 0, "");
	sanitize(name, t->host, NAME_MAX, NAME_COLUMNS, style->utf8);
	flow__add(&f, INK_STRONG, "%s", name);
	sanitize(name, t->kernel, NAME_MAX, NAME_COLUMNS, style->utf8);
	flow__add(&f, INK_PLAIN, "kernel %s", name);
	flow__add(&f, INK_PLAIN, "brkscope %s", t->version);
	flow__end(&f);
	flow__begin(&f, out, style, 0, "features: ");
	for (size_t i = 0; i < t->n_features; i++)
		flow__add(&f, t->features[i].there ? INK_PLAIN : INK_NOTICE, "%s%s",
			  t->features[i].there ? "" : "no ", t->features[i].name);
	flow__end(&f);
}

static void print_foot(FILE *out, const struct selftest *t, const struct style *style)
{
	struct verdict_sums s = verdicts__sum(&t->verdicts);
	char duration[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, out, style, 0, "events: ");
	flow__add(&f, INK_PLAIN, "%llu received", t->received);
	flow__add(&f, INK_PLAIN, "%llu spilled", t->spilled);
	flow__add(&f, t->lost ? INK_ALARM : INK_PLAIN, "%llu lost", t->lost);
	flow__end(&f);
	flow__begin(&f, out, style, 0, "");
	flow__add(&f, INK_STRONG, "%zu quantities in %zu workloads", s.quantities, s.workloads);
	flow__add(&f, s.errors ? INK_ALARM : INK_STRONG, "%zu error%s", s.errors,
		  s.errors == 1 ? "" : "s");
	if (s.not_measured)
		flow__add(&f, INK_NOTICE, "%zu not measured", s.not_measured);
	flow__add(&f, INK_PLAIN, "in %s", unit__duration(duration, t->duration_ns));
	flow__end(&f);
}

int render__selftest(FILE *out, const struct selftest *t, const struct style *style, bool pids)
{
	print_head(out, t, style);
	fputc('\n', out);
	print_table(out, &t->verdicts, style, pids);
	fputc('\n', out);
	print_foot(out, t, style);
	return ferror(out) ? -EIO : 0;
}

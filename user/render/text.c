/*
 * text.c - a snapshot as text for a terminal or a pipe.
 */
#include "render/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/callers.h"
#include "render/cost.h"
#include "render/flow.h"
#include "render/names.h"
#include "render/sanitize.h"
#include "render/section.h"
#include "render/table.h"
#include "render/units.h"

#define NAME_COLUMNS 40
#define NAME_MAX     256 /* bytes that are looked at */

static size_t rows_shown(const struct snapshot *s, const struct style *style)
{
	if (style->rows <= 0 || (size_t)style->rows > s->count)
		return s->count;
	return (size_t)style->rows;
}

/* What was watched and for how long. */
static void print_subject(FILE *out, const struct snapshot *s, const struct style *style)
{
	char name[SANITIZED_SIZE(NAME_COLUMNS)], duration[UNIT_SIZE];
	const char *key = sort_key__name(style->sort);
	struct flow f;

	flow__begin(&f, out, style, 0, "");
	sanitize(name, s->host ? s->host : "host not known", NAME_MAX, NAME_COLUMNS, style->utf8);
	flow__add(&f, INK_STRONG, "%s", name);
	sanitize(name, s->kernel ? s->kernel : "not known", NAME_MAX, NAME_COLUMNS, style->utf8);
	flow__add(&f, INK_PLAIN, "kernel %s", name);
	flow__add(&f, INK_PLAIN, "level %s", level__name(s->level));
	flow__add(&f, INK_PLAIN, "%zu process%s in %s", s->count, s->count == 1 ? "" : "es",
		  unit__duration(duration, s->duration_ns));
	if (style->rates && s->window_ns)
		flow__add(&f, INK_PLAIN, "rates of the last %s",
			  unit__duration(duration, s->window_ns));
	if (key)
		flow__add(&f, INK_PLAIN, "by %s", key);
	flow__end(&f);
}

/* Spilled and lost are there even when they are 0: a reader must not have to guess. */
static void print_events(FILE *out, const struct snapshot *s, const struct style *style)
{
	struct flow f;

	flow__begin(&f, out, style, 0, "events: ");
	flow__add(&f, INK_PLAIN, "%llu received", s->received);
	flow__add(&f, s->spilled ? INK_NOTICE : INK_PLAIN, "%llu spilled%s", s->spilled,
		  s->spilled ? " (counted without detail)" : "");
	flow__add(&f, s->lost ? INK_ALARM : INK_PLAIN, "%llu lost%s", s->lost,
		  s->lost ? " (the numbers below are too low)" : "");
	if (s->skipped)
		flow__add(&f, INK_ALARM,
			  "%llu system calls skipped by the kernel (those of brk and mmap are too "
			  "low)",
			  s->skipped);
	flow__end(&f);
}

/* Do the ledgers add up to what the kernel counts? */
static void print_ledger(FILE *out, const struct snapshot *s, const struct style *style)
{
	__u64 unexplained = 0;
	size_t equal = 0, differ = 0, unknown = 0;
	char text[UNIT_SIZE];
	struct flow f;

	for (size_t i = 0; i < s->count; i++) {
		const struct process_stats *p = s->processes[i];
		__s64 missing = stats__unexplained(p);

		unknown += !p->space.known;
		equal += p->space.known && !missing;
		differ += p->space.known && missing;
		if (p->space.known)
			unexplained += missing < 0 ? -missing : missing;
	}
	flow__begin(&f, out, style, 0, "ledger: ");
	unit__bytes(text, unexplained);
	if (differ)
		flow__add(&f, INK_ALARM, "%s unexplained in %zu of %zu processes", text, differ,
			  differ + equal);
	else
		flow__add(&f, INK_PLAIN, "%s unexplained in %zu process%s", text, equal,
			  equal == 1 ? "" : "es");
	if (unknown)
		flow__add(&f, INK_PLAIN, "%zu not compared", unknown);
	flow__end(&f);
}

#define UNCOMPARED_MOST 3

static void add_uncompared(struct flow *f, const struct process_stats *p, const struct style *style)
{
	char name[SANITIZED_SIZE(sizeof(p->comm))];

	sanitize(name, p->comm, sizeof(p->comm), sizeof(p->comm), style->utf8);
	if (p->space.why == SPACE_UNREAD)
		flow__add(f, INK_PLAIN, "%s (%u): /proc/%u/maps: %s", name, p->pid, p->pid,
			  strerror(p->space.maps_error));
	else
		flow__add(f, INK_PLAIN, "%s (%u): %s", name, p->pid, space_unknown__name(p));
}

/* Which the ledger's line at the top has left out, and why: those that are there first. */
static void print_uncompared(FILE *out, const struct snapshot *s, const struct style *style)
{
	size_t found = 0;
	struct flow f;

	for (int exited = 0; exited < 2; exited++)
		for (size_t i = 0; i < s->count; i++) {
			const struct process_stats *p = s->processes[i];

			if (p->space.known || p->exited != exited)
				continue;
			if (!found++) {
				fputc('\n', out);
				flow__begin(&f, out, style, 0, "not compared: ");
			}
			if (found <= UNCOMPARED_MOST)
				add_uncompared(&f, p, style);
		}
	if (found > UNCOMPARED_MOST)
		flow__add(&f, INK_PLAIN, "and %zu more", found - UNCOMPARED_MOST);
	if (found)
		flow__end(&f);
}

static int render(FILE *out, const struct snapshot *s, const struct style *style, bool report,
		  int sections)
{
	const struct process_stats **rows = sort__processes(s, style->sort, style->rates);
	size_t shown = rows_shown(s, style), i;
	/* Where few are watched, also one of which nothing came is of interest. */
	bool idle_too = s->count <= (size_t)sections;

	if (!rows)
		return -ENOMEM;
	print_subject(out, s, style);
	print_events(out, s, style);
	print_ledger(out, s, style);
	cost__print(out, s, style);
	fputc('\n', out);
	table__print(out, s, style, rows, shown);
	if (report && s->count > 1)
		callers__print_all(out, s, style);
	for (i = 0; i < shown && sections > 0; i++) {
		if (!rows[i]->histograms && !idle_too)
			continue;
		fputc('\n', out);
		section__print(out, s, style, rows[i]);
		sections--;
	}
	if (report)
		print_uncompared(out, s, style);
	free(rows);
	return ferror(out) ? -EIO : 0;
}

int render__table(FILE *out, const struct snapshot *s, const struct style *style)
{
	return render(out, s, style, false, 0);
}

int render__report(FILE *out, const struct snapshot *s, const struct style *style)
{
	return render(out, s, style, true, style->histograms);
}

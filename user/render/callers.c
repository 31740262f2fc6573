/*
 * callers.c - who called mmap, as text.
 *
 * Places in one function are one caller here.  What has the same name is one
 * as well, whatever file it is in: a library that containers have a copy of each.
 */
#include "render/callers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "render/ink.h"
#include "render/units.h"

#define COLUMNS_MIN 80
#define OBJECT_MIN  12
#define NAME_BYTES  512

#define SHOWN	  5
#define SHOWN_ALL 10

struct line {
	const struct caller_name *name; /* NULL: callers that are not told apart */
	enum cause cause;
	const struct process_stats *p; /* of several the last one */
	size_t processes;
	__u64 calls, bytes, live_bytes;
	bool live_known;
	bool more_processes; /* of those that have no row of their own */
};

struct lines {
	const struct snapshot *s;
	bool all; /* of all processes, and live only what still is */
	struct line *lines;
	size_t n, most;
};

const struct caller_name *caller__name(const struct snapshot *s, __u32 caller)
{
	return caller >= CALLER_FIRST && caller < s->n_caller_names ? &s->caller_names[caller]
								    : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/*
 * Where both do not fit, the file's name is cut first: it is known by its
 * beginning, and a function is not.
 */
int caller__text(char *out, const struct caller_name *name, int columns, bool utf8)
{
	char object[NAME_MAX + 32], function[NAME_BYTES];
	int used, wanted;

	if (!name || !name->site.ino)
		return sanitize(out, name ? "code in no file" : "not known", NAME_BYTES, columns,
				utf8);
	if (name->object)
		snprintf(object, sizeof(object), "%s", base_name(name->object));
	else
		snprintf(object, sizeof(object), "unknown file (inode %llu)", name->site.ino);
	if (name->function)
		snprintf(function, sizeof(function), ": %s", name->function);
	else
		snprintf(function, sizeof(function), ": +%#x", name->site.off);
	wanted = columns - sanitize(out, function, sizeof(function), columns, utf8);
	wanted = wanted < OBJECT_MIN ? OBJECT_MIN : wanted;
	used = sanitize(out, object, sizeof(object), wanted < columns ? wanted : columns, utf8);
	if (used < columns)
		used += sanitize(out + strlen(out), function, sizeof(function), columns - used,
				 utf8);
	return used;
}

static bool is_shown(const struct caller_stats *c)
{
	return c->caller != CALLER_UNKNOWN &&
	       (c->cause == CAUSE_DIRECT || c->cause == CAUSE_FILE || c->cause == CAUSE_STACK);
}

/* False: no memory. */
static bool add(struct lines *l, const struct process_stats *p, const struct caller_stats *c)
{
	bool gone = l->all && p->exited;
	struct line *more, line = {
				   .name = caller__name(l->s, c->caller),
				   .cause = c->cause,
				   .p = p,
				   .processes = p != l->s->others,
				   .calls = c->calls,
				   .bytes = c->bytes,
				   .live_bytes = gone ? 0 : c->live_bytes,
				   .live_known = gone || p->live_known,
				   .more_processes = p == l->s->others,
			   };
	size_t most;

	if (!line.calls && !line.bytes && !line.live_bytes)
		return true;
	if (l->n == l->most) {
		most = l->most ? l->most * 2 : 64;
		more = realloc(l->lines, most * sizeof(*more));
		if (!more)
			return false;
		l->lines = more;
		l->most = most;
	}
	l->lines[l->n++] = line;
	return true;
}

static bool add_process(struct lines *l, const struct process_stats *p)
{
	for (size_t i = 0; i < p->n_callers; i++)
		if (is_shown(&p->callers[i]) && !add(l, p, &p->callers[i]))
			return false;
	return true;
}

static int compare_numbers(__u64 a, __u64 b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

/* 0: shown as the same. */
static int compare_names(const struct caller_name *a, const struct caller_name *b)
{
	int order;

	if (!a || !b)
		return compare_numbers(!a, !b);
	if (!a->site.ino || !b->site.ino)
		return compare_numbers(!a->site.ino, !b->site.ino);
	if (!a->object || !b->object)
		order = compare_numbers(a->object ? 0 : a->site.ino, b->object ? 0 : b->site.ino);
	else
		order = strcmp(base_name(a->object), base_name(b->object));
	if (order)
		return order;
	if (!a->function || !b->function)
		return compare_numbers(a->function ? 0 : 1 + (__u64)a->site.off,
				       b->function ? 0 : 1 + (__u64)b->site.off);
	return strcmp(a->function, b->function);
}

static int by_name(const void *va, const void *vb)
{
	const struct line *a = va, *b = vb;
	int order = compare_numbers(a->cause, b->cause);

	if (!order)
		order = compare_names(a->name, b->name);
	return order ? order : compare_numbers((__u64)a->p, (__u64)b->p);
}

/* What is shown as the same is one line. */
static void merge(struct lines *l)
{
	struct line *to = l->lines;
	size_t n = 0;

	qsort(l->lines, l->n, sizeof(*l->lines), by_name);
	for (size_t i = 0; i < l->n; i++) {
		const struct line *from = &l->lines[i];

		if (!n || to->cause != from->cause || compare_names(to->name, from->name)) {
			to = &l->lines[n++];
			*to = *from;
			continue;
		}
		to->calls += from->calls;
		to->bytes += from->bytes;
		to->live_bytes += from->live_bytes;
		to->live_known &= from->live_known;
		to->more_processes |= from->more_processes;
		to->processes += from->p == to->p ? 0 : from->processes;
		to->p = from->p;
	}
	l->n = n;
}

/* Direct mappings first: whose they are nothing else tells. */
static int compare_lines(const struct line *a, const struct line *b, bool all)
{
	__u64 x = a->bytes, y = b->bytes;
	int order = compare_numbers(a->cause != CAUSE_DIRECT, b->cause != CAUSE_DIRECT);

	if (!all && a->live_known && b->live_known) {
		x = a->live_bytes > x ? a->live_bytes : x;
		y = b->live_bytes > y ? b->live_bytes : y;
	}
	if (!order)
		order = compare_numbers(y, x);
	if (!order)
		order = compare_numbers(b->calls, a->calls);
	return order ? order : by_name(a, b);
}

static int by_size(const void *a, const void *b)
{
	return compare_lines(a, b, false);
}

static int by_bytes(const void *a, const void *b)
{
	return compare_lines(a, b, true);
}

static void print_line(FILE *out, const struct lines *l, const struct style *style, int indent,
		       const struct line *line)
{
	char live[UNIT_SIZE], calls[UNIT_SIZE], bytes[UNIT_SIZE];
	char name[SANITIZED_SIZE(CALLER_COLUMNS)] = "others, not told apart";
	int columns = style->columns < COLUMNS_MIN ? COLUMNS_MIN : style->columns, used;

	used = fprintf(out, "%*s", indent, "");
	ink__printf(out, style->colour, ink__of_cause(line->cause), "%-6s",
		    cause__name(line->cause));
	unit__bytes(live, line->live_bytes);
	used += 6 + fprintf(out, "  %5s  %5s  %5s", line->live_known ? live : "-",
			    unit__count(calls, line->calls), unit__bytes(bytes, line->bytes));
	if (l->all)
		used += fprintf(out, "  %8zu%s", line->processes, line->more_processes ? "+" : " ");
	columns -= used + 2;
	if (line->name)
		caller__text(name, line->name, columns < CALLER_COLUMNS ? columns : CALLER_COLUMNS,
			     style->utf8);
	fprintf(out, "  %s\n", name);
}

static void print_lines(struct lines *l, FILE *out, const struct style *style, const char *label,
			size_t most)
{
	int indent = (int)strlen(label);

	qsort(l->lines, l->n, sizeof(*l->lines), l->all ? by_bytes : by_size);
	fputs(label, out);
	ink__printf(out, style->colour, INK_DIM, "%-6s  %5s  %5s  %5s%s  %s", "cause", "live",
		    "calls", "bytes", l->all ? "  processes" : "", "caller of mmap");
	fputc('\n', out);
	for (size_t i = 0; i < l->n && i < most; i++)
		print_line(out, l, style, indent, &l->lines[i]);
	if (l->n > most)
		fprintf(out, "%*s%zu more: -j shows all\n", indent, "", l->n - most);
}

void callers__print(FILE *out, const struct snapshot *s, const struct style *style,
		    const struct process_stats *p)
{
	struct lines l = {.s = s};

	if (s->caller_names && add_process(&l, p) && l.n) {
		merge(&l);
		print_lines(&l, out, style, "  callers    ", SHOWN);
	}
	free(l.lines);
}

void callers__print_all(FILE *out, const struct snapshot *s, const struct style *style)
{
	struct lines l = {.s = s, .all = true};
	bool complete = s->caller_names != NULL;

	for (size_t i = 0; i < s->count && complete; i++)
		complete = add_process(&l, s->processes[i]);
	if (s->others && complete)
		complete = add_process(&l, s->others);
	if (complete && l.n) {
		merge(&l);
		fputc('\n', out);
		print_lines(&l, out, style, "", SHOWN_ALL);
	}
	free(l.lines);
}

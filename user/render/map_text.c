/*
 * map_text.c - a process's address space as text: a line a segment, and the sums.
 *
 * Addresses are written as /proc/PID/maps has them, so that a line of one is
 * found in the other.
 */
#include "render/map_text.h"

#include <errno.h>
#include <string.h>

#include "render/flow.h"
#include "render/map_sums.h"
#include "render/map_what.h"
#include "render/title.h"
#include "render/units.h"

#define COLUMNS_MIN  80
#define RANGE	     25
#define WHAT_MIN     11
#define AGE_OF_FIRST "before"

struct columns {
	int pages, cause, age; /* age 0: no such column */
	int what;
};

static __u64 pages_of(const struct map_snapshot *s, const struct segment *g)
{
	return s->page_size ? (g->end - g->start) / s->page_size : 0;
}

/* "250ms", "12s", "59m", "23h", "9999d": begun ones do not count */
static const char *age_of(char text[UNIT_SIZE], const struct map_snapshot *s, __u64 born_ns)
{
	__u64 ms = s->time_ns > born_ns ? (s->time_ns - born_ns) / 1000000 : 0;

	if (!born_ns)
		return AGE_OF_FIRST;
	if (ms < 1000)
		snprintf(text, UNIT_SIZE, "%llums", ms);
	else if (ms < 60 * 1000)
		snprintf(text, UNIT_SIZE, "%llus", ms / 1000);
	else if (ms < 60 * 60 * 1000)
		snprintf(text, UNIT_SIZE, "%llum", ms / (60 * 1000));
	else if (ms < 24 * 60 * 60 * 1000)
		snprintf(text, UNIT_SIZE, "%lluh", ms / (60 * 60 * 1000));
	else
		snprintf(text, UNIT_SIZE, "%llud", ms / (24 * 60 * 60 * 1000));
	return text;
}

static void need(int *column, size_t width)
{
	if (*column < (int)width)
		*column = (int)width;
}

static size_t shown(size_t count, const struct style *style)
{
	return style->rows > 0 && (size_t)style->rows < count ? (size_t)style->rows : count;
}

static struct columns lay_out(const struct map_snapshot *s, const struct style *style)
{
	struct columns c = {.pages = strlen("pages"), .cause = strlen("cause")};
	int line = style->columns < COLUMNS_MIN ? COLUMNS_MIN : style->columns;
	char text[UNIT_SIZE];

	if (s->followed)
		c.age = strlen(AGE_OF_FIRST);
	for (size_t i = 0; i < shown(s->count, style); i++) {
		const struct segment *g = &s->segments[i];

		need(&c.pages, snprintf(text, sizeof(text), "%llu", pages_of(s, g)));
		need(&c.cause, strlen(map__cause(g->part)));
	}
	c.what = line - (RANGE + 1 + 5 + 1 + c.pages + 1 + 4 + 1 + 5 + 1 + c.cause + 1);
	if (c.age)
		c.what -= c.age + 1;
	/* Numbers of many digits are worth a line that is too long. */
	c.what = c.what < WHAT_MIN ? WHAT_MIN : c.what;
	if (c.what > WHAT_COLUMNS)
		c.what = WHAT_COLUMNS;
	return c;
}

static void print_header(FILE *out, const struct columns *c, const struct style *style)
{
	char text[128];
	int used;

	used = snprintf(text, sizeof(text), "%-*s  size %*s perm   RSS %-*s ", RANGE, "segment",
			c->pages, "pages", c->cause, "cause");
	if (c->age)
		used += snprintf(text + used, sizeof(text) - used, "%-*s ", c->age, "age");
	snprintf(text + used, sizeof(text) - used, "what");
	ink__printf(out, style->colour, INK_DIM, "%s", text);
	fputc('\n', out);
}

static void print_segment(FILE *out, const struct map_snapshot *s, const struct segment *g,
			  const struct columns *c, const struct style *style)
{
	char size[UNIT_SIZE], rss[UNIT_SIZE], age[UNIT_SIZE], what[WHAT_SIZE];

	fprintf(out, "%08llx-%08llx", g->start, g->end);
	for (int used = snprintf(what, sizeof(what), "%08llx-%08llx", g->start, g->end);
	     used < RANGE; used++)
		fputc(' ', out);
	fprintf(out, " %5s %*llu %.4s %5s ", unit__bytes(size, g->end - g->start), c->pages,
		pages_of(s, g), g->perms, g->rss_known ? unit__bytes(rss, g->rss_bytes) : "-");
	ink__printf(out, style->colour, map__ink(g->part), "%-*s", c->cause, map__cause(g->part));
	if (c->age)
		fprintf(out, " %-*s", c->age,
			g->part < CAUSE_COUNT ? age_of(age, s, g->born_ns) : "-");
	map__what(what, s, g, c->what, style->utf8);
	fprintf(out, "%s%s\n", *what ? " " : "", what);
}

static void print_segments(FILE *out, const struct map_snapshot *s, const struct style *style)
{
	struct columns c = lay_out(s, style);
	size_t rows = shown(s->count, style);

	print_header(out, &c, style);
	for (size_t i = 0; i < rows; i++)
		print_segment(out, s, &s->segments[i], &c, style);
	if (rows < s->count)
		ink__printf(out, style->colour, INK_NOTICE,
			    "%zu more segment%s not shown: -r 0 shows all\n", s->count - rows,
			    s->count - rows == 1 ? "" : "s");
}

/* As one does it by hand with the two addresses of [heap] in /proc/PID/maps. */
static void print_heap(FILE *out, const struct map_snapshot *s)
{
	__u64 bytes = s->heap_end - s->heap_start;

	fprintf(out, "heap %#llx-%#llx: %#llx = %llu bytes", s->heap_start, s->heap_end, bytes,
		bytes);
	if (s->page_size)
		fprintf(out, " = %llu page%s of %llu", bytes / s->page_size,
			bytes / s->page_size == 1 ? "" : "s", s->page_size);
	if (s->heap_unmapped_bytes)
		fprintf(out, ", %llu of these bytes unmapped by the program",
			s->heap_unmapped_bytes);
	fputs("\n\n", out);
}

int render__map(FILE *out, const struct map_snapshot *s, const struct style *style)
{
	title__print(out, style, s->comm, s->pid, "", s->exe);
	print_heap(out, s);
	print_segments(out, s, style);
	fputc('\n', out);
	map_sums__print(out, s, style);
	if (s->followed) {
		fputc('\n', out);
		map_sums__changes(out, s, style);
	}
	fputc('\n', out);
	map_sums__reconciliation(out, s, style);
	return ferror(out) ? -EIO : 0;
}

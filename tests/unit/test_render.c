/*
 * test_render.c - the table and the report, against golden files and against what must always hold.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "render/histogram.h"
#include "render/text.h"
#include "render/utf8.h"
#include "sample_snapshot.h"

static const struct style plain = {.columns = 80, .histograms = INT_MAX};

static void report_as_golden(const char *name, const struct snapshot *s, struct style style)
{
	struct output o;

	output__begin(&o);
	assert_int_equal(render__report(o.stream, s, &style), 0);
	golden__check(name, &o);
}

static void table_as_golden(const char *name, const struct snapshot *s, struct style style)
{
	struct output o;

	output__begin(&o);
	assert_int_equal(render__table(o.stream, s, &style), 0);
	golden__check(name, &o);
}

static void reports(void **state)
{
	struct style style = plain;

	report_as_golden("report.80.ascii.txt", sample_snapshot(), style);
	style.utf8 = true;
	report_as_golden("report.80.utf8.txt", sample_snapshot(), style);
	style.colour = true;
	report_as_golden("report.80.colour.txt", sample_snapshot(), style);
	style.columns = 120;
	report_as_golden("report.120.colour.txt", sample_snapshot(), style);
	style.colour = false;
	report_as_golden("report.120.utf8.txt", sample_snapshot(), style);
	style.utf8 = false;
	report_as_golden("report.120.ascii.txt", sample_snapshot(), style);
	report_as_golden("report.empty.txt", sample_snapshot__empty(), style);
	style.utf8 = true;
	report_as_golden("report.budget.120.utf8.txt", sample_snapshot__budget(), style);
	report_as_golden("report.live.120.utf8.txt", sample_snapshot__live(), style);
	style.columns = 80;
	style.utf8 = false;
	report_as_golden("report.budget.80.ascii.txt", sample_snapshot__budget(), style);
	report_as_golden("report.brief.80.ascii.txt", sample_snapshot__brief(), style);
	report_as_golden("report.live.80.ascii.txt", sample_snapshot__live(), style);
}

static void tables(void **state)
{
	struct style style = plain;

	style.rows = 5;
	style.sort = SORT_HEAP;
	table_as_golden("table.80.ascii.txt", sample_snapshot(), style);
	style.rates = style.utf8 = true;
	style.sort = SORT_GROWTH;
	table_as_golden("rates.80.utf8.txt", sample_snapshot(), style);
	style.columns = 120;
	style.colour = true;
	style.rows = 0;
	table_as_golden("rates.120.colour.txt", sample_snapshot(), style);
	style.colour = false;
	table_as_golden("rates.empty.txt", sample_snapshot__empty(), style);
	style.columns = 80;
	style.colour = false;
	table_as_golden("rates.budget.80.utf8.txt", sample_snapshot__budget(), style);
	table_as_golden("rates.live.80.utf8.txt", sample_snapshot__live(), style);
}

static int columns_of(const char *line, size_t size)
{
	size_t i, length;
	int columns = 0, width;
	uint32_t code;

	for (i = 0; i < size; i += length) {
		length = utf8__decode(line + i, size - i, &code);
		assert_true(length > 0);
		width = utf8__columns(code);
		columns += width ? width : 1;
	}
	return columns;
}

/* Of the widest line; *names: of the line with the columns' names. */
static int widest(const struct output *o, int *names)
{
	const char *line = o->text, *end;
	int columns, most = 0;

	*names = 0;
	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		columns = columns_of(line, (size_t)(end - line));
		if (columns > most)
			most = columns;
		if (!strncmp(line + strspn(line, " "), "PID COM", 7))
			*names = columns;
		assert_true(end == line || end[-1] != ' ');
	}
	return most;
}

static void assert_fits_any_width(const struct snapshot *s)
{
	struct style style = {.sort = SORT_MEMORY};
	struct output o;
	int columns, i, names;

	for (columns = 0; columns < 200; columns++) {
		for (i = 0; i < 4; i++) {
			style.columns = columns;
			style.utf8 = i & 1;
			style.rates = i & 2;
			output__begin(&o);
			assert_int_equal(render__table(o.stream, s, &style), 0);
			output__finish(&o);
			assert_true(widest(&o, &names) <= (columns < 80 ? 80 : columns));
			if (columns <= 80)
				assert_int_equal(names, 80);
			output__free(&o);
		}
	}
}

static void a_table_fits_any_width(void **state)
{
	assert_fits_any_width(sample_snapshot());
	assert_fits_any_width(sample_snapshot__budget());
}

/*
 * In sections, paths and addresses may be longer than a line; nothing else.
 * (But for numbers of twenty digits, which are left out here.)
 */
static void a_report_fits_any_width(void **state)
{
	static const char *const free_lines[] = {"  allocator", "  cgroup", "  heap "};
	const struct process_stats *processes[SAMPLE_COUNT];
	struct snapshot s = *sample_snapshot();
	struct style style = plain;
	const char *line, *end;
	struct output o;
	size_t i;

	memcpy(processes, s.processes, sizeof(processes));
	processes[SAMPLE_HUGE] = processes[--s.count];
	s.processes = processes;
	for (style.columns = 80; style.columns < 150; style.columns++) {
		style.utf8 = style.columns & 1;
		output__begin(&o);
		assert_int_equal(render__report(o.stream, &s, &style), 0);
		output__finish(&o);
		for (line = o.text; *line; line = end + 1) {
			end = strchr(line, '\n');
			for (i = 0; i < sizeof(free_lines) / sizeof(free_lines[0]); i++)
				if (!strncmp(line, free_lines[i], strlen(free_lines[i])))
					break;
			if (i == sizeof(free_lines) / sizeof(free_lines[0]) &&
			    columns_of(line, (size_t)(end - line)) > style.columns)
				fail_msg("at %d: %.*s", style.columns, (int)(end - line), line);
		}
		output__free(&o);
	}
}

/* A PID that no kernel gives out must not break the line. */
static void a_long_pid_takes_from_the_name(void **state)
{
	struct process_stats process = {.pid = UINT32_MAX, .comm = "fifteen-letters"};
	const struct process_stats *processes[] = {&process};
	struct snapshot s = {.page_size = 4096, .processes = processes, .count = 1};
	struct output o;
	int names;

	output__begin(&o);
	assert_int_equal(render__table(o.stream, &s, &plain), 0);
	output__finish(&o);
	assert_true(widest(&o, &names) <= 80);
	assert_int_equal(names, 80);
	assert_non_null(strstr(o.text, "4294967295 "));
	output__free(&o);
}

/* Only line feeds, printable characters, and with colour whole SGR sequences. */
static void assert_harmless(const struct output *o, const struct style *style)
{
	const char *c = o->text;
	uint32_t code;
	size_t length;

	while (*c) {
		if (*c == '\033') {
			assert_true(style->colour);
			assert_int_equal(c[1], '[');
			c += 2 + strspn(c + 2, "0123456789;");
			assert_int_equal(*c++, 'm');
			continue;
		}
		length = utf8__decode(c, strlen(c), &code);
		assert_true(length > 0);
		assert_true(code == '\n' || code >= ' ');
		assert_true(style->utf8 || code < 0x7f);
		/* besides what may be in names: box drawing, blocks, and the sign for <= */
		assert_true(code == '\n' || utf8__columns(code) || code == 0x2264 ||
			    (code >= 0x2500 && code <= 0x259f));
		c += length;
	}
}

static void nothing_hostile_gets_through(void **state)
{
	struct style style = plain;
	struct output o;
	int i;

	for (i = 0; i < 4; i++) {
		style.colour = i & 1;
		style.utf8 = i & 2;
		output__begin(&o);
		assert_int_equal(render__report(o.stream, sample_snapshot(), &style), 0);
		output__finish(&o);
		assert_int_equal(strlen(o.text), o.size);
		assert_harmless(&o, &style);
		assert_non_null(strstr(o.text, "\\x1b[2J\\x1b]0;x\\x07\\xff\\x0a"));
		output__free(&o);
	}
}

/* Without its colours, what is coloured is the same text. */
static void colour_changes_no_text(void **state)
{
	struct style style = plain;
	struct output coloured, flat;
	char *from, *to;

	style.utf8 = true;
	style.histograms = 0;
	output__begin(&flat);
	assert_int_equal(render__report(flat.stream, sample_snapshot(), &style), 0);
	output__finish(&flat);
	style.colour = true;
	output__begin(&coloured);
	assert_int_equal(render__report(coloured.stream, sample_snapshot(), &style), 0);
	output__finish(&coloured);
	for (from = to = coloured.text; *from;) {
		if (*from == '\033')
			from = strchr(from, 'm') + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	assert_string_equal(coloured.text, flat.text);
	output__free(&flat);
	output__free(&coloured);
}

/* The line of the only process that is in s. */
static void assert_row(const struct process_stats *p, bool rates, uint64_t window_ns,
		       const char *want)
{
	struct snapshot s = {.page_size = 4096, .window_ns = window_ns, .count = 1};
	struct style style = {.columns = 80, .rates = rates};
	struct output o;

	s.processes = &p;
	output__begin(&o);
	assert_int_equal(render__table(o.stream, &s, &style), 0);
	output__finish(&o);
	if (!strstr(o.text, want))
		fail_msg("no row \"%s\" in\n%s", want, o.text);
	output__free(&o);
}

static void unknown_is_not_zero(void **state)
{
	struct process_stats p = {.pid = 1, .comm = "x"};

	assert_row(&p, false, 0,
		   "    1 x            -     0      -     -      -     -    0    0     -     -     "
		   "-\n");
	assert_row(&p, true, 1000000000,
		   "    1 x           -      -     -      -     -     -     0      0        -      "
		   "-\n");
	p.heap.known = p.live_known = p.malloc_known = p.rss.known = true;
	assert_row(&p, false, 0,
		   "    1 x            0     0      0     0      0     0    0    0     0     0     "
		   "0\n");
	assert_row(&p, true, 1000000000,
		   "    1 x           0      0     0      0     0     0     0      0        0      "
		   "0\n");
	/* the first snapshot: there is nothing to compare with */
	assert_row(&p, true, 0,
		   "    1 x           0      0     0      0     0     0     -      -        -      "
		   "-\n");
	p.heap.start = 2;
	p.heap.end = 1;
	assert_row(&p, false, 0,
		   "    1 x            -     0      0     0      0     0    0    0     0     0     "
		   "0\n");
}

static void rows_left_out_are_counted(void **state)
{
	struct style style = plain;
	struct output o;

	style.rows = 3;
	output__begin(&o);
	assert_int_equal(render__table(o.stream, sample_snapshot(), &style), 0);
	output__finish(&o);
	assert_non_null(strstr(o.text, "\n5 more processes not shown: -r 8 shows all\n"));
	output__free(&o);
	style.rows = SAMPLE_COUNT - 1;
	output__begin(&o);
	assert_int_equal(render__table(o.stream, sample_snapshot(), &style), 0);
	output__finish(&o);
	assert_non_null(strstr(o.text, "\n1 more process not shown: -r 8 shows all\n"));
	output__free(&o);
	style.rows = SAMPLE_COUNT;
	output__begin(&o);
	assert_int_equal(render__table(o.stream, sample_snapshot(), &style), 0);
	output__finish(&o);
	assert_null(strstr(o.text, "not shown"));
	output__free(&o);
}

static void sections_are_limited(void **state)
{
	struct style style = plain;
	struct output o;
	const char *c;
	int sections, limit;

	for (limit = 0; limit < 4; limit++) {
		style.histograms = limit;
		output__begin(&o);
		assert_int_equal(render__report(o.stream, sample_snapshot(), &style), 0);
		output__finish(&o);
		sections = 0;
		for (c = o.text; (c = strstr(c, "\n-- ")); c++)
			sections++;
		assert_int_equal(sections, limit);
		output__free(&o);
	}
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(render__report(full, sample_snapshot(), &plain), -EIO);
	fclose(full);
}

static void fill_parts(struct histogram_part parts[3], uint64_t *seed)
{
	static const char letters[] = "#ma";
	static const char *const names[] = {"heap", "mmap", "arena"};
	int i, bucket;

	memset(parts, 0, 3 * sizeof(*parts));
	for (i = 0; i < 3; i++) {
		parts[i].name = names[i];
		parts[i].letter = letters[i];
		parts[i].always = true;
		for (bucket = 0; bucket < SIZE_BUCKETS; bucket++) {
			*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
			if (*seed >> 62)
				parts[i].calls[bucket] = *seed >> (*seed >> 58);
		}
		parts[i].calls[0] = parts[i].calls[SIZE_BUCKETS - 1] = 1;
	}
}

static size_t count_of(const char *line, size_t size, char letter)
{
	size_t i, count = 0;

	for (i = 0; i < size; i++)
		count += line[i] == letter;
	return count;
}

/* However uneven the numbers: a part is in its bar if and only if it is not 0. */
static void no_part_of_a_bar_disappears(void **state)
{
	struct histogram_part parts[3];
	uint64_t seed = 1;
	struct output o;
	const char *line, *end;
	int round, bucket, i;

	for (round = 0; round < 200; round++) {
		fill_parts(parts, &seed);
		output__begin(&o);
		histogram__print(o.stream, &plain, "title", parts, 3);
		output__finish(&o);
		line = strchr(strchr(strchr(o.text, '\n') + 1, '\n') + 1, '\n') + 1;
		for (bucket = 0; bucket < SIZE_BUCKETS; bucket++, line = end + 1) {
			end = strchr(line, '\n');
			assert_non_null(end);
			assert_true(end - line <= 80);
			for (i = 0; i < 3; i++)
				assert_int_equal(
					count_of(line, (size_t)(end - line), parts[i].letter) > 0,
					parts[i].calls[bucket] > 0);
		}
		assert_int_equal(*line, '\0');
		output__free(&o);
	}
}

static void assert_bar(uint64_t heap, uint64_t mmap, uint64_t most, const char *want)
{
	static const struct style style = {.columns = 80, .utf8 = true};
	struct histogram_part parts[2] = {
		{.name = "heap", .letter = '#', .shade = "█", .always = true},
		{.name = "mmap", .letter = 'm', .shade = "▒", .always = true},
	};
	struct output o;
	const char *bar;

	parts[0].calls[4] = most;
	parts[0].calls[5] = heap;
	parts[1].calls[5] = mmap;
	output__begin(&o);
	histogram__print(o.stream, &style, "title", parts, 2);
	output__finish(&o);
	bar = strrchr(o.text, ' ') + 1;
	assert_int_equal(strlen(bar), strlen(want) + 1);
	assert_memory_equal(bar, want, strlen(want));
	output__free(&o);
}

/* 51 columns are the longest bar beside two columns of numbers. */
static void bars_are_in_proportion(void **state)
{
	assert_bar(510, 0, 5100, "█████▏");
	assert_bar(500, 0, 5100, "█████");
	assert_bar(530, 0, 5100, "█████▎");
	assert_bar(400, 200, 5100, "████▒▒");
	assert_bar(1, 0, 51000000, "▌");
	assert_bar(1, 1, 51000000, "█▒");
	assert_bar(1000, 1, 5100, "█████████▒");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports),
		cmocka_unit_test(tables),
		cmocka_unit_test(a_table_fits_any_width),
		cmocka_unit_test(a_report_fits_any_width),
		cmocka_unit_test(a_long_pid_takes_from_the_name),
		cmocka_unit_test(nothing_hostile_gets_through),
		cmocka_unit_test(colour_changes_no_text),
		cmocka_unit_test(unknown_is_not_zero),
		cmocka_unit_test(rows_left_out_are_counted),
		cmocka_unit_test(sections_are_limited),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(no_part_of_a_bar_disappears),
		cmocka_unit_test(bars_are_in_proportion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

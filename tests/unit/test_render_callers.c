/*
 * test_render_callers.c - who called mmap, as text and as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "golden.h"
#include "render/callers.h"
#include "render/flow.h"
#include "render/json_callers.h"
#include "sample_snapshot.h"

#define MIB (1024ull * 1024)

static void names_fit_and_keep_the_function(void **state)
{
	static const struct {
		struct caller_name name;
		int columns;
		const char *text;
	} rows[] = {
		{{{1, 2, 3}, "/usr/lib/libfoo.so", "grow"}, 40, "libfoo.so: grow"},
		{{{1, 2, 0x1ac7fe}, "/usr/lib/libfoo.so", NULL}, 40, "libfoo.so: +0x1ac7fe"},
		{{{77, 2, 3}, NULL, NULL}, 40, "unknown file (inode 77): +0x3"},
		{{{0, 0, 0}, NULL, NULL}, 40, "code in no file"},
		{{{1, 2, 3}, "/usr/lib/libpython3.11.so.1.0", "_PyObject_ArenaMmap"},
		 36,
		 "libpython3.11.+: _PyObject_ArenaMmap"},
		{{{1, 2, 3}, "/usr/lib/libpython3.11.so.1.0", "a_function_of_this_length"},
		 30,
		 "libpython3.+: a_function_of_t+"},
		{{{1, 2, 3}, "libfoo.so/", "f"}, 40, "libfoo.so/: f"},
		{{{1, 2, 3}, "", "f"}, 40, ": f"},
		{{{1, 2, 3}, "/tmp/\033[2J", "\n\r"}, 40, "\\x1b[2J: \\x0a\\x0d"},
	};
	char text[SANITIZED_SIZE(CALLER_COLUMNS)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		caller__text(text, &rows[i].name, rows[i].columns, false);
		assert_string_equal(text, rows[i].text);
		for (int columns = 1; columns < 60; columns++) {
			int used = caller__text(text, &rows[i].name, columns, columns & 1);

			assert_true(used <= columns);
			assert_int_equal(text__columns(text), used);
		}
	}
	caller__text(text, NULL, 40, false);
	assert_string_equal(text, "not known");
}

/* The text of one process, or of all. */
static char *text_of(const struct process_stats *p, const struct snapshot *s)
{
	const struct style style = {.columns = 120};
	struct output o;

	output__begin(&o);
	if (p)
		callers__print(o.stream, s, &style, p);
	else
		callers__print_all(o.stream, s, &style);
	output__finish(&o);
	return o.text;
}

static void assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at != text && at[-1] != '\n' && at[-1] != ' ') || at[strlen(line)] != '\n')
		fail_msg("no line %s in\n%s", line, text);
}

static const struct caller_name names[] = {
	[CALLER_FIRST] = {{1, 1, 0x10}, "/a/libfoo.so", "grow"},
	{{1, 1, 0x20}, "/a/libfoo.so", "grow"},
	{{2, 1, 0x30}, "/b/libfoo.so", "grow"},
	{{1, 1, 0x40}, "/a/libfoo.so", NULL},
	{{1, 1, 0x50}, "/a/libfoo.so", NULL},
};

static void what_has_one_name_is_one_line(void **state)
{
	static const struct caller_stats first[] = {
		{CALLER_FIRST, CAUSE_DIRECT, 1, 2 * MIB, 1 * MIB, 1},
		{CALLER_FIRST + 1, CAUSE_DIRECT, 2, 3 * MIB, 0, 0},
		{CALLER_FIRST + 1, CAUSE_FILE, 9, 9 * MIB, 9 * MIB, 9},
		{CALLER_FIRST + 3, CAUSE_DIRECT, 1, 1 * MIB, 0, 0},
		{CALLER_FIRST + 4, CAUSE_DIRECT, 1, 1 * MIB, 0, 0},
		{CALLER_FIRST, CAUSE_MALLOC, 7, 7 * MIB, 7 * MIB, 7},
		{CALLER_UNKNOWN, CAUSE_FILE, 0, 0, 7 * MIB, 7},
	};
	static const struct caller_stats second[] = {
		{CALLER_FIRST + 2, CAUSE_DIRECT, 10, 10 * MIB, 10 * MIB, 10},
	};
	struct process_stats p = {.pid = 1,
				  .live_known = true,
				  .callers = first,
				  .n_callers = sizeof(first) / sizeof(*first)};
	struct process_stats q = {
		.pid = 2, .live_known = true, .exited = true, .callers = second, .n_callers = 1};
	const struct process_stats *rows[] = {&p, &q};
	struct snapshot s = {.processes = rows,
			     .count = 2,
			     .caller_names = names,
			     .n_caller_names = sizeof(names) / sizeof(*names)};
	char *text = text_of(&p, &s);

	assert_line(text, "direct   1.0M      3   5.0M  libfoo.so: grow");
	assert_line(text, "direct      0      1   1.0M  libfoo.so: +0x40");
	assert_line(text, "file     9.0M      9   9.0M  libfoo.so: grow");
	assert_null(strstr(text, "malloc"));
	assert_null(strstr(text, "not known"));
	free(text);
	/* Of one that has exited nothing lives any more. */
	text = text_of(NULL, &s);
	assert_line(text, "direct   1.0M     13  15.0M         2   libfoo.so: grow");
	assert_line(text, "direct      0      1   1.0M         1   libfoo.so: +0x50");
	free(text);
	/* Nothing is said of a sum whose parts are not all known. */
	q.exited = q.live_known = false;
	text = text_of(NULL, &s);
	assert_line(text, "direct      -     13  15.0M         2   libfoo.so: grow");
	free(text);
	text = text_of(&q, &s);
	assert_line(text, "direct      -     10  10.0M  libfoo.so: grow");
	free(text);
	/* Where nobody looked for names there is nothing to say. */
	s.caller_names = NULL;
	text = text_of(NULL, &s);
	assert_string_equal(text, "");
	free(text);
}

static void what_is_left_out_is_counted(void **state)
{
	struct caller_name many[CALLER_FIRST + 30] = {0};
	struct caller_stats callers[30];
	struct process_stats p = {
		.pid = 1, .live_known = true, .callers = callers, .n_callers = 30};
	const struct process_stats *rows[] = {&p};
	struct snapshot s = {.processes = rows,
			     .count = 1,
			     .caller_names = many,
			     .n_caller_names = CALLER_FIRST + 30};
	char *text;

	for (__u32 i = 0; i < 30; i++) {
		many[CALLER_FIRST + i] = (struct caller_name){{1, 1, i + 1}, "/lib", NULL};
		callers[i] = (struct caller_stats){
			CALLER_FIRST + i, CAUSE_DIRECT, 1, (i + 1) * MIB, 0, 0};
	}
	text = text_of(&p, &s);
	assert_line(text, "direct      0      1  30.0M  lib: +0x1e");
	assert_line(text, "25 more: -j shows all");
	free(text);
	text = text_of(NULL, &s);
	assert_line(text, "20 more: -j shows all");
	free(text);
}

static void assert_caller(const json_t *all, size_t i, const char *where, const char *object,
			  const char *function, long long offset, long long bytes, long long live)
{
	const json_t *c = json_array_get(all, i), *v;

	assert_non_null(c);
	assert_string_equal(json_string_value(json_object_get(c, "where")), where);
	v = json_object_get(c, "object");
	assert_true(object ? !strcmp(json_string_value(v), object) : json_is_null(v));
	v = json_object_get(c, "function");
	assert_true(function ? !strcmp(json_string_value(v), function) : json_is_null(v));
	v = json_object_get(c, "offset");
	assert_true(offset < 0 ? json_is_null(v) : json_integer_value(v) == offset);
	assert_int_equal(json_integer_value(json_object_get(c, "bytes")), bytes);
	v = json_object_get(c, "live_bytes");
	assert_true(live < 0 ? json_is_null(v) : json_integer_value(v) == live);
	assert_int_equal(json_is_null(json_object_get(c, "live_regions")), live < 0);
}

static void json_tells_all_of_them(void **state)
{
	static const struct caller_name some[] = {
		[CALLER_FIRST] = {{1, 1, 0x10}, "/a/libfoo.so", "grow"},
		{{1, 1, 0x20}, "/a/libfoo.so", NULL},
		{{9, 1, 0x30}, NULL, NULL},
		{{0, 0, 0}, NULL, NULL},
	};
	static const struct caller_stats callers[] = {
		{CALLER_FIRST, CAUSE_DIRECT, 1, 10, 1, 1},
		{CALLER_FIRST + 1, CAUSE_LOADER, 1, 20, 2, 1},
		{CALLER_FIRST + 2, CAUSE_FILE, 1, 30, 3, 1},
		{CALLER_FIRST + 3, CAUSE_DIRECT, 1, 40, 4, 1},
		{CALLER_OTHERS, CAUSE_DIRECT, 1, 50, 5, 1},
		{CALLER_UNKNOWN, CAUSE_FILE, 0, 0, 6, 1},
	};
	struct process_stats p = {.live_known = true, .callers = callers, .n_callers = 6};
	struct snapshot s = {.caller_names = some, .n_caller_names = CALLER_FIRST + 4};
	json_t *all = json_callers(&s, &p);

	assert_int_equal(json_array_size(all), 6);
	assert_caller(all, 0, "others", NULL, NULL, -1, 50, 5);
	assert_caller(all, 1, "no file", NULL, NULL, -1, 40, 4);
	assert_caller(all, 2, "file", NULL, NULL, 0x30, 30, 3);
	assert_caller(all, 3, "file", "/a/libfoo.so", NULL, 0x20, 20, 2);
	assert_caller(all, 4, "file", "/a/libfoo.so", "grow", 0x10, 10, 1);
	assert_caller(all, 5, "unknown", NULL, NULL, -1, 0, 6);
	json_decref(all);
	p.live_known = false;
	all = json_callers(&s, &p);
	assert_caller(all, 0, "others", NULL, NULL, -1, 50, -1);
	json_decref(all);
	p.n_callers = 0;
	all = json_callers(&s, &p);
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_fit_and_keep_the_function),
		cmocka_unit_test(what_has_one_name_is_one_line),
		cmocka_unit_test(what_is_left_out_is_counted),
		cmocka_unit_test(json_tells_all_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

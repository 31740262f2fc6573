/*
 * test_map_render.c - maps as text and as JSON, against golden files and what must always hold.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "golden.h"
#include "render/json_map.h"
#include "render/map_text.h"
#include "render/utf8.h"
#include "sample_map.h"

static void text_as_golden(const char *name, const struct map_snapshot *s, int columns, bool utf8,
			   bool colour)
{
	struct style style = {.columns = columns, .utf8 = utf8, .colour = colour};
	struct output o;

	output__begin(&o);
	assert_int_equal(render__map(o.stream, s, &style), 0);
	golden__check(name, &o);
}

static void texts(void **state)
{
	text_as_golden("map.80.ascii.txt", sample_map(), 80, false, false);
	text_as_golden("map.120.utf8.txt", sample_map(), 120, true, false);
	text_as_golden("map.torn.80.utf8.txt", sample_map__torn(), 80, true, false);
	text_as_golden("map.torn.120.ascii.txt", sample_map__torn(), 120, false, false);
	text_as_golden("map.torn.120.colour.txt", sample_map__torn(), 120, true, true);
	text_as_golden("map.empty.txt", sample_map__empty(), 80, false, false);
}

static void json(void **state)
{
	const struct map_snapshot *maps[] = {sample_map(), sample_map__torn()};
	struct output o;

	output__begin(&o);
	assert_int_equal(render__json_map(o.stream, maps, 2), 0);
	golden__check("map.json", &o);
}

static int columns_of(const char *line, size_t size)
{
	size_t length;
	int columns = 0, width;
	uint32_t code;

	for (size_t i = 0; i < size; i += length) {
		length = utf8__decode(line + i, size - i, &code);
		assert_true(length > 0);
		width = utf8__columns(code);
		columns += width ? width : 1;
	}
	return columns;
}

/* But for vsyscall's address, which is of 16 digits. */
static void segments_fit_any_width(void **state)
{
	struct map_snapshot s = *sample_map();
	struct style style = {};
	const char *line, *end;
	struct output o;

	s.count--;
	for (style.columns = 0; style.columns < 260; style.columns++) {
		style.utf8 = style.columns & 1;
		s.followed = style.columns & 2;
		output__begin(&o);
		assert_int_equal(render__map(o.stream, &s, &style), 0);
		output__finish(&o);
		for (line = o.text; *line; line = end + 1) {
			end = strchr(line, '\n');
			assert_non_null(end);
			assert_true(end == line || end[-1] != ' ');
			if (columns_of(line, end - line) >
			    (style.columns < 80 ? 80 : style.columns))
				fail_msg("at %d: %.*s", style.columns, (int)(end - line), line);
		}
		output__free(&o);
	}
}

static void nothing_hostile_gets_through(void **state)
{
	struct style style = {.columns = 80};
	struct output o;

	for (int i = 0; i < 2; i++) {
		style.utf8 = i;
		output__begin(&o);
		assert_int_equal(render__map(o.stream, sample_map__torn(), &style), 0);
		output__finish(&o);
		assert_int_equal(strlen(o.text), o.size);
		for (const char *c = o.text; *c; c++)
			assert_true(*c == '\n' || (unsigned char)*c >= ' ');
		output__free(&o);
	}
}

static void rows_left_out_are_counted(void **state)
{
	struct style style = {.columns = 80, .rows = 2};
	struct output o;

	output__begin(&o);
	assert_int_equal(render__map(o.stream, sample_map__torn(), &style), 0);
	output__finish(&o);
	assert_non_null(strstr(o.text, "\n12 more segments not shown: -r 0 shows all\n"));
	assert_non_null(strstr(o.text, "\n5 more changes not shown: -r 0 shows all\n"));
	output__free(&o);
	style.rows = 14;
	output__begin(&o);
	assert_int_equal(render__map(o.stream, sample_map__torn(), &style), 0);
	output__finish(&o);
	assert_null(strstr(o.text, "not shown"));
	output__free(&o);
}

/* Every allocation fails once: nothing is written, nothing is left. */
static long allowed, outstanding;

static void *limited_malloc(size_t size)
{
	if (allowed-- <= 0)
		return NULL;
	outstanding++;
	return malloc(size);
}

static void counted_free(void *p)
{
	outstanding -= p != NULL;
	free(p);
}

static void without_memory_nothing_is_written(void **state)
{
	const struct map_snapshot *maps[] = {sample_map__torn()};
	json_malloc_t old_malloc;
	json_free_t old_free;
	struct output o;
	int err = -ENOMEM;
	long limit;

	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(limited_malloc, counted_free);
	for (limit = 0; err == -ENOMEM; limit++) {
		output__begin(&o);
		allowed = limit;
		err = render__json_map(o.stream, maps, 1);
		output__finish(&o);
		assert_true(err == 0 || err == -ENOMEM);
		if (err)
			assert_int_equal(o.size, 0);
		/* the text itself is given back to free(), which is not counted */
		assert_int_equal(outstanding, !err);
		output__free(&o);
	}
	json_set_alloc_funcs(old_malloc, old_free);
	assert_true(limit > 300);
}

static void a_full_disk_is_an_error(void **state)
{
	const struct map_snapshot *maps[] = {sample_map()};
	struct style style = {.columns = 80};
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(render__map(full, sample_map(), &style), -EIO);
	assert_int_equal(render__json_map(full, maps, 1), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(json),
		cmocka_unit_test(segments_fit_any_width),
		cmocka_unit_test(nothing_hostile_gets_through),
		cmocka_unit_test(rows_left_out_are_counted),
		cmocka_unit_test(without_memory_nothing_is_written),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_retained_render.c - what is said of each pattern, as text and as JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "golden.h"
#include "render/json_retained.h"
#include "render/retained.h"
#include "sketch.h"

/* One of each pattern. */
static struct retained sample(enum retained_pattern pattern)
{
	sketch__begin();
	sketch.in.heap_resident = (struct resident){true, 7 * MIB};
	switch (pattern) {
	case RETAINED_NONE:
		sketch.in.heap_resident.bytes = 80 * KIB;
		sketch__live(64 * KIB);
		return sketch__end(32 * KIB);
	case RETAINED_TOP_KEPT:
		sketch__live(64 * KIB);
		sketch.in.marks.mapping_freed = 8 * MIB;
		return sketch__end(9 * MIB);
	case RETAINED_TOP_CACHED:
		sketch__live(64 * KIB);
		sketch.in.marks.tcache_end = sketch.in.marks.fastbin_end = sketch.next + 9 * MIB;
		return sketch__end(9 * MIB);
	case RETAINED_TOP_UNTRIMMED:
		sketch__live(64 * KIB);
		sketch.in.marks.tcache_end = sketch.next + MIB;
		return sketch__end(9 * MIB);
	case RETAINED_TOP_PINNED:
		sketch__live(64 * KIB);
		sketch__free(8 * MIB);
		sketch__live(1024);
		sketch__live(64);
		return sketch__end(132 * KIB);
	case RETAINED_INSIDE:
		for (int i = 0; i < 9000; i++) {
			sketch__free(16 * (30 + i % 60));
			sketch__live(512);
		}
		return sketch__end(0);
	case RETAINED_ARENAS:
		sketch.in.heap_resident.bytes = 12 * KIB;
		sketch.in.arenas.usable_bytes = 64 * MIB;
		sketch.in.arenas.blocks = 3;
		sketch.in.arenas.bytes = 4000;
		sketch.in.arenas.chunk_bytes = 4064;
		sketch.in.arenas.resident = (struct resident){true, 60 * MIB};
		sketch__live(4096);
		return sketch__end(128 * KIB);
	case RETAINED_THRESHOLD_RAISED:
		sketch.in.marks.mapping_freed = 8 * MIB;
		sketch.in.marks.heap_request = 4 * MIB;
		sketch.in.marks.by_large = 8 * MIB;
		sketch__free(4 * MIB);
		sketch__live(64);
		sketch__free(4 * MIB);
		sketch__live(64);
		return sketch__end(0);
	default:
		sketch.in.heap_resident.known = sketch.in.complete = false;
		sketch.in.known_from = HEAP + 64 * MIB;
		sketch__free(64 * MIB - 1024);
		sketch__live(2048);
		return sketch__end(0);
	}
}

static void text_is_as_agreed(void **state)
{
	static const struct {
		const char *golden;
		struct style style;
	} rows[] = {
		{"retained.80.ascii.txt", {.columns = 80}},
		{"retained.120.colour.txt", {.columns = 120, .colour = true, .utf8 = true}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct output o;

		output__begin(&o);
		for (int p = 0; p < RETAINED_PATTERN_COUNT; p++) {
			struct retained r = sample(p);

			assert_pattern(&r, p);
			fprintf(o.stream, "%s\n", retained_pattern__name(p));
			retained__print(o.stream, &rows[i].style, &r);
		}
		golden__check(rows[i].golden, &o);
	}
}

static void no_line_is_too_long(void **state)
{
	const struct style style = {.columns = 80};

	for (int p = 0; p < RETAINED_PATTERN_COUNT; p++) {
		struct retained r = sample(p);
		struct output o;

		output__begin(&o);
		retained__print(o.stream, &style, &r);
		output__finish(&o);
		for (const char *line = o.text; *line; line += strcspn(line, "\n") + 1)
			assert_in_range(strcspn(line, "\n"), 1, 80);
		output__free(&o);
	}
}

static void json_is_as_agreed(void **state)
{
	struct output o;

	output__begin(&o);
	for (int p = 0; p < RETAINED_PATTERN_COUNT; p++) {
		struct retained r = sample(p);
		json_t *json = json_retained(&r);

		assert_non_null(json);
		assert_int_equal(json_dumpf(json, o.stream, JSON_INDENT(2)), 0);
		fputc('\n', o.stream);
		json_decref(json);
	}
	golden__check("retained.json", &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_as_agreed),
		cmocka_unit_test(no_line_is_too_long),
		cmocka_unit_test(json_is_as_agreed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

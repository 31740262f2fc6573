/*
 * test_units.c - numbers and hostile bytes as text: exact at the edges, and never too wide.
 */
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "render/sanitize.h"
#include "render/units.h"
#include "render/utf8.h"

#define SAMPLES 200000

/* xorshift: the same numbers everywhere */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Of every magnitude, and often at an edge. */
static uint64_t random_magnitude(uint64_t *state)
{
	uint64_t n = next_random(state) >> (next_random(state) % 64);

	switch (next_random(state) % 8) {
	case 0:
		return 1ull << (next_random(state) % 64);
	case 1:
		return (1ull << (next_random(state) % 64)) - 1;
	default:
		return n;
	}
}

static void bytes_at_edges(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "1"},
		{1023, "1023"},
		{1024, "1.0K"},
		{4096, "4.0K"},
		{135168, "132K"},
		{299008, "292K"},
		{102348, "99.9K"},
		{102349, "100K"}, /* 99.950K */
		{1047961, "1023K"},
		{1048063, "1023K"},
		{1048064, "1.0M"}, /* 1023.5K */
		{1048576, "1.0M"},
		{67004006, "63.9M"},
		{1ull << 30, "1.0G"},
		{UINT64_MAX - 1, "16.0E"},
		{UINT64_MAX, ">16E"},
	};
	char text[UNIT_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(unit__bytes(text, cases[i].bytes), cases[i].text);
}

static void counts_at_edges(void **state)
{
	static const struct {
		uint64_t count;
		const char *text, *brief;
	} cases[] = {
		{0, "0", "0"},
		{9999, "9999", "9999"},
		{10000, "10.0k", "10k"},
		{12345, "12.3k", "12k"},
		{99949, "99.9k", "100k"},
		{99950, "100k", "100k"},
		{999499, "999k", "999k"},
		{999500, "1.00M", "1.0M"},
		{1234567, "1.23M", "1.2M"},
		{9994999, "9.99M", "10M"},
		{9995000, "10.0M", "10M"},
		{1000000000, "1.00G", "1.0G"},
		{UINT64_MAX, "18.4E", "18E"},
	};
	char text[UNIT_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(unit__count(text, cases[i].count), cases[i].text);
		assert_string_equal(unit__count_short(text, cases[i].count), cases[i].brief);
	}
}

static void growth_has_a_sign(void **state)
{
	char text[UNIT_SIZE];

	assert_string_equal(unit__growth(text, 0), "0");
	assert_string_equal(unit__growth(text, 1258291), "+1.2M");
	assert_string_equal(unit__growth(text, -4096), "-4.0K");
	assert_string_equal(unit__growth(text, 1), "+1");
	assert_string_equal(unit__growth(text, 1047961), "+1023K");
	assert_string_equal(unit__growth(text, INT64_MIN), "-8.0E");
	assert_string_equal(unit__growth(text, INT64_MAX), "+8.0E");
}

static void rates(void **state)
{
	char text[UNIT_SIZE];

	assert_string_equal(unit__rate(text, 5, 0), "-");
	assert_string_equal(unit__rate(text, 0, 1000000000), "0");
	assert_string_equal(unit__rate(text, 1, 100000000000), "<0.1");
	assert_string_equal(unit__rate(text, 3, 10000000000), "0.3");
	assert_string_equal(unit__rate(text, 99, 10000000000), "9.9");
	assert_string_equal(unit__rate(text, 100, 10000000000), "10");
	assert_string_equal(unit__rate(text, 24690, 2000000000), "12.3k");
	assert_string_equal(unit__rate(text, UINT64_MAX, 1), "18.4E");
}

static void durations(void **state)
{
	char text[UNIT_SIZE];

	assert_string_equal(unit__duration(text, 0), "0 ms");
	assert_string_equal(unit__duration(text, 250000000), "250 ms");
	assert_string_equal(unit__duration(text, 999499999), "999 ms");
	assert_string_equal(unit__duration(text, 999500000), "1.0 s");
	assert_string_equal(unit__duration(text, 5000000000), "5.0 s");
	assert_string_equal(unit__duration(text, 59949999999), "59.9 s");
	assert_string_equal(unit__duration(text, 59950000000), "1 m 00 s");
	assert_string_equal(unit__duration(text, 125000000000), "2 m 05 s");
	assert_string_equal(unit__duration(text, 3599499999999), "59 m 59 s");
	assert_string_equal(unit__duration(text, 3599500000000), "1 h 00 m 00 s");
	assert_string_equal(unit__duration(text, UINT64_MAX), "5124095 h 34 m 34 s");
}

static void powers_of_two(void **state)
{
	char text[UNIT_SIZE];

	assert_string_equal(unit__power_of_two(text, 0), "1");
	assert_string_equal(unit__power_of_two(text, 9), "512");
	assert_string_equal(unit__power_of_two(text, 10), "1K");
	assert_string_equal(unit__power_of_two(text, 18), "256K");
	assert_string_equal(unit__power_of_two(text, 62), "4E");
	assert_string_equal(unit__power_of_two(text, 63), "8E");
}

static void pages_are_what_the_kernel_maps(void **state)
{
	assert_int_equal(unit__pages(0x1000, 0x1000 + 73 * 4096, 4096), 73);
	assert_int_equal(unit__pages(0x1001, 0x2000, 4096), 0);
	assert_int_equal(unit__pages(0x1001, 0x2001, 4096), 1);
	assert_int_equal(unit__pages(0, UINT64_MAX, 4096), 1ull << 52);
}

static long double power(int base, long exponent)
{
	long double result = 1;

	while (exponent-- > 0)
		result *= base;
	return result;
}

/* The text read back is the number, up to half of its last digit. */
static void assert_close(const char *text, uint64_t number, const char *units, int base)
{
	const char *point = strchr(text, '.'), *unit;
	long double value, scale = 1, step = 1, error;
	char *end;

	value = strtold(text, &end);
	if (*end) {
		unit = strchr(units, *end);
		assert_non_null(unit);
		assert_int_equal(end[1], '\0');
		scale = power(base, unit - units + 1);
	}
	if (point)
		step = 1 / power(10, end - point - 1);
	error = value * scale - (long double)number;
	if (error < 0)
		error = -error;
	if (error > step * scale / 2 * 1.0001L)
		fail_msg("%llu is shown as %s", (unsigned long long)number, text);
}

static void any_number_fits_and_is_close(void **state)
{
	uint64_t seed = 88172645463325252ull, n;
	char text[UNIT_SIZE];
	int i;

	for (i = 0; i < SAMPLES; i++) {
		n = random_magnitude(&seed);
		assert_true(strlen(unit__bytes(text, n)) <= 5);
		assert_close(text, n, "KMGTPE", 1024);
		assert_false(strncmp(text, "1024", 4) == 0 && n >= 1024);
		assert_true(strlen(unit__count(text, n)) <= 5);
		assert_close(text, n, "kMGTPE", 1000);
		assert_true(strlen(unit__count_short(text, n)) <= 4);
		assert_close(text, n, "kMGTPE", 1000);
		assert_true(strlen(unit__growth(text, (int64_t)n)) <= 6);
		assert_true(strlen(unit__rate(text, n, random_magnitude(&seed))) <= 5);
		assert_true(strlen(unit__duration(text, n)) < UNIT_SIZE);
	}
}

static void utf8_is_strict(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80",
		"\xff",
		"\xc3",
		"\xc3(",
		"\xe2\x82",
		"\xf0\x9f\x98",
	};
	uint32_t code;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(utf8__decode(bad[i], strlen(bad[i]), &code), 0);
	assert_int_equal(utf8__decode("", 0, &code), 0);
	assert_int_equal(utf8__decode("\xe2\x82\xac", 2, &code), 0);
	assert_int_equal(utf8__decode("\xe2\x82\xac", 3, &code), 3);
	assert_int_equal(code, 0x20ac);
	assert_int_equal(utf8__decode("\xf4\x8f\xbf\xbf", 4, &code), 4);
	assert_int_equal(code, 0x10ffff);
}

/* What we print as so many columns, libc's own tables must call that too. */
static void columns_agree_with_libc(void **state)
{
	uint32_t code;
	int columns, libc;

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (code = 0; code < 0x110000; code++) {
		columns = utf8__columns(code);
		libc = wcwidth((wchar_t)code);
		if (columns && libc >= 0 && columns != libc)
			fail_msg("U+%04X: %d columns, libc says %d", code, columns, libc);
	}
	setlocale(LC_CTYPE, "C");
	assert_int_equal(utf8__columns(0x1b), 0);
	assert_int_equal(utf8__columns(0x7f), 0);
	assert_int_equal(utf8__columns(0x9b), 0);   /* CSI in one byte of Latin 1 */
	assert_int_equal(utf8__columns(0x202e), 0); /* right-to-left override */
	assert_int_equal(utf8__columns(0x200d), 0); /* joiner */
	assert_int_equal(utf8__columns(0xe000), 0); /* private use */
}

static void assert_sanitized(const char *in, int columns, bool utf8, const char *want)
{
	char out[SANITIZED_SIZE(64)];
	int used = sanitize(out, in, 64, columns, utf8);

	assert_string_equal(out, want);
	assert_true(used <= columns);
}

static void hostile_bytes_are_escaped(void **state)
{
	char out[SANITIZED_SIZE(8)];

	assert_sanitized("a.out", 15, true, "a.out");
	assert_sanitized("", 15, true, "");
	assert_sanitized(NULL, 15, true, "");
	assert_sanitized("\033[2J\n", 15, true, "\\x1b[2J\\x0a");
	assert_sanitized("a\x7f", 15, true, "a\\x7f");
	assert_sanitized("\xc2\x9b", 15, true, "\\xc2\\x9b");
	assert_sanitized("\xe2\x80\xae!", 15, true, "\\xe2\\x80\\xae!");
	assert_sanitized("caf\xc3\xa9", 15, true, "caf\xc3\xa9");
	assert_sanitized("caf\xc3\xa9", 15, false, "caf\\xc3\\xa9");
	assert_sanitized("\xff\xfe", 15, true, "\\xff\\xfe");
	assert_sanitized("dev\\x2duuid", 15, true, "dev\\x2duuid");
	/* not behind its size, though no NUL is there */
	assert_int_equal(sanitize(out, "12345678", 3, 8, true), 3);
	assert_string_equal(out, "123");
}

static void long_text_ends_in_a_mark(void **state)
{
	char out[SANITIZED_SIZE(16)];

	assert_sanitized("123456", 6, true, "123456");
	assert_sanitized("1234567", 6, true, "12345\xe2\x80\xa6");
	assert_sanitized("1234567", 6, false, "12345+");
	assert_sanitized("1234567", 1, false, "+");
	assert_sanitized("12\033", 5, true, "12\xe2\x80\xa6"); /* no half of an escape */
	assert_sanitized("\xe8\xb7\xaf\xe8\xb7\xaf", 3, true, "\xe8\xb7\xaf\xe2\x80\xa6");
	assert_int_equal(sanitize__path(out, "/usr/bin/python3", 64, 8, true), 8);
	assert_string_equal(out, "\xe2\x80\xa6python3");
	assert_int_equal(sanitize__path(out, "/usr/bin/python3", 64, 16, true), 16);
	assert_string_equal(out, "/usr/bin/python3");
	assert_int_equal(sanitize__path(out, "/a\033bc", 64, 4, false), 3); /* +bc */
	assert_string_equal(out, "+bc");
}

static void any_bytes_come_out_printable(void **state)
{
	uint64_t seed = 4101842887655102017ull;
	char in[32], out[SANITIZED_SIZE(24)];
	int i, columns, used;
	uint32_t code;
	size_t j, length, size;

	for (i = 0; i < SAMPLES / 4; i++) {
		for (j = 0; j < sizeof(in); j++)
			in[j] = (char)next_random(&seed);
		size = next_random(&seed) % (sizeof(in) + 1);
		columns = 1 + (int)(next_random(&seed) % 24);
		used = i & 1 ? sanitize(out, in, size, columns, i & 2)
			     : sanitize__path(out, in, size, columns, i & 2);
		assert_true(used <= columns);
		for (j = 0; out[j]; j += length) {
			length = utf8__decode(out + j, strlen(out + j), &code);
			assert_true(length > 0);
			assert_true(utf8__columns(code) > 0);
			assert_true((i & 2) || code < 0x7f);
			used -= utf8__columns(code);
		}
		assert_int_equal(used, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_at_edges),
		cmocka_unit_test(counts_at_edges),
		cmocka_unit_test(growth_has_a_sign),
		cmocka_unit_test(rates),
		cmocka_unit_test(durations),
		cmocka_unit_test(powers_of_two),
		cmocka_unit_test(pages_are_what_the_kernel_maps),
		cmocka_unit_test(any_number_fits_and_is_close),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(columns_agree_with_libc),
		cmocka_unit_test(hostile_bytes_are_escaped),
		cmocka_unit_test(long_text_ends_in_a_mark),
		cmocka_unit_test(any_bytes_come_out_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

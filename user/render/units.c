/*
 * units.c - numbers as people read them, in a fixed number of columns.
 *
 * All in integers: a double cannot tell 2^53 from 2^53 + 1, and rounding is
 * what decides whether a number still fits its column.
 */
#include "render/units.h"

#include <stdint.h>
#include <stdio.h>

static const char binary_units[] = "KMGTPE";
static const char decimal_units[] = "kMGTPE";

char *unit__bytes(char out[UNIT_SIZE], __u64 bytes)
{
	__u64 whole, rest, half, tenths;
	unsigned int shift, i;

	if (bytes < 1024) {
		snprintf(out, UNIT_SIZE, "%llu", bytes);
		return out;
	}
	if (bytes == UINT64_MAX) {
		snprintf(out, UNIT_SIZE, ">16E");
		return out;
	}
	for (i = 0; i < sizeof(binary_units) - 1; i++) {
		shift = 10 * (i + 1);
		half = 1ull << (shift - 1);
		whole = bytes >> shift;
		rest = bytes & ((1ull << shift) - 1);
		tenths = whole * 10 + ((rest * 10 + half) >> shift);
		if (tenths < 1000) {
			snprintf(out, UNIT_SIZE, "%llu.%llu%c", tenths / 10, tenths % 10,
				 binary_units[i]);
			return out;
		}
		whole += rest >= half;
		if (whole < 1024) {
			snprintf(out, UNIT_SIZE, "%llu%c", whole, binary_units[i]);
			return out;
		}
	}
	return out; /* 2^64 is 16.0E: not reached */
}

/* value / scale, where scale is 1, 10 or 100 */
static char *decimal(char out[UNIT_SIZE], unsigned int value, unsigned int scale, char unit)
{
	if (scale == 1)
		snprintf(out, UNIT_SIZE, "%u%c", value, unit);
	else
		snprintf(out, UNIT_SIZE, scale == 10 ? "%u.%01u%c" : "%u.%02u%c", value / scale,
			 value % scale, unit);
	return out;
}

/* With as many decimals as there is room for in so many digits. */
static char *scaled_count(char out[UNIT_SIZE], __u64 count, int digits)
{
	static const unsigned int tens[] = {1, 10, 100, 1000};
	unsigned __int128 unit = 1;
	unsigned int i, value;
	int decimals;

	if (count < 10000) {
		snprintf(out, UNIT_SIZE, "%llu", count);
		return out;
	}
	for (i = 0; i < sizeof(decimal_units) - 1; i++) {
		unit *= 1000;
		if (count / unit >= 1000)
			continue;
		for (decimals = digits - 1; decimals >= 0; decimals--) {
			value = (unsigned int)((count * (unsigned __int128)tens[decimals] +
						unit / 2) /
					       unit);
			if (value < (decimals ? tens[digits] : 1000))
				return decimal(out, value, tens[decimals], decimal_units[i]);
		}
	}
	return out; /* 2^64 is 18.4E: not reached */
}

char *unit__count(char out[UNIT_SIZE], __u64 count)
{
	return scaled_count(out, count, 3);
}

char *unit__count_short(char out[UNIT_SIZE], __u64 count)
{
	return scaled_count(out, count, 2);
}

char *unit__growth(char out[UNIT_SIZE], __s64 bytes)
{
	/* -INT64_MIN is no __s64: negate where it is defined */
	__u64 size = bytes < 0 ? -(__u64)bytes : (__u64)bytes;
	const char *sign = bytes < 0 ? "-" : bytes ? "+" : "";
	char text[UNIT_SIZE];

	snprintf(out, UNIT_SIZE, "%s%.*s", sign, UNIT_SIZE - 2, unit__bytes(text, size));
	return out;
}

char *unit__rate(char out[UNIT_SIZE], __u64 calls, __u64 ns)
{
	unsigned __int128 tenths;

	if (!ns) {
		snprintf(out, UNIT_SIZE, "-");
		return out;
	}
	tenths = ((unsigned __int128)calls * 10000000000ull + ns / 2) / ns;
	if (!calls)
		snprintf(out, UNIT_SIZE, "0");
	else if (!tenths) /* it was called: 0 would say that it was not */
		snprintf(out, UNIT_SIZE, "<0.1");
	else if (tenths < 100)
		snprintf(out, UNIT_SIZE, "%u.%u", (unsigned int)tenths / 10,
			 (unsigned int)tenths % 10);
	else if ((tenths + 5) / 10 > ~0ull)
		unit__count(out, ~0ull);
	else
		unit__count(out, (__u64)((tenths + 5) / 10));
	return out;
}

char *unit__duration(char out[UNIT_SIZE], __u64 ns)
{
	__u64 tenths = ns / 100000000 + (ns % 100000000 >= 50000000);
	__u64 seconds = ns / 1000000000 + (ns % 1000000000 >= 500000000);

	if (ns < 999500000)
		snprintf(out, UNIT_SIZE, "%llu ms", (ns + 500000) / 1000000);
	else if (tenths < 600)
		snprintf(out, UNIT_SIZE, "%llu.%llu s", tenths / 10, tenths % 10);
	else if (seconds < 3600)
		snprintf(out, UNIT_SIZE, "%llu m %02llu s", seconds / 60, seconds % 60);
	else
		snprintf(out, UNIT_SIZE, "%llu h %02llu m %02llu s", seconds / 3600,
			 seconds / 60 % 60, seconds % 60);
	return out;
}

char *unit__power_of_two(char out[UNIT_SIZE], unsigned int power)
{
	unsigned int unit = power / 10;

	if (!unit)
		snprintf(out, UNIT_SIZE, "%u", 1u << power);
	else
		snprintf(out, UNIT_SIZE, "%u%c", 1u << power % 10, binary_units[(unit - 1) % 6]);
	return out;
}

__u64 unit__pages(__u64 start, __u64 end, __u64 page_size)
{
	return end / page_size + !!(end % page_size) - start / page_size - !!(start % page_size);
}

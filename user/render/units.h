/*
 * units.h - numbers as people read them, in a fixed number of columns.
 *
 * Tables are made of these, so the width of each is a promise.  Rounding goes
 * to the nearest value, and what rounds up to a whole next unit is shown in
 * that unit: 1.0M, never 1024K.
 */
#ifndef BRKSCOPE_RENDER_UNITS_H
#define BRKSCOPE_RENDER_UNITS_H

#include <linux/types.h>

#define UNIT_SIZE 32 /* room for any of them */

/* Each returns out. */

/* "0", "512", "132K", "1.2M", "63.9M", "16.0E": binary units, at most 5 columns; UINT64_MAX, at
 * which sums stop (bytes_sum): ">16E" */
char *unit__bytes(char out[UNIT_SIZE], __u64 bytes);
/* "9999", "12.3k", "1.23M", "18.4E": decimal units, at most 5 columns */
char *unit__count(char out[UNIT_SIZE], __u64 count);
/* "9999", "12k", "1.2M", "18E": at most 4 columns */
char *unit__count_short(char out[UNIT_SIZE], __u64 count);
/* "+1.2M", "-4.0K", "0": at most 6 columns */
char *unit__growth(char out[UNIT_SIZE], __s64 bytes);
/* calls a second: "0", "<0.1", "0.3", "12", "12.3k"; "-" where ns is 0: at most 5 columns */
char *unit__rate(char out[UNIT_SIZE], __u64 calls, __u64 ns);
/* "250 ms", "5.0 s", "2 m 05 s", "3 h 00 m 09 s" */
char *unit__duration(char out[UNIT_SIZE], __u64 ns);
/* 2^power bytes, exactly: "16", "256K", "8E" (power is 0 to 63); at most 4 columns */
char *unit__power_of_two(char out[UNIT_SIZE], unsigned int power);

/* Whole pages in [start, end) as the kernel maps them: both edges rounded up. page_size: not 0 */
__u64 unit__pages(__u64 start, __u64 end, __u64 page_size);

#endif

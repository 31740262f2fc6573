/*
 * histogram.h - counts by power-of-two size, a row each, with a bar split into parts.
 */
#ifndef BRKSCOPE_RENDER_HISTOGRAM_H
#define BRKSCOPE_RENDER_HISTOGRAM_H

#include <stdbool.h>
#include <stdio.h>

#include <linux/types.h>

#include "brkscope/event.h"
#include "render/ink.h"
#include "render/style.h"

#define HISTOGRAM_PARTS 7

/* One part of every bar: a column of numbers, and its own colour or glyph. */
struct histogram_part {
	const char *name;
	enum ink ink;
	char letter;	   /* in a bar without colour */
	const char *shade; /* in a bar without colour, in UTF-8; NULL: the letter */
	bool always;	   /* shown even if it is all 0 */
	__u64 calls[SIZE_BUCKETS];
};

/*
 * Rows from the first bucket that is not empty to the last one; nothing at all
 * if every one is.  count: of parts, at most HISTOGRAM_PARTS.
 */
void histogram__print(FILE *out, const struct style *style, const char *title,
		      const struct histogram_part *parts, int count);

#endif

/*
 * peaks.h - the most that was live at a time, by route: the option peaks.
 *
 * That is a property of all threads together, so it needs a number that all of them write, which
 * the short paths of malloc and free must not have.  With the option they are not taken.
 */
#ifndef REFMALLOC_PEAKS_H
#define REFMALLOC_PEAKS_H

#include "options.h"
#include "refmalloc.h"

void peaks__count(unsigned int route, int64_t blocks, int64_t bytes);
void peaks__stats(struct refmalloc_stats *stats);
void peaks__reset_in_child(void);

static inline void peaks__taken(unsigned int route, size_t size)
{
	if (__builtin_expect(options.peaks, 0))
		peaks__count(route, 1, (int64_t)size);
}

static inline void peaks__freed(unsigned int route, size_t size)
{
	if (__builtin_expect(options.peaks, 0))
		peaks__count(route, -1, -(int64_t)size);
}

static inline void peaks__resized(unsigned int route, size_t from, size_t to)
{
	if (__builtin_expect(options.peaks, 0))
		peaks__count(route, 0, (int64_t)(to - from));
}

#endif

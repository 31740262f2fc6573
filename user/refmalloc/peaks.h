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

/* So many blocks and bytes more are live than before, or fewer. */
static inline void peaks__changed(unsigned int route, int64_t blocks, int64_t bytes)
{
	if (__builtin_expect(options.peaks, 0))
		peaks__count(route, blocks, bytes);
}

#endif

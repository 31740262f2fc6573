/*
 * map_text.h - a process's address space as text: a line a segment, and the sums.
 */
#ifndef BRKSCOPE_RENDER_MAP_TEXT_H
#define BRKSCOPE_RENDER_MAP_TEXT_H

#include <stdio.h>

#include "model/map_snapshot.h"
#include "render/style.h"

/* style->rows: of segments, and of changes; 0: all.  0; -EIO: out has an error. */
int render__map(FILE *out, const struct map_snapshot *s, const struct style *style);

#endif

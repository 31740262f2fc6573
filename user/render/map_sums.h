/*
 * map_sums.h - what stands below a map's segments: totals, changes, and whether it adds up.
 */
#ifndef BRKSCOPE_RENDER_MAP_SUMS_H
#define BRKSCOPE_RENDER_MAP_SUMS_H

#include <stdio.h>

#include "model/map_snapshot.h"
#include "render/style.h"

/* A row for each cause that has a segment, and their sum. */
void map_sums__print(FILE *out, const struct map_snapshot *s, const struct style *style);
void map_sums__changes(FILE *out, const struct map_snapshot *s, const struct style *style);
void map_sums__reconciliation(FILE *out, const struct map_snapshot *s, const struct style *style);

#endif

/*
 * sizes.h - a process's three histograms: malloc requests, heap growth, mappings.
 */
#ifndef BRKSCOPE_RENDER_SIZES_H
#define BRKSCOPE_RENDER_SIZES_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/style.h"

/* p->histograms is not NULL; what is empty is left out. */
void sizes__print(FILE *out, const struct style *style, const struct process_stats *p);

#endif

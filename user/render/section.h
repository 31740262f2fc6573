/*
 * section.h - one process in detail: allocator, heap, malloc, mmaps by cause, histograms.
 */
#ifndef BRKSCOPE_RENDER_SECTION_H
#define BRKSCOPE_RENDER_SECTION_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/style.h"

void section__print(FILE *out, const struct snapshot *s, const struct style *style,
		    const struct process_stats *p);

#endif

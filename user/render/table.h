/*
 * table.h - one row a process: heap, mmap by cause, calls, resident memory.
 */
#ifndef BRKSCOPE_RENDER_TABLE_H
#define BRKSCOPE_RENDER_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "model/snapshot.h"
#include "render/style.h"

/*
 * Header, the first `shown` of the sorted rows, the row of other processes, and
 * below it what the reader must know of signs, gaps and rows left out.
 */
void table__print(FILE *out, const struct snapshot *s, const struct style *style,
		  const struct process_stats **rows, size_t shown);

#endif

/*
 * text.h - a snapshot as text for a terminal or a pipe.
 */
#ifndef BRKSCOPE_RENDER_TEXT_H
#define BRKSCOPE_RENDER_TEXT_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/style.h"

/* Both: 0; -ENOMEM; -EIO: out has an error. */

/* What was collected, and one row a process. */
int render__table(FILE *out, const struct snapshot *s, const struct style *style);
/*
 * The same, with who called mmap, and a section with histograms for each of the
 * leading processes.
 */
int render__report(FILE *out, const struct snapshot *s, const struct style *style);

#endif

/*
 * title.h - the line that begins what is said of one process.
 */
#ifndef BRKSCOPE_RENDER_TITLE_H
#define BRKSCOPE_RENDER_TITLE_H

#include <stdio.h>

#include <linux/types.h>

#include "render/style.h"

/* comm: 16 bytes at most; exe NULL: not known.  Both hostile.  state: behind the PID. */
void title__print(FILE *out, const struct style *style, const char *comm, __u32 pid,
		  const char *state, const char *exe);

#endif

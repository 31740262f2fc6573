/*
 * cmd_ahead.h - files of code that nobody maps yet are looked at by a thread of its own, while the
 * kernel looks at the programs.
 */
#ifndef BRKSCOPE_CMD_AHEAD_H
#define BRKSCOPE_CMD_AHEAD_H

#include "cmd_options.h"
#include "kernel/objects.h"

struct ahead;

/* What the command will map, and allocators that are installed.  NULL: no memory. */
struct ahead *ahead__begin(const struct options *o);
/* Waits for it; what was found is in no list yet, and from here on the caller's. */
struct objects *ahead__objects(struct ahead *a);
/* All of it is listed, behind what is there by now. */
void ahead__list(const struct ahead *a, struct objects *objects);
void ahead__free(struct ahead *a); /* NULL is allowed; waits */

#endif

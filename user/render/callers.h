/*
 * callers.h - who called mmap, as text.
 *
 * Shown are the causes that do not say themselves who it was: direct mappings,
 * files and stacks.  What malloc, its arenas and the loader mapped is theirs.
 */
#ifndef BRKSCOPE_RENDER_CALLERS_H
#define BRKSCOPE_RENDER_CALLERS_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/sanitize.h"
#include "render/style.h"

#define CALLER_COLUMNS 160 /* at most, of a name */

/* NULL: it is no place in code, or nobody looked for names. */
const struct caller_name *caller__name(const struct snapshot *s, __u32 caller);

/*
 * "libc.so.6: pthread_create", "libfoo.so: +0x12f0", "code in no file", "not known"
 * (NULL), in at most `columns` columns; out has SANITIZED_SIZE(columns) bytes, and
 * columns is at most CALLER_COLUMNS.  Returns the columns used.
 */
int caller__text(char *out, const struct caller_name *name, int columns, bool utf8);

/* In a process's section; nothing where it has none. */
void callers__print(FILE *out, const struct snapshot *s, const struct style *style,
		    const struct process_stats *p);
/* Of all processes together. */
void callers__print_all(FILE *out, const struct snapshot *s, const struct style *style);

#endif

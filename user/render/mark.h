/*
 * mark.h - what stands before numbers of malloc that are not exact, in a table.
 */
#ifndef BRKSCOPE_RENDER_MARK_H
#define BRKSCOPE_RENDER_MARK_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/style.h"

/* Of which kinds there are any: estimates, those without an upper end, and what was seen alone. */
struct marks {
	bool estimated, open, at_least;
};

void marks__add(struct marks *m, const struct process_stats *p);
bool marks__any(const struct marks *m);
/* Columns of the widest. */
int marks__columns(const struct marks *m, const struct style *style);
/* What they mean, as a line or two. */
void marks__print(FILE *out, const struct marks *m, const struct style *style);

/* "~", "≳" or "≥"; "" where the numbers are exact. */
const char *mark__of(const struct process_stats *p, const struct style *style);

#endif

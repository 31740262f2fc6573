/*
 * cmd_callers.h - the names of those who called mmap.
 *
 * Joins the model's numbers of places in code to the files and functions that
 * kernel/ finds for them.
 */
#ifndef BRKSCOPE_CMD_CALLERS_H
#define BRKSCOPE_CMD_CALLERS_H

#include "model/model.h"

struct callers;
struct objects;

/* Both outlive it.  NULL with errno set. */
struct callers *callers__new(struct model *m, struct objects *objects);
void callers__free(struct callers *c); /* NULL is allowed */

/*
 * p: a process that has called there; may be NULL.  NULL: it is no place in code,
 * or there is no memory.  Valid until the next call.
 */
const struct caller_name *callers__name(struct callers *c, __u32 caller,
					const struct process_stats *p);
/*
 * Every name and live number of the snapshot's callers into it, valid until the
 * model changes.  0 or -ENOMEM.
 */
int callers__join(struct callers *c, struct snapshot *s);

#endif

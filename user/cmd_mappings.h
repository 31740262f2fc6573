/*
 * cmd_mappings.h - a process's mappings from the kernel's list, as the model takes them.
 */
#ifndef BRKSCOPE_CMD_MAPPINGS_H
#define BRKSCOPE_CMD_MAPPINGS_H

#include "kernel/listing.h"
#include "kernel/procfs.h"
#include "model/evidence.h"

struct objects;

/* All zero is empty. */
struct mappings {
	struct mapping *maps;
	size_t n, most;
};

/* All that are listed, the stacks of threads and the heap told apart.  0 or -ENOMEM. */
int mappings__take(struct mappings *m, const struct listed *p, const struct objects *objects);
/*
 * Keeps those that exec made: the files of the program and of its loader, with
 * the zeroed data behind them, and the vdso.
 */
void mappings__keep_image(struct mappings *m, const struct proc_image *image);
/*
 * What the content of the process's anonymous memory proves, if its malloc is
 * glibc's.  tid: any of its threads that has not exited.
 */
int mappings__prove(struct mappings *m, __u32 tid);
void mappings__clear(struct mappings *m);

#endif

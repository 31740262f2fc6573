/*
 * cmd_mappings.h - a process's mappings from /proc, as the model takes them.
 */
#ifndef BRKSCOPE_CMD_MAPPINGS_H
#define BRKSCOPE_CMD_MAPPINGS_H

#include "kernel/procfs.h"
#include "model/evidence.h"

/* All zero is empty. */
struct mappings {
	struct mapping *maps;
	size_t n, most;
	/* of mappings__read, while it runs */
	void (*code)(const struct proc_map *map, void *arg);
	void *arg;
};

/* code: called for each file that is mapped executable.  0 or -errno. */
int mappings__read(struct mappings *m, __u32 pid,
		   void (*code)(const struct proc_map *map, void *arg), void *arg);
/*
 * Keeps those that exec made: the files of the program and of its loader, with
 * the zeroed data behind them, and the vdso.
 */
void mappings__keep_image(struct mappings *m, const struct proc_image *image);
/* What the content of the process's anonymous memory proves, if its malloc is glibc's. */
int mappings__prove(struct mappings *m, __u32 pid);
void mappings__clear(struct mappings *m);

#endif

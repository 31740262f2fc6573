/*
 * cmd_space.h - a process's address space: the kernel's list of mappings and the model's ledger.
 *
 * Joins /proc (kernel/) to segments, causes and differences (model/).
 */
#ifndef BRKSCOPE_CMD_SPACE_H
#define BRKSCOPE_CMD_SPACE_H

#include "kernel/procfs.h"
#include "model/changes.h"
#include "model/layout.h"
#include "model/reconcile.h"

/* All zero is empty. */
struct address_space {
	struct vma *vmas; /* with the names that they own */
	size_t n, most;
	struct holdings holdings;
	struct layout layout;
	struct reconciliation ledger;
	struct rss_check rss;
	struct proc_size size; /* by the kernel's counters, of that instant if rss_agrees */
	bool rss_agrees;       /* the sum of the segments is the process's RSS, at one instant */
};

/*
 * One reading of the kernel's list, and how it compares with what the model has.
 * The space is the caller's, and stays as it is meanwhile.  -ESRCH: the process
 * has gone.  The layout is left for later.
 */
int address_space__read(struct address_space *a, __u32 pid, const struct space *model);
/* Two readings that say the same: nothing has changed between them. */
bool address_space__same(const struct address_space *a, const struct address_space *b);
/* The segments, with what is resident of each and which thread's a stack is. */
int address_space__lay_out(struct address_space *a, __u32 pid);
void address_space__clear(struct address_space *a);

#endif

/*
 * space.h - a process's address space by the kernel's own count against what its ledger has.
 *
 * The kernel keeps two counters of each address space (mm_struct's total_vm and
 * stack_vm; VmSize and VmStk of /proc/PID/status).  They tell nothing of causes,
 * but any mapping that was missed, or is believed to be there still, is a
 * difference.
 */
#ifndef BRKSCOPE_SPACE_H
#define BRKSCOPE_SPACE_H

#include "model/process.h"

/*
 * Bytes, of the same instant, at which nothing of p's was under way.  untold:
 * those of them that no event tells of and no region is for, because the kernel
 * itself maps them: stacks, which grow by faults, and pages for uprobes.
 */
void space__check(struct process *p, __u64 bytes, __u64 untold);
/* The two could not be had, or not of one instant. */
void space__forget(struct process *p);

#endif

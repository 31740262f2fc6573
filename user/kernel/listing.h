/*
 * listing.h - what there is now: the threads and the mappings of one process, or of all.
 *
 * By the kernel's iterators, in one reading for the whole machine; by /proc
 * where the kernel has none (mappings: before 5.12, threads: before 5.8).  It
 * is of no one instant: a process may be in one of the two lists only, and a
 * mapping that changes meanwhile be listed as it was, as it is, or both.
 * Whoever needs the truth collects events from before the reading on.
 */
#ifndef BRKSCOPE_KERNEL_LISTING_H
#define BRKSCOPE_KERNEL_LISTING_H

#include <stddef.h>

#include "brkscope/listing.h"

/* The programs of bpf/listing.bpf.c; fd -1: this kernel has no such iterator. */
struct lister {
	int vma_fd, task_fd;
	__u32 *only; /* their setting: which process, 0 for all */
};

/* One process, but the kernel's own.  Without mappings: it has exited, or is new. */
struct listed {
	__u32 pid;
	const struct task_record *tasks; /* by TID; never none */
	size_t n_tasks;
	const struct vma_record *vmas; /* by address */
	size_t n_vmas;
};

/* All zero is empty. */
struct listing {
	struct listed *processes; /* by PID */
	size_t n;
	struct task_record *tasks;
	struct vma_record *vmas;
};

/* pid 0: every process.  0 or -errno, with out empty. */
int listing__read(struct listing *out, const struct lister *by, __u32 pid);
void listing__clear(struct listing *l);
const struct listed *listing__find(const struct listing *l, __u32 pid); /* NULL: not there */

/* The leader, or, if that is not listed, the first thread. */
const struct task_record *listed__process(const struct listed *p);
/* The mapping that holds addr; NULL. */
const struct vma_record *listed__vma(const struct listed *p, __u64 addr);

#endif

/*
 * smaps.h - a process's mappings, with what of each is in memory: /proc/PID/smaps.
 *
 * The kernel walks the page tables for it, about a millisecond for a hundred MiB
 * that are resident.  It writes a few mappings a read(2) and lets go of its lock
 * between two, so that a list is of one instant only if nothing has changed.
 */
#ifndef BRKSCOPE_SMAPS_H
#define BRKSCOPE_SMAPS_H

#include <stdbool.h>

#include "kernel/procfs.h"

struct smap {
	struct proc_map map;
	/* bytes; rss is without huge pages of hugetlbfs and without the shared zero page, as RSS */
	__u64 rss, anonymous, swap;
	bool accounted;	 /* VmFlags ac: private, and it is or was writable */
	bool grows_down; /* VmFlags gd */
};

/* Each mapping, in address order, until visit returns nonzero (returned as is). */
int smaps__read(__u32 pid, int (*visit)(const struct smap *map, void *arg), void *arg);
/* The same of text, which is written to.  -EINVAL: no text of the kernel's. */
int smaps__parse(char *text, int (*visit)(const struct smap *map, void *arg), void *arg);
/* The sum of all its mappings' rss, from /proc/PID/smaps_rollup: by the page tables as well. */
int smaps__rollup(__u32 pid, __u64 *rss);

#endif

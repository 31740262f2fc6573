/*
 * listing_proc.h - the records of the iterators, made of what /proc says.
 */
#ifndef BRKSCOPE_LISTING_PROC_H
#define BRKSCOPE_LISTING_PROC_H

#include "brkscope/listing.h"
#include "kernel/procfs.h"
#include "kernel/records.h"

/* A line of /proc/PID/maps; false: it is no mapping of the process ([vsyscall]). */
bool vma__of_map(struct vma_record *r, __u32 pid, const struct proc_map *map);

/* pid 0: every process.  0 or -errno; what has exited adds nothing. */
int listing_proc__vmas(struct records *to, __u32 pid);
/* One record a process, with only what /proc tells of it. */
int listing_proc__tasks(struct records *to, __u32 pid);

#endif

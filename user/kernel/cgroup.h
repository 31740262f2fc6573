/*
 * cgroup.h - the processes in a cgroup v2 directory and below it.
 */
#ifndef BRKSCOPE_CGROUP_H
#define BRKSCOPE_CGROUP_H

#include <linux/types.h>

/* Each process, until visit returns nonzero (returned as is).  -errno. */
int cgroup__each(const char *path, int (*visit)(__u32 pid, void *arg), void *arg);

#endif

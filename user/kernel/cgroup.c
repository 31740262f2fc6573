/*
 * cgroup.c - the processes in a cgroup v2 directory and below it.
 *
 * By the kernel's own lists: a path in /proc/PID/cgroup counts from wherever
 * the reader's cgroup namespace begins, and would have to be matched.
 */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>

static int each_in_list(const char *path, int (*visit)(__u32 pid, void *arg), void *arg)
{
	FILE *f = fopen(path, "re");
	unsigned int pid;
	int err = 0;

	if (!f)
		return 0; /* the cgroup has gone */
	while (!err && fscanf(f, "%u", &pid) == 1)
		err = visit(pid, arg);
	fclose(f);
	return err;
}

int cgroup__each(const char *path, int (*visit)(__u32 pid, void *arg), void *arg)
{
	char *const roots[] = {(char *)path, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *entry;
	int err = 0;

	if (!tree)
		return -errno;
	while (!err && (entry = fts_read(tree)))
		if (!strcmp(entry->fts_name, "cgroup.procs"))
			err = each_in_list(entry->fts_path, visit, arg);
	fts_close(tree);
	return err;
}

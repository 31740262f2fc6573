/*
 * cmd_map.h - what the files of `brkscope map` share.
 *
 * Processes do not stand still to be looked at.  A reading that shows a
 * difference is made again, until there is none, or until two in a row say the
 * same, or it has been tried often enough: then the snapshot says so.
 */
#ifndef BRKSCOPE_CMD_MAP_H
#define BRKSCOPE_CMD_MAP_H

#include <sys/utsname.h>

#include "cmd_options.h"
#include "cmd_space.h"
#include "model/model.h"

struct callers;
struct collector;
struct targets;

/* One process, and what is shown of it. */
struct mapped_process {
	__u32 pid;
	bool failed; /* said already; nothing is shown */
	struct address_space space;
	struct map_snapshot snapshot;
	char *exe;
	/* With -d: */
	struct ledger *before;
	__u64 heap_start_before, heap_end_before;
	__u64 since_ns, execs_before;
	unsigned long events; /* that change what is mapped */
	struct changes changes;
	struct map_callers {
		struct map_caller *all; /* own their names */
		size_t n;
	} callers;
};

struct mapper {
	const struct options *options;
	struct collector *collector;
	struct callers *callers; /* with -d */
	struct targets *targets; /* without -d */
	struct utsname uname;
	struct mapped_process *all;
	size_t n;
};

/*
 * Both: every process of m that has not failed, into its snapshot; one that
 * fails is marked, with the error said.  -errno with the error said: all have.
 */
int map__now(struct mapper *m);
int map__followed(struct mapper *m);

struct mapped_process *map__find(struct mapper *m, __u32 pid);

/*
 * Reads until it is done.  read: fills mp->space, and takes it by map__take;
 * `old` is the reading before.  0 or -errno.
 */
typedef int (*map_reader)(struct mapper *m, struct mapped_process *mp,
			  const struct address_space *old, bool *done);
void map__read(struct mapper *m, struct mapped_process *mp, map_reader read);
/* mp->space into the snapshot, if it is the last one that is needed: then *done. */
int map__take(struct mapper *m, struct mapped_process *mp, const struct process *p,
	      const struct address_space *old, bool *done);
/* The address space as the model has it. */
struct space map__space(const struct process *p);
/* Who called for what the snapshot shows.  0 or -ENOMEM. */
int map__name_callers(struct mapped_process *mp, struct callers *c, const struct process *p);
void map__forget_callers(struct mapped_process *mp);
bool map__last(const struct mapped_process *mp); /* the last reading that is made */

#endif

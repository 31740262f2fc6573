/*
 * cmd_targets_state.h - what the files about targets share, and nobody else sees.
 *
 * cmd_targets.c keeps objects and processes, cmd_seed.c reads what was there before.
 */
#ifndef BRKSCOPE_CMD_TARGETS_STATE_H
#define BRKSCOPE_CMD_TARGETS_STATE_H

#include "cmd_allocators.h"
#include "cmd_targets.h"
#include "kernel/listing.h"
#include "kernel/objects.h"

struct proc_info;

struct targets {
	const struct options *options;
	struct probes *probes;
	struct lister lister;
	struct allocators *allocators;
	struct objects *objects; /* the allocators' */
};

/* The one among what a process maps that defines its malloc; NULL. */
const struct object *targets__find_allocator(struct targets *t, const struct listed *p);
void targets__set_allocator(struct targets *t, struct process *p, const struct object *o);

/* The same process as the model's, not one that has its PID by now? */
bool targets__same_process(const struct process *p, const struct proc_info *info);
void targets__set_identity(struct process *p, const struct proc_info *info);
/* Its program's path and its cgroup, which only /proc tells. */
void targets__set_paths(struct process *p);

#endif

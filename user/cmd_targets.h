/*
 * cmd_targets.h - who is watched: which processes, what they map, which allocator they use.
 *
 * Joins /proc and ELF files (kernel/) to processes and causes (model/).
 */
#ifndef BRKSCOPE_CMD_TARGETS_H
#define BRKSCOPE_CMD_TARGETS_H

#include "model/model.h"
#include "cmd_options.h"

struct ahead;
struct lister;
struct objects;
struct probes;
struct targets;

/* 0, or -ESRCH with the error said.  Of several: for the first that is none. */
int targets__check_pid(__u32 pid);
int targets__check_pids(const __u32 *pids, size_t n);

/*
 * Looks at what all processes map that may be watched, and takes what was looked at ahead; without
 * probes and that (NULL) only at those that are read later.  0, or -errno with the error said.
 */
int targets__open(struct targets **out, const struct options *o, struct probes *probes,
		  struct ahead *ahead);
/* Opened without probes: by these iterators, which outlive it. */
void targets__list_by(struct targets *t, const struct lister *lister);
void targets__close(struct targets *t); /* NULL is allowed */
const struct cause_table *targets__causes(const struct targets *t);
struct objects *targets__objects(const struct targets *t);

/* Probes every allocator that was found, and those that are found from here on. */
int targets__attach(struct targets *t);

/* Every process that is there and watched, into the model. */
void targets__seed(struct targets *t, struct model *m);
/*
 * The mappings of one process, into the model; if it has gone, nothing happens.
 * image: only what exec mapped.
 */
void targets__read(struct targets *t, struct model *m, __u32 pid, bool image);
/* The process has mapped code: it may be an allocator. */
void targets__saw_code(struct targets *t, struct process *p, const struct event_map *e);
/* The process has called malloc in the object of this index. */
void targets__saw_malloc(struct targets *t, struct process *p, unsigned int index);
/* Which file an address is in, by the process's mappings now; else *site stays. */
void targets__resolve(__u32 pid, struct site *site);
/* What only /proc knows: RSS, a new name; and the mappings, where the ledger missed some. */
/*
 * The kernel's own count of p's address space, as targets__refresh read it,
 * against the ledger, once all events from before have been applied.  False:
 * they differ, unless an event that explains it has just come.
 */
bool targets__check(struct targets *t, struct process *p);
void targets__refresh(struct targets *t, struct model *m, struct process *p);

#endif

/*
 * apply.h - what a call does to the ledger of the address space that it was made in.
 */
#ifndef BRKSCOPE_APPLY_H
#define BRKSCOPE_APPLY_H

#include "model/state.h"

/*
 * Of an mmap, munmap, mremap or mprotect that has succeeded, and of one that has
 * failed.  0, -ENOMEM, or -EINVAL: a range that wraps, and nothing changed.
 */
int apply__call(struct model *m, struct process *mm, const struct event_map *e, enum cause cause,
		__u32 caller);
/* Of a shmat or shmdt. */
int apply__shm(struct model *m, struct process *mm, const struct event_map *e);
int apply__refused(struct model *m, struct process *mm, const struct event_map *e);

/* Is it the heap's, and neither another mapping's nor in a hole? */
bool apply__in_heap(const struct process *mm, __u64 addr);

#endif

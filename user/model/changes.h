/*
 * changes.h - what has become of an address space between two instants, region by region.
 *
 * A region is the same one if it has the same origin (all but its ends) and a
 * page in common.  One that mremap has moved elsewhere is gone and new.
 */
#ifndef BRKSCOPE_CHANGES_H
#define BRKSCOPE_CHANGES_H

#include "model/ledger.h"
#include "model/map_snapshot.h"

/* An address space as the model has it. */
struct space {
	const struct ledger *ledger;
	__u64 heap_start, heap_end;
	const struct ledger *holes; /* in the heap (holes.h); NULL: none */
};

/* All zero is empty. */
struct changes {
	struct change *all; /* in address order */
	size_t n, most;
};

/*
 * since_ns: when `before` was read.  What existed by then, and only its event
 * came later, is no change.  0 or -ENOMEM.
 */
int changes__find(struct changes *c, const struct space *before, const struct space *after,
		  __u64 since_ns);
void changes__clear(struct changes *c);

#endif

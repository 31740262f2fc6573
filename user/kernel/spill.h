/*
 * spill.h - what the kernel counted when the ring had no room.
 *
 * The counters only grow while programs run; each read hands over what came
 * since the one before.  Reading costs a system call a cell, and while one runs
 * a tracepoint's program on the same CPU may be skipped (and counted as lost),
 * so it is done when the numbers are needed and no oftener.
 */
#ifndef BRKSCOPE_SPILL_H
#define BRKSCOPE_SPILL_H

#include <stdbool.h>

#include "brkscope/event.h"

struct spill;

int spill__open(struct spill **out, int processes_fd, int cells_fd, int others_fd);
void spill__close(struct spill *s); /* NULL is allowed */

struct spill_visitor {
	/*
	 * A process that has cells.  True: it had ended before this read began,
	 * nothing more can come, and its entries may go.
	 */
	bool (*process)(__u32 tgid, const struct spilled_process *p, void *arg);
	/* What came since the last read; key->start_ns 0: of other processes. */
	void (*cell)(const struct cell_key *key, const struct cell *cell, void *arg);
	void *arg;
};

int spill__read(struct spill *s, const struct spill_visitor *v);

#endif

/*
 * cmd_collector.h - what a collector consists of, for the files that make one up.
 *
 * cmd_open.c opens and closes it, cmd_collect.c runs it; cmd_numbers.c makes the
 * numbers of what it has collected.
 */
#ifndef BRKSCOPE_CMD_COLLECTOR_H
#define BRKSCOPE_CMD_COLLECTOR_H

#include <signal.h>
#include <sys/utsname.h>

#include "cmd_budget.h"
#include "cmd_collect.h"
#include "cmd_cost.h"

/* A process that the spill says has ended. */
struct spilled_end {
	__u32 tgid;
	struct spilled_process process;
};

struct spilled_ends {
	struct spilled_end *all;
	size_t n, most;
};

struct collector {
	struct options options;
	struct collector_hooks hooks;
	struct probes *probes;
	struct ring *ring;
	struct spill *spill;
	struct model *model;
	struct targets *targets;
	struct command *command;
	struct utsname uname;
	sigset_t old_mask;
	int signal_fd;
	bool stop;
	bool has_priority; /* over those that it watches */
	int error;
	int interrupts;
	enum collector_end end;
	__u64 start_ns, stop_ns, window_ns, next_tick, shown_ns;
	__u64 read_ns;	  /* when events were last read */
	__u64 spill_read; /* how many had spilled at the last reading of the spill */
	struct spilled_ends ends;
	__u64 skipped; /* and how many system calls the kernel had let pass */
	struct cost_keeper cost;
	struct budget budget;
	__u64 attach_ns;      /* how long attaching malloc's probes took */
	double attach_cpu_ns; /* and of CPU */
	size_t differing;   /* processes of which the kernel counts otherwise than their ledgers */
	bool spill_settled; /* as many as at the one before it */
};

#define READ_MOST 65536 /* records of the ring, between looks at the clock and at signals */

/* How many records were read. */
unsigned int collector__read_ring(struct collector *c);

/*
 * What processes are now, and how much the kernel counts of theirs: while they
 * are still followed, for then every change from before is in the ring.
 */
void numbers__read(struct collector *c);
/* What has spilled by now; 0, or -errno with the error said. */
int numbers__read_spill(struct collector *c);

#endif

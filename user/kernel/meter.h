/*
 * meter.h - what the probes have cost so far: how often each kind was hit, times what a hit costs.
 *
 * A hit costs what the kernel does for it (calibrate.h) and what the program runs for.
 * The hits are counted all of them (brkscope/hits.h); run times are the kernel's own
 * (BPF_ENABLE_STATS), taken now and then, for they cost two readings of the clock a run.
 *
 * Not in it: what a tracepoint that is in use costs the system calls that are not traced
 * (some tens of nanoseconds each; counting them would cost more), what the programs at fork,
 * exec and exit run for, and what the caches lose.
 */
#ifndef BRKSCOPE_METER_H
#define BRKSCOPE_METER_H

#include <stdbool.h>

#include <linux/types.h>

#include "brkscope/hits.h"
#include "kernel/calibrate.h"

struct brkscope;
struct meter;

struct meter_reading {
	__u64 hits[HIT_KINDS];
	double ns[HIT_KINDS]; /* of one of these; < 0: not known */
	double sampling_ns;   /* what taking the run times has cost in all */
	double agent_ns;      /* the agent's own CPU time */
};

/* Programs that are loaded.  0 or -errno. */
int meter__open(struct meter **out, struct brkscope *skel);
void meter__close(struct meter *m); /* NULL is allowed */

/* What the kernel does for a hit; syscall_ns < 0: not known. */
void meter__set_traps(struct meter *m, const struct calibration *c, double syscall_ns);
/* From here on it counts. */
void meter__begin(struct meter *m, __u64 now_ns);
/* Takes run times when it is time to; to be called every now and then. */
void meter__sample(struct meter *m, __u64 now_ns);
void meter__read(struct meter *m, struct meter_reading *r);

#endif

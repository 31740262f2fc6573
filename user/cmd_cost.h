/*
 * cmd_cost.h - what brkscope itself costs, while it collects: the probes' hits and its own CPU.
 */
#ifndef BRKSCOPE_CMD_COST_H
#define BRKSCOPE_CMD_COST_H

#include "kernel/meter.h"
#include "model/snapshot.h"

struct probes;
struct ring;

struct cost_keeper {
	struct meter *meter;
	const struct ring *ring; /* whose events tell of hits as well */
	__u64 repeated_before;
	struct meter_reading end; /* what it was when collecting ended */
	bool ended;
	__u64 begin_ns;
	struct {
		__u64 ns;
		double probes, agent;
	} window; /* at the last snapshot */
};

/* All is attached.  The clock is CLOCK_BOOTTIME's. */
void cost__begin(struct cost_keeper *k, struct probes *probes, const struct ring *ring,
		 __u64 now_ns);
/* To be called every now and then. */
void cost__tick(struct cost_keeper *k, __u64 now_ns);
/* What is still attached from here on is not counted any more; what is in the ring is. */
void cost__end(struct cost_keeper *k);
void cost__fill(struct cost_keeper *k, struct snapshot *s, __u64 now_ns);

/* More than all CPUs there are cannot have been spent, whatever a hit is thought to take. */
void cost__bound(struct cost *cost, double cpus);

/* In all so far, in ns of CPU; the second one without the agent. */
double cost__total(struct cost_keeper *k);
double cost__probes(struct cost_keeper *k);
/* What a call of malloc takes, on the average. */
double cost__of_call(struct cost_keeper *k);

#endif

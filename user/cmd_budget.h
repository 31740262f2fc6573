/*
 * cmd_budget.h - keeps what is collected under a budget: malloc is probed in bursts.
 *
 * Joins the governor, which plans them, to the programs, which see calls in them, and to the
 * model, which counts each call as so many.
 */
#ifndef BRKSCOPE_CMD_BUDGET_H
#define BRKSCOPE_CMD_BUDGET_H

#include "governor.h"
#include "model/snapshot.h"

struct collector;

struct budget {
	bool on;
	bool dropped; /* malloc is not probed any more */
	__u64 dropped_ns;
	bool begun;	/* the first stretch, in which all is seen, is over */
	__u64 first_ns; /* when that may be */
	struct governor governor;
	struct {
		struct burst b;
		bool set;     /* the programs know of it */
		bool over;    /* and all of its events have come */
	} bursts[8];	      /* by number, modulo 8 */
	__u32 n, oldest;      /* bursts so far; the first that is not over */
	__u64 lead_ns;	      /* before a burst its probes have to be attached */
	double attach_ns;     /* of CPU, the last time */
	__u64 attached_since; /* 0: not attached */
	__u64 attached_ns;    /* when they were attached the last time; 0: in the beginning */
	double detach_cost;   /* of hits from detaching on, the last time */
	double probes_then;   /* what probes had cost when that was looked at last */
	struct {
		__u64 since, ns;
		double cost_then, cost; /* of CPU */
	} idle;				/* when nothing is attached */
};

/* Collecting is about to start: all is seen from then on. */
void budget__prepare(struct collector *c);
/* What is to be watched runs. */
void budget__begin(struct collector *c);
/* What is due; returns when the next thing is. */
__u64 budget__step(struct collector *c, __u64 now);
/* No events are to come any more. */
void budget__end(struct collector *c);
void budget__fill(struct collector *c, struct snapshot *s);

#endif

/*
 * baseline.h - what a process of the self-test had before its mark: its loader's part of the
 * numbers.
 *
 * Kept as the events come, for they alone tell what was before what.  A process
 * that execs marks again: what the second program's loader did is taken out as well.
 */
#ifndef BRKSCOPE_BASELINE_H
#define BRKSCOPE_BASELINE_H

#include "model/snapshot.h"

/* The numbers at one event, with nothing in them that belongs to somebody else. */
struct reading {
	struct process_stats stats;
	struct histograms histograms;
};

struct baseline {
	struct baseline *next;
	__u32 pid;
	bool execed, marked_again;
	struct reading begin, at_exec, again;
};

struct baselines {
	struct baseline *first;
};

/* After the model has taken the event.  0 or -ENOMEM. */
int baselines__event(struct baselines *b, const struct event *e, const struct process_stats *p);
/* NULL: there was no mark. */
const struct baseline *baselines__find(const struct baselines *b, __u32 pid);
void baselines__clear(struct baselines *b);

#endif

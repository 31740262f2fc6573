/*
 * cost.c - what brkscope itself costs, as a line of a report's head.
 */
#include "render/cost.h"

#include "render/flow.h"

/* By less it is as good as kept; by more there are other reasons. */
#define EXCESS_LEAST_NS 1e6
#define EXCESS_MOST_NS	2e8

const char *const hit_names[HIT_KINDS] = {
	[HIT_EMULATED] = "emulated",
	[HIT_STEPPED] = "stepped",
	[HIT_RETURN] = "return",
	[HIT_SYSCALL] = "syscall",
};

char *cost__percent(char out[UNIT_SIZE], double part)
{
	double percent = part * 100;

	if (percent > 0 && percent < 0.05) /* 0 would say that it is free */
		snprintf(out, UNIT_SIZE, "<0.1%%");
	else
		snprintf(out, UNIT_SIZE, percent < 99.95 ? "%.1f%%" : "%.0f%%", percent);
	return out;
}

double cost__rounded_percent(double part)
{
	return (double)(__u64)(part * 100 * 1024 + 0.5) / 1024;
}

char *cost__text(char out[COST_SIZE], const struct cost *cost)
{
	char all[UNIT_SIZE];

	snprintf(out, COST_SIZE, "%s%s of one CPU", cost->known ? "" : "at least ",
		 cost__percent(all, cost->probes + cost->agent));
	return out;
}

static void add(struct flow *f, const struct cost *cost, const char *when)
{
	char text[COST_SIZE], probes[UNIT_SIZE], agent[UNIT_SIZE];

	flow__add(f, cost->known ? INK_PLAIN : INK_NOTICE, "%s%s (probes %s, agent %s)",
		  cost__text(text, cost), when, cost__percent(probes, cost->probes),
		  cost__percent(agent, cost->agent));
}

/* The first moment and a burst have to be paid at once, and are made up for later only. */
static void add_excess(struct flow *f, const struct snapshot *s)
{
	double over = (s->cost.probes + s->cost.agent - s->budget.of) * (double)s->duration_ns;
	char text[UNIT_SIZE];

	if (s->budget.dropped || over < EXCESS_LEAST_NS || over > EXCESS_MOST_NS)
		return;
	flow__add(f, INK_NOTICE,
		  "exceeded by %s of CPU: the first moment and a burst's probes cost that",
		  unit__duration(text, (__u64)over));
}

/* Did bursts make an estimate of anything, or were they too few? */
static bool has_estimates(const struct snapshot *s)
{
	bool at_least = false;

	for (size_t i = 0; i < s->count; i++) {
		const typeof(s->processes[i]->estimate) *e = &s->processes[i]->estimate;

		if (e->is && !e->at_least)
			return true;
		at_least |= e->is;
	}
	return !at_least;
}

static void print_budget(FILE *out, const struct snapshot *s, const struct style *style)
{
	char of[UNIT_SIZE], base[UNIT_SIZE], text[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, out, style, 0, "budget: ");
	flow__add(&f, INK_PLAIN, "%s of one CPU", cost__percent(of, s->budget.of));
	add_excess(&f, s);
	if (s->budget.dropped)
		flow__add(&f, INK_NOTICE,
			  "brk and mmap alone cost %s: malloc is probed in the first %s only",
			  cost__percent(base, s->budget.base),
			  unit__duration(text, s->budget.dropped_ns - s->start_ns));
	else if (s->budget.estimated)
		flow__add(&f, INK_NOTICE, "malloc seen in bursts of %s, %s",
			  unit__duration(text, s->budget.burst_ns),
			  has_estimates(s) ? "and estimated" : "too few for an estimate");
	else
		flow__add(&f, INK_PLAIN, "all calls of malloc seen");
	if (s->budget.estimated || s->budget.dropped)
		flow__add(&f, INK_PLAIN, "brk and mmap are exact");
	flow__end(&f);
}

void cost__print(FILE *out, const struct snapshot *s, const struct style *style)
{
	bool window = style->rates && s->window_ns && s->window_ns < s->duration_ns;
	struct flow f;

	flow__begin(&f, out, style, 0, "cost: ");
	if (window)
		add(&f, &s->window_cost, "");
	add(&f, &s->cost, window ? " since the start" : "");
	flow__end(&f);
	if (s->budget.on)
		print_budget(out, s, style);
}

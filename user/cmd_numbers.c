/*
 * cmd_numbers.c - the numbers of what was collected: the spill, what the kernel says now, a
 * snapshot.
 */
#include "cmd_collector.h"
#include "cmd_resident.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_targets.h"
#include "kernel/probes.h"
#include "kernel/ring.h"
#include "kernel/spill.h"
#include "log.h"

/* False: there is no memory for it. */
static bool keep_end(struct spilled_ends *e, __u32 tgid, const struct spilled_process *p)
{
	if (e->n == e->most) {
		size_t most = e->most ? e->most * 2 : 64;
		struct spilled_end *all = reallocarray(e->all, most, sizeof(*all));

		if (!all)
			return false;
		e->all = all;
		e->most = most;
	}
	e->all[e->n] = (struct spilled_end){.tgid = tgid, .process = *p};
	/* These are told at once. */
	e->all[e->n].process.mm_changed = e->all[e->n].process.calls_missed = 0;
	e->n++;
	return true;
}

/* What it did before its end may still be in the ring: that is told when all this has been read. */
static bool on_spilled_process(__u32 tgid, const struct spilled_process *p, void *arg)
{
	struct collector *c = arg;
	struct spilled_process until = *p;

	if (!p->exited || !keep_end(&c->ends, tgid, p))
		return model__spilled(c->model, tgid, p);
	until.exited = 0;
	model__spilled(c->model, tgid, &until);
	return true;
}

static void tell_ends(struct collector *c)
{
	if (!c->ends.n)
		return;
	collector__catch_up(c);
	for (size_t i = 0; i < c->ends.n; i++)
		model__spilled(c->model, c->ends.all[i].tgid, &c->ends.all[i].process);
	c->ends.n = 0;
}

static void on_spilled_cell(const struct cell_key *key, const struct cell *cell, void *arg)
{
	struct collector *c = arg;
	int err = model__cell(c->model, key, cell);

	if (err)
		c->error = err;
}

/* What they were, if any of the traced ones, nobody knows. */
static void read_skipped(struct collector *c)
{
	__u64 skipped = probes__skipped(c->probes);

	if (skipped != c->skipped)
		model__miss_changes(c->model);
	c->skipped = skipped;
}

static int read_spilled(struct collector *c)
{
	struct spill_visitor v = {on_spilled_process, on_spilled_cell, c};
	__u64 spilled = probes__spilled(c->probes);
	bool same = spilled == c->spill_read;
	int err;

	/*
	 * An event counts as spilled before its cell is written: a number that has
	 * just changed is read once more, and the last reading is always made.
	 */
	if (!spilled || (same && c->spill_settled && !c->stop_ns && !model__spill_due(c->model)))
		return 0;
	c->spill_settled = same;
	c->spill_read = spilled;
	err = spill__read(c->spill, &v);
	if (!err)
		err = c->error;
	if (err)
		log__error("reading the counters of spilled events: %s", strerror(-err));
	return err;
}

int numbers__read_spill(struct collector *c)
{
	int err;

	model__begin_spill(c->model, clock__boot_ns());
	read_skipped(c);
	err = read_spilled(c);
	model__end_spill(c->model, clock__boot_ns());
	tell_ends(c);
	return err ? err : c->error;
}

static void refresh(struct process *p, void *arg)
{
	struct collector *c = arg;

	targets__refresh(c->targets, c->model, p);
}

static void check_space(struct process *p, void *arg)
{
	struct collector *c = arg;

	c->differing += !targets__check(c->targets, p);
}

/* A difference that stays: the next time it begins with what is there then. */
static void recheck_space(struct process *p, void *arg)
{
	struct collector *c = arg;

	if (!targets__check(c->targets, p))
		p->stale = true;
}

/* Are the ledgers right?  Every event from before refresh is in the ring by now. */
static void check_spaces(struct collector *c)
{
	collector__catch_up(c);
	c->differing = 0;
	model__each(c->model, check_space, c);
	if (!c->differing)
		return;
	/* A call that was under way may have ended since the ring was read. */
	collector__catch_up(c);
	model__each(c->model, recheck_space, c);
}

void numbers__read(struct collector *c)
{
	collector__catch_up(c);
	if (numbers__read_spill(c))
		return;
	model__each(c->model, refresh, c);
	if (!c->hooks.resident)
		return;
	/* It takes a while, and what is compared with the kernel's count is to be of the end. */
	resident__read(c);
	collector__catch_up(c);
	model__each(c->model, refresh, c);
}

static void refresh_stale(struct process *p, void *arg)
{
	if (!p->stale && !p->unseen && !p->doubtful)
		return;
	refresh(p, arg);
	p->counted.read_ns = 0; /* what happened since the end was seen by neither */
}

/*
 * How many want each CPU: one that always has something to do gets that part of the time, of
 * which the probes then take as much more.
 */
static double contention(void)
{
	double load = 0, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return getloadavg(&load, 1) == 1 && load > cpus && cpus > 0 ? load / cpus : 1;
}

/* So many that who is slowed down has to wait for its turn as well, for nobody knows how long. */
#define CONTENDED 1.5

int collector__snapshot(struct collector *c, struct snapshot *s)
{
	double each = contention();
	__u64 now;
	int err;

	/* A list of mappings is not to be older than what is still to be applied. */
	collector__catch_up(c);
	now = c->stop_ns ? c->stop_ns : clock__boot_ns();
	err = numbers__read_spill(c);
	if (err)
		return err;
	model__each(c->model, c->stop_ns ? refresh_stale : refresh, c);
	check_spaces(c);
	*s = (struct snapshot){
		.host = c->uname.nodename,
		.kernel = c->uname.release,
		.page_size = sysconf(_SC_PAGESIZE),
		.level = c->options.level,
		.start_ns = c->start_ns,
		.duration_ns = now - c->start_ns,
		.window_ns = now - c->window_ns,
		.received = ring__received(c->ring),
		.spilled = c->spill_read,
		.skipped = c->skipped,
		.lost = probes__lost(c->probes),
	};
	cost__fill(&c->cost, s, now);
	budget__fill(c, s);
	model__hit_cost(c->model, cost__of_call(&c->cost) * each, each >= CONTENDED);
	c->window_ns = now;
	return model__snapshot(c->model, s);
}

/*
 * meter.c - what the probes have cost so far: how often each kind was hit, times what a hit costs.
 */
#include "kernel/meter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "brkscope/event.h"
#include "clock.h"

#include "brkscope.skel.h"

#define ENOUGH_RUNS  300	   /* of each group */
#define MOST_RUNS    2000	   /* on one CPU */
#define SAMPLE_NS    1000000000ull /* for no longer than that */
#define SAMPLE_EVERY 30000000000ull
#define CLOCK_RUNS   200

static const enum run_group group_of[HIT_KINDS] = {
	[HIT_EMULATED] = RUN_ENTRY,
	[HIT_STEPPED] = RUN_ENTRY,
	[HIT_RETURN] = RUN_RETURN,
	[HIT_SYSCALL] = RUN_SYSCALL,
};

struct runs {
	__u64 n, ns;
};

struct meter {
	struct brkscope *skel;
	double trap[HIT_KINDS]; /* < 0: not known */
	double clock_ns;	/* that a run time has in it of the clock itself */
	__u64 hits[HIT_KINDS];	/* before the beginning */
	__u64 agent_ns;		/* likewise */
	bool timing;		/* run times are being taken */
	__u64 timing_ns;	/* since or until when */
	struct runs runs[RUN_GROUPS], before[RUN_GROUPS];
};

static __u64 counted(const struct meter *m, int counter)
{
	__u64 sum = 0;

	for (int cpu = 0; cpu < HIT_CPUS; cpu++)
		sum += __atomic_load_n(&m->skel->bss->hits[cpu][counter], __ATOMIC_RELAXED);
	return sum;
}

/* As far as they have been taken. */
static void read_runs(struct meter *m)
{
	for (int group = 0; group < RUN_GROUPS; group++)
		m->runs[group] = (struct runs){.n = counted(m, RUN_COUNT(group)),
					       .ns = counted(m, RUN_NS(group))};
}

static double mean(const struct runs *r)
{
	return r->n ? (double)r->ns / r->n : -1;
}

/* By a program that does nothing; 0: the kernel does not run it. */
static double clock_cost(struct meter *m)
{
	const struct bpf_program *prog = m->skel->progs.empty_run;

	for (int i = 0; i < CLOCK_RUNS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);

		if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
			return 0;
	}
	read_runs(m);
	return m->runs[RUN_CLOCK].n ? mean(&m->runs[RUN_CLOCK]) : 0;
}

int meter__open(struct meter **out, struct brkscope *skel)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->skel = skel;
	for (int i = 0; i < HIT_KINDS; i++)
		m->trap[i] = -1;
	*out = m;
	return 0;
}

void meter__close(struct meter *m)
{
	if (!m)
		return;
	free(m);
}

void meter__set_traps(struct meter *m, const struct calibration *c, double syscall_ns)
{
	double entry = c->ns[CALIBRATE_EMULATED], both = c->ns[CALIBRATE_RETURN];

	m->trap[HIT_EMULATED] = entry;
	m->trap[HIT_STEPPED] = c->ns[CALIBRATE_STEPPED];
	m->trap[HIT_RETURN] = entry < 0 || both < 0 ? -1 : both > entry ? both - entry : 0;
	m->trap[HIT_SYSCALL] = syscall_ns;
}

static void read_hits(const struct meter *m, __u64 hits[HIT_KINDS])
{
	for (int kind = 0; kind < HIT_KINDS; kind++)
		hits[kind] = counted(m, kind);
}

/* No CPU has timed more runs of it. */
static __u64 most_counted(const struct meter *m, enum run_group group)
{
	__u64 most = 0;

	for (int cpu = 0; cpu < HIT_CPUS; cpu++) {
		__u64 n = __atomic_load_n(&m->skel->bss->hits[cpu][RUN_COUNT(group)],
					  __ATOMIC_RELAXED);

		most = n > most ? n : most;
	}
	return most;
}

/* Told to stop the programs would go on until this is looked at again: so they are told how many.
 */
static void set_timing(struct meter *m, bool on, __u64 now)
{
	m->timing = on;
	m->timing_ns = now;
	for (int group = 0; group < RUN_GROUPS; group++)
		__atomic_store_n(&m->skel->bss->runs_most[group],
				 on ? most_counted(m, group) + MOST_RUNS : 0, __ATOMIC_RELAXED);
}

static void start_taking(struct meter *m, __u64 now)
{
	read_runs(m);
	for (int i = 0; i < RUN_GROUPS; i++)
		m->before[i] = m->runs[i];
	set_timing(m, true, now);
	if (!m->clock_ns)
		m->clock_ns = clock_cost(m);
}

void meter__begin(struct meter *m, __u64 now_ns)
{
	start_taking(m, now_ns);
	read_hits(m, m->hits);
	m->agent_ns = clock__cpu_ns();
}

/* Of every kind that is hit, or does one still lack? */
static bool enough(const struct meter *m, __u64 least)
{
	__u64 hits[HIT_KINDS];

	read_hits(m, hits);
	for (int kind = 0; kind < HIT_KINDS; kind++)
		if (hits[kind] > m->hits[kind] &&
		    m->runs[group_of[kind]].n - m->before[group_of[kind]].n < least)
			return false;
	return true;
}

static bool lacks(struct meter *m)
{
	__u64 hits[HIT_KINDS];

	read_hits(m, hits);
	for (int kind = 0; kind < HIT_KINDS; kind++)
		if (hits[kind] > m->hits[kind] && !m->runs[group_of[kind]].n)
			return true;
	return false;
}

void meter__sample(struct meter *m, __u64 now_ns)
{
	__u64 since = now_ns - m->timing_ns;

	if (!m->timing) {
		if (since >= SAMPLE_EVERY || (since >= SAMPLE_NS && lacks(m)))
			start_taking(m, now_ns);
		return;
	}
	read_runs(m);
	/* What has not been hit yet, if anything has, is waited for a moment. */
	if (since >= SAMPLE_NS ||
	    (m->runs[RUN_ENTRY].n - m->before[RUN_ENTRY].n && enough(m, ENOUGH_RUNS)))
		set_timing(m, false, now_ns);
}

void meter__read(struct meter *m, struct meter_reading *r)
{
	__u64 taken = 0;

	read_runs(m);
	read_hits(m, r->hits);
	for (int kind = 0; kind < HIT_KINDS; kind++) {
		double run = mean(&m->runs[group_of[kind]]), own = run - m->clock_ns;

		r->hits[kind] -= m->hits[kind];
		if (kind == HIT_SYSCALL)
			own *= 2; /* of two programs */
		r->ns[kind] = run < 0 || m->trap[kind] < 0 ? -1
			      : own > 0			   ? m->trap[kind] + own
							   : m->trap[kind];
	}
	for (int i = 0; i < RUN_CLOCK; i++)
		taken += m->runs[i].n;
	r->sampling_ns = 2 * m->clock_ns * taken;
	r->agent_ns = clock__cpu_ns() - m->agent_ns;
}

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

#include "brkscope.skel.h"
#include "kernel/runs.h"

#define ENOUGH_RUNS  300
#define SAMPLE_NS    1000000000ull /* for no longer than that */
#define SAMPLE_EVERY 30000000000ull
#define CLOCK_RUNS   200

/* Programs whose runs are as long as each other's, more or less. */
enum group { ENTRIES, RETURNS, SYSCALLS, GROUPS };

static const enum group group_of[HIT_KINDS] = {
	[HIT_EMULATED] = ENTRIES,
	[HIT_STEPPED] = ENTRIES,
	[HIT_RETURN] = RETURNS,
	[HIT_SYSCALL] = SYSCALLS,
};

struct meter {
	struct brkscope *skel;
	double trap[HIT_KINDS]; /* < 0: not known */
	double clock_ns;	/* that a run time has in it of the clock itself */
	__u64 hits[HIT_KINDS];	/* before the beginning */
	double agent_ns;	/* likewise */
	int stats_fd;		/* -1: run times are not being taken */
	__u64 stats_ns;		/* since or until when */
	struct runs runs[GROUPS], before[GROUPS];
};

static void add_runs(struct runs *r, const struct bpf_program *prog, enum runs_of of)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_program__fd(prog) < 0 ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		return;
	runs__add(r, of, info.run_cnt, info.run_time_ns);
}

static __u64 counted(const struct meter *m, int counter)
{
	__u64 sum = 0;

	for (int cpu = 0; cpu < HIT_CPUS; cpu++)
		sum += __atomic_load_n(&m->skel->bss->hits[cpu][counter], __ATOMIC_RELAXED);
	return sum;
}

/* As far as they were ever taken, by whomever. */
static void read_runs(struct meter *m)
{
	const typeof(m->skel->progs) *g = &m->skel->progs;
	const struct bpf_program *const entries[] = {g->malloc_enter, g->malloc_session,
						     g->usdt_hit, g->free_enter};
	const struct bpf_program *const syscalls[] = {g->syscall_enter, g->syscall_enter_old,
						      g->syscall_exit, g->syscall_exit_old};
	bool session = bpf_program__fd(g->malloc_session) >= 0;

	for (int i = 0; i < GROUPS; i++)
		m->runs[i] = (struct runs){};
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		add_runs(&m->runs[ENTRIES], entries[i], RUNS_ARE_HITS);
	/* One program for both: what it takes on the average. */
	if (session)
		add_runs(&m->runs[RETURNS], g->malloc_session, RUNS_TIMED_ELSEWHERE);
	else
		add_runs(&m->runs[RETURNS], g->malloc_return, RUNS_ARE_HITS);
	/* They run for every system call there is: how long for those that count they say. */
	for (size_t i = 0; i < sizeof(syscalls) / sizeof(*syscalls); i++)
		add_runs(&m->runs[SYSCALLS], syscalls[i], RUNS_OF_OTHERS);
	m->runs[SYSCALLS].n = counted(m, HIT_SYSCALL_TIMED);
	m->runs[SYSCALLS].ns = counted(m, HIT_SYSCALL_NS);
	m->runs[SYSCALLS].timed += 2 * m->runs[SYSCALLS].n;
}

/* By a program that does nothing. */
static double clock_cost(struct meter *m)
{
	const struct bpf_program *prog = m->skel->progs.empty_run;
	struct runs r = {};

	for (int i = 0; i < CLOCK_RUNS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);

		if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
			return 0;
	}
	add_runs(&r, prog, RUNS_ARE_HITS);
	return r.n ? (double)r.ns / r.n : 0;
}

int meter__open(struct meter **out, struct brkscope *skel)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->skel = skel;
	m->stats_fd = -1;
	for (int i = 0; i < HIT_KINDS; i++)
		m->trap[i] = -1;
	*out = m;
	return 0;
}

void meter__close(struct meter *m)
{
	if (!m)
		return;
	if (m->stats_fd >= 0)
		close(m->stats_fd);
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

static double agent_ns(void)
{
	struct timespec t;

	/* Not getrusage: where the kernel counts by ticks that is wrong by as much. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void start_taking(struct meter *m, __u64 now)
{
	/* Without them (Linux before 5.8, no right to) the programs' part stays unknown. */
	m->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	__atomic_store_n(&m->skel->bss->timing, m->stats_fd >= 0, __ATOMIC_RELAXED);
	m->stats_ns = now;
	read_runs(m);
	for (int i = 0; i < GROUPS; i++)
		m->before[i] = m->runs[i];
	if (m->stats_fd >= 0 && !m->clock_ns)
		m->clock_ns = clock_cost(m);
}

static void stop_taking(struct meter *m, __u64 now)
{
	__atomic_store_n(&m->skel->bss->timing, false, __ATOMIC_RELAXED);
	close(m->stats_fd);
	m->stats_fd = -1;
	m->stats_ns = now;
}

void meter__begin(struct meter *m, __u64 now_ns)
{
	start_taking(m, now_ns);
	read_hits(m, m->hits);
	m->agent_ns = agent_ns();
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
	__u64 since = now_ns - m->stats_ns;

	if (m->stats_fd < 0) {
		if (since >= SAMPLE_EVERY || (since >= SAMPLE_NS && lacks(m)))
			start_taking(m, now_ns);
		return;
	}
	read_runs(m);
	/* What has not been hit yet, if anything has, is waited for a moment. */
	if (since >= SAMPLE_NS ||
	    (m->runs[ENTRIES].n - m->before[ENTRIES].n && enough(m, ENOUGH_RUNS)))
		stop_taking(m, now_ns);
}

void meter__read(struct meter *m, struct meter_reading *r)
{
	__u64 taken = 0;

	read_runs(m);
	read_hits(m, r->hits);
	for (int kind = 0; kind < HIT_KINDS; kind++) {
		const struct runs *runs = &m->runs[group_of[kind]];
		double run = runs->n ? (double)runs->ns / runs->n : -1;
		/* A system call's is of two programs. */
		double clock = kind == HIT_SYSCALL ? 2 * m->clock_ns : m->clock_ns;

		r->hits[kind] -= m->hits[kind];
		r->ns[kind] = run < 0 || m->trap[kind] < 0 ? -1
			      : run > clock		   ? m->trap[kind] + run - clock
							   : m->trap[kind];
	}
	for (int i = 0; i < GROUPS; i++)
		taken += m->runs[i].timed;
	r->sampling_ns = 2 * m->clock_ns * taken;
	r->agent_ns = agent_ns() - m->agent_ns;
}

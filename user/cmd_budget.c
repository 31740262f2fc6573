/*
 * cmd_budget.c - keeps what is collected under a budget: malloc is probed in bursts.
 *
 * A burst's probes are attached shortly before it and detached after it; when it begins and
 * ends the programs themselves tell by the clock.  So the agent may be late, as far as it is
 * not later than the burst: then that is postponed, whatever happens in it.
 */
#include "cmd_budget.h"

#include "cmd_collector.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "kernel/probes.h"
#include "log.h"

#define NS_PER_S      1000000000ull
#define FIRST_NS      20000000ull /* all is seen for so long at least */
#define LEAD_LEAST_NS 10000000ull
#define SOON_NS	      2000000ull   /* what is decided now holds from then on */
#define SETTLE_NS     60000000ull  /* after detaching: then nothing is hit any more */
#define LOOK_NS	      100000000ull /* at the costs, while malloc is probed all the time */
#define IDLE_LEAST_NS 1000000000ull
#define RING	      (sizeof(((struct budget *)0)->bursts) / sizeof(((struct budget *)0)->bursts[0]))

static __u64 random_seed(void)
{
	__u64 seed;

	/* Nobody is to know when the next burst is. */
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = clock__boot_ns();
	return seed;
}

/* ---- bursts ---- */

/* To the model at once, to the programs when its slot is free. */
static void add_burst(struct collector *c, const struct burst *b)
{
	struct budget *g = &c->budget;
	typeof(g->bursts[0]) *at = &g->bursts[g->n++ % RING];

	*at = (typeof(*at)){.b = *b};
}

/* Who ends later begins later; the next one begins at now_ns at the earliest. */
static void end_before_next(struct budget *g, __u32 number, __u64 now_ns)
{
	struct burst *b = &g->bursts[number % RING].b, next;

	if (number + 1 == g->n)
		return;
	next = g->bursts[(number + 1) % RING].b;
	burst__postpone(&next, now_ns);
	if (b->to_ns > next.to_ns)
		b->to_ns = next.to_ns;
}

static void tell(struct collector *c, __u32 number, __u64 now)
{
	typeof(c->budget.bursts[0]) *at = &c->budget.bursts[number % RING];

	if (number)
		burst__postpone(&at->b, now);
	end_before_next(&c->budget, number, now);
	at->set = true;
	model__burst(c->model, at->b.from_ns, at->b.to_ns, at->b.times);
	probes__set_burst(c->probes, number & 1, at->b.from_ns, at->b.to_ns);
}

static void end_open(struct collector *c, __u32 number, __u64 to)
{
	typeof(c->budget.bursts[0]) *at = &c->budget.bursts[number % RING];

	burst__end(&at->b, to);
	end_before_next(&c->budget, number, 0);
	if (!at->set)
		return;
	model__burst_ends(c->model, at->b.to_ns);
	probes__set_burst(c->probes, number & 1, at->b.from_ns, at->b.to_ns);
}

/* Those that have ended: their events are in the ring, or in the spill, by now. */
static void close_bursts(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;

	for (; g->oldest < g->n; g->oldest++) {
		typeof(g->bursts[0]) *at = &g->bursts[g->oldest % RING];

		/* A program that began before the end may still be under way. */
		if (!at->set || at->b.to_ns == BURST_OPEN || now < at->b.to_ns + SOON_NS)
			return;
		collector__catch_up(c);
		numbers__read_spill(c);
		at->over = true;
		model__burst_over(c->model, g->oldest);
	}
}

/* ---- probes ---- */

static void attach(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	__u64 before = clock__cpu_ns();
	__u64 took;

	if (g->attached_since)
		return;
	if (g->idle.since && now > g->idle.since && g->idle.cost_then >= 0) {
		g->idle.ns += now - g->idle.since;
		g->idle.cost += cost__total(&c->cost) - g->idle.cost_then;
	}
	g->idle.since = 0;
	if (probes__resume(c->probes))
		log__debug("some allocators could not be probed again");
	g->attached_since = g->attached_ns = clock__boot_ns();
	g->probes_then = cost__probes(&c->cost);
	g->attach_ns = clock__cpu_ns() - before;
	took = 2 * (g->attached_since - now) + LEAD_LEAST_NS;
	g->lead_ns = took > g->lead_ns ? took : g->lead_ns - (g->lead_ns - took) / 8;
}

/* What probing costs, as long as it is done. */
static double load_since(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	double probes = cost__probes(&c->cost), load = -1;

	if (g->attached_since && now > g->attached_since + SOON_NS)
		load = (probes - g->probes_then) / (double)(now - g->attached_since);
	if (load >= 0 && g->attached_since) {
		g->attached_since = now;
		g->probes_then = probes;
	}
	return load;
}

/* Of a burst, beside what happens in it: hits before and after it, and the agent's own. */
static double overhead(const struct budget *g, __u64 now, double load)
{
	__u64 idle = g->governor.burst_ns;

	idle = g->attached_ns && now - g->attached_ns > idle ? now - g->attached_ns - idle : 0;
	/* Some follow each other closely. */
	if (idle > 2 * g->lead_ns)
		idle = 2 * g->lead_ns;
	/* Detaching takes as much as attaching, or less. */
	return 2 * g->attach_ns + load * (double)idle + g->detach_cost;
}

static void detach(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	double load = load_since(c, now), base = -1;

	if (load >= 0)
		/* Reading what comes costs as well. */
		load *= 1.1;
	if (load >= 0 && load < g->governor.load)
		load = g->governor.load * .7 + load * .3;
	if (g->idle.ns >= IDLE_LEAST_NS)
		base = g->idle.cost / (double)g->idle.ns;
	governor__learn(&g->governor, load, -1, base);
	governor__learn(&g->governor, -1, overhead(g, now, g->governor.load), -1);
	probes__pause(c->probes);
	g->attached_since = 0;
	g->idle.since = now + SETTLE_NS;
	g->idle.cost_then = -1;
}

/* Idle: all that a burst has cost is over. */
static void watch_idle(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;

	if (!g->idle.since || now < g->idle.since)
		return;
	if (g->idle.cost_then < 0) {
		g->detach_cost = cost__probes(&c->cost) - g->probes_then;
		g->idle.since = now;
		g->idle.cost_then = cost__total(&c->cost);
	} else if (now - g->idle.since >= IDLE_LEAST_NS) {
		double total = cost__total(&c->cost);

		g->idle.ns += now - g->idle.since;
		g->idle.cost += total - g->idle.cost_then;
		g->idle.since = now;
		g->idle.cost_then = total;
		governor__learn(&g->governor, -1, -1, g->idle.cost / (double)g->idle.ns);
	}
}

/* ---- plans ---- */

static void drop(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;

	g->dropped = true;
	g->dropped_ns = now;
	model__drop_malloc(c->model);
	log__note(
		"--budget: brk and mmap alone cost %.2f%% of a CPU; malloc is not probed any more",
		100 * g->governor.base);
	if (probes__attached(c->probes))
		probes__pause(c->probes);
	g->attached_since = 0;
}

static void take(struct collector *c, const struct plan *plan, __u64 now)
{
	struct budget *g = &c->budget;
	__u32 open = g->n - 1;

	for (size_t i = 0; i < plan->n; i++)
		add_burst(c, &plan->bursts[i]);
	if (plan->end_ns)
		end_open(c, open, plan->end_ns);
	if (plan->n)
		model__window(c->model, g->governor.window_ns, g->governor.next_ns,
			      g->governor.times);
	if (plan->drop)
		drop(c, now);
}

static void end_first(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	double load = load_since(c, now);
	struct plan plan;

	governor__learn(&g->governor, load > 0 ? load * 1.1 : 0, 2 * g->attach_ns, -1);
	g->begun = true;
	now += SOON_NS;
	plan = governor__begin(&g->governor, now, cost__total(&c->cost));
	model__burst_length(c->model, g->governor.burst_ns);
	take(c, &plan, now);
}

static void plan_next(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	struct plan plan;

	if (g->governor.always) {
		double load = load_since(c, now);

		governor__learn(&g->governor, load < 0 ? -1 : load * 1.1, -1, -1);
		now += SOON_NS;
	}
	plan = governor__next(&g->governor, now, cost__total(&c->cost));
	take(c, &plan, now);
}

/* When it is time to think of the window after this one. */
static __u64 plan_at(const struct budget *g)
{
	__u64 lead = g->lead_ns + SOON_NS;

	if (g->governor.always)
		return g->governor.next_ns + LOOK_NS;
	return g->governor.next_ns > lead ? g->governor.next_ns - lead : 0;
}

/* The next burst that the programs do not know of; NULL. */
static typeof(((struct budget *)0)->bursts[0]) *untold(struct budget *g, __u32 *number)
{
	for (__u32 i = g->oldest; i < g->n; i++)
		if (!g->bursts[i % RING].set) {
			*number = i;
			return &g->bursts[i % RING];
		}
	return NULL;
}

/* Is one under way, or about to be? */
static bool needed(const struct budget *g, __u64 now, __u64 *next)
{
	bool is = false;

	for (__u32 i = g->oldest; i < g->n; i++) {
		const struct burst *b = &g->bursts[i % RING].b;
		__u64 from = b->from_ns > g->lead_ns ? b->from_ns - g->lead_ns : 0;

		if (now < b->to_ns && now >= from)
			is = true;
		/* It would have to be attached again at once. */
		if (now < from && from - now < SETTLE_NS && g->attached_since)
			is = true;
		if (now < from && from < *next)
			*next = from;
		if (now < b->to_ns && b->to_ns < *next)
			*next = b->to_ns;
		if (now >= b->to_ns && now < b->to_ns + SOON_NS && b->to_ns + SOON_NS < *next)
			*next = b->to_ns + SOON_NS;
	}
	return is;
}

static void tell_next(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	__u32 number;
	typeof(g->bursts[0]) *b;

	while ((b = untold(g, &number))) {
		/* Its slot is the one of the burst before the last. */
		if (number >= 2 && number - 2 >= g->oldest)
			return;
		if (!g->attached_since || b->b.from_ns > now + g->lead_ns + SETTLE_NS)
			return;
		tell(c, number, clock__boot_ns());
	}
}

static __u64 sooner(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

__u64 budget__step(struct collector *c, __u64 now)
{
	struct budget *g = &c->budget;
	__u64 next = ~0ull;
	bool need;

	if (!g->on)
		return ~0ull;
	/* An allocator that has just appeared is probed like any other. */
	if (g->dropped && probes__attached(c->probes))
		probes__pause(c->probes);
	if (g->dropped)
		return ~0ull;
	if (!g->begun && now < g->first_ns)
		return g->first_ns;
	if (!g->begun)
		end_first(c, now);
	/* After a standstill of the agent, not all at a time. */
	while (!g->dropped && now >= plan_at(g) && g->n - g->oldest < RING - 2)
		plan_next(c, now);
	if (g->dropped)
		return ~0ull;
	close_bursts(c, now);
	need = needed(g, now, &next);
	if (need)
		attach(c, now);
	else if (g->attached_since || probes__attached(c->probes))
		detach(c, now);
	watch_idle(c, now);
	if (governor__is_hopeless(&g->governor) && !g->governor.always) {
		drop(c, now);
		return ~0ull;
	}
	tell_next(c, now);
	return sooner(next, plan_at(g));
}

/* ---- beginning and end ---- */

void budget__prepare(struct collector *c)
{
	struct budget *g = &c->budget;
	const struct options *o = &c->options;
	__u64 end = o->seconds > 0 ? c->start_ns + (__u64)(o->seconds * 1e9) : 0;
	struct burst all = {.from_ns = c->start_ns, .to_ns = BURST_OPEN, .times = 1};

	g->on = o->budget > 0 && o->level >= LEVEL_SIZES;
	if (!g->on)
		return;
	governor__init(&g->governor, o->budget / 100, random_seed(), c->start_ns, end);
	g->attach_ns = c->attach_cpu_ns;
	g->lead_ns = LEAD_LEAST_NS + 2 * c->attach_ns;
	g->attached_since = c->start_ns;
	g->first_ns = BURST_OPEN;
	add_burst(c, &all);
	tell(c, 0, c->start_ns);
}

void budget__begin(struct collector *c)
{
	struct budget *g = &c->budget;

	if (!g->on)
		return;
	g->attached_since = clock__boot_ns();
	g->probes_then = cost__probes(&c->cost);
	g->first_ns = g->attached_since + FIRST_NS;
	if (c->command)
		return;
	clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME,
			&(struct timespec){.tv_sec = g->first_ns / NS_PER_S,
					   .tv_nsec = g->first_ns % NS_PER_S},
			NULL);
	budget__step(c, clock__boot_ns());
	/* Its end is a moment ahead, and detaching may begin there. */
	clock_nanosleep(CLOCK_BOOTTIME, 0, &(struct timespec){.tv_nsec = SOON_NS + SOON_NS / 2},
			NULL);
	budget__step(c, clock__boot_ns());
}

void budget__end(struct collector *c)
{
	struct budget *g = &c->budget;

	if (!g->on)
		return;
	for (; g->oldest < g->n && g->bursts[g->oldest % RING].set; g->oldest++) {
		/* Of one that was cut off nothing can be told but what was seen. */
		if (g->bursts[g->oldest % RING].b.to_ns > c->stop_ns)
			return;
		model__burst_over(c->model, g->oldest);
	}
}

void budget__fill(struct collector *c, struct snapshot *s)
{
	const struct budget *g = &c->budget;

	s->budget = (typeof(s->budget)){
		.on = g->on,
		.of = c->options.budget / 100,
		.estimated = model__estimates(c->model, s->start_ns + s->duration_ns),
		.dropped = g->dropped,
		.dropped_ns = g->dropped_ns,
		.base = g->governor.base,
		.bursts = g->n ? g->n - 1 : 0,
		.burst_ns = g->governor.burst_ns,
	};
	if (g->dropped)
		s->level = LEVEL_SYSCALLS;
}

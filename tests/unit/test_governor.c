/*
 * test_governor.c - the estimates from bursts are right on the average, say how far off they may
 * be, and keep to the budget: by simulation, over many seeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "governor.h"
#include "model/sampled.h"

#define MS    1000000ull
#define S     1000000000ull
#define SEEDS 3000

static double square(double x)
{
	return x * x;
}

static double root(double x)
{
	double r = x > 1 ? x : 1;

	for (int i = 0; i < 200; i++)
		r = (r + x / r) / 2;
	return r;
}

/* ---- loads: how many calls there have been by a time ---- */

static double constant(__u64 t)
{
	return t / 1000; /* a million a second */
}

/* 10 ms of every 37 ms. */
static double periodic(__u64 t)
{
	__u64 in = t % (37 * MS);

	return t / (37 * MS) * 10000 + (in < 10 * MS ? in : 10 * MS) / 1000;
}

/* As long as a burst, or so: what a period of its own could hide from. */
static double resonant(__u64 t)
{
	__u64 in = t % (100 * MS);

	return t / (100 * MS) * 20000 + (in < 20 * MS ? in : 20 * MS) / 1000;
}

static double ramping(__u64 t)
{
	return square(t / 1e9) * 60000;
}

/* Heavy for two of every five seconds, and for a while nothing. */
static double bursty(__u64 t)
{
	__u64 in = t % (5 * S);

	in = in < 700 * MS ? 0 : in - 700 * MS;
	return t / (5 * S) * 2000000 + (in < 2 * S ? in : 2 * S) / 1000;
}

/* A process of 150 ms. */
static double short_lived(__u64 t)
{
	return t < 3300 * MS ? 0 : t > 3450 * MS ? 150000 : (t - 3300 * MS) / 1000;
}

/* Next to nothing, once every 700 ms. */
static double rare(__u64 t)
{
	return (t + 400 * MS) / (700 * MS);
}

static double light(__u64 t)
{
	return t / 50000; /* 20 a millisecond: 1.8% of a CPU */
}

/* ---- a run ---- */

struct run {
	double (*load)(__u64 t);
	double budget, base, overhead, hit;
	__u64 first, end, lead;
	bool end_known;
};

static const struct run usual = {
	.budget = 0.05,
	.base = 0.001,
	.overhead = 3e6,
	.hit = 900,
	.first = 20 * MS,
	.end = 12 * S,
	.lead = 40 * MS,
};

#define BURSTS 4096

struct outcome {
	double total, seen, cost, worst; /* worst: cost above the budget, at any window's end */
	struct estimates e;
	bool exact, dropped;
};

struct state {
	const struct run *r;
	struct governor g;
	struct burst bursts[BURSTS];
	size_t n;
	bool joined[BURSTS]; /* without a gap: nothing was attached for it */
};

static __u64 earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static double calls_in(const struct run *r, const struct burst *b, __u64 now)
{
	__u64 to = earlier(earlier(b->to_ns, now), r->end);

	return to > b->from_ns ? r->load(to) - r->load(b->from_ns) : 0;
}

/* Two bursts at a time cost as one. */
static double spent(const struct state *s, __u64 now)
{
	const struct run *r = s->r;
	double cost = r->base * now;
	__u64 until = 0;

	for (size_t i = 0; i < s->n && s->bursts[i].from_ns < now; i++) {
		struct burst b = s->bursts[i];

		if (b.from_ns < until)
			b.from_ns = earlier(until, b.to_ns);
		until = s->bursts[i].to_ns;
		cost += r->hit * calls_in(r, &b, now) + (s->joined[i] ? 0 : r->overhead);
	}
	return cost;
}

static void take(struct state *s, const struct plan *plan)
{
	if (plan->end_ns) {
		assert_true(s->n > 0 && s->bursts[s->n - 1].to_ns == BURST_OPEN);
		s->bursts[s->n - 1].to_ns = plan->end_ns;
	}
	for (size_t i = 0; i < plan->n; i++) {
		assert_true(s->n < BURSTS);
		assert_true(plan->bursts[i].times >= 1);
		assert_true(plan->bursts[i].to_ns > plan->bursts[i].from_ns);
		if (s->n)
			assert_true(plan->bursts[i].from_ns >= s->bursts[s->n - 1].from_ns);
		if (s->n >= 2)
			/* The programs know of two. */
			assert_true(plan->bursts[i].from_ns >= s->bursts[s->n - 2].to_ns);
		s->joined[s->n] = plan->bursts[i].from_ns <= s->r->first ||
				  (s->n && s->bursts[s->n - 1].to_ns >= plan->bursts[i].from_ns);
		s->bursts[s->n++] = plan->bursts[i];
	}
}

static struct outcome finish(struct state *s)
{
	const struct run *r = s->r;
	struct outcome o = {.exact = true};
	struct sampled sampled = {};
	double cut = 0, calls;
	struct totals t;

	for (size_t i = 0; i < s->n; i++) {
		const struct burst *b = &s->bursts[i];

		calls = calls_in(r, b, r->end);
		o.total += b->times * calls;
		o.seen += calls;
		o.exact &= b->times == 1;
		if (b->times > 1 && b->to_ns <= r->end)
			sampled__window(&sampled, b->times, calls, calls * 100);
	}
	if (s->g.times > 1 && s->g.next_ns > r->end)
		cut = (double)(r->end - s->g.window_ns) / (s->g.next_ns - s->g.window_ns);
	t = (struct totals){o.total, o.total * 100, o.seen, o.seen * 100};
	o.e = sampled__intervals(&sampled, &t, s->g.times, cut);
	o.cost = spent(s, r->end);
	return o;
}

static struct outcome simulate(const struct run *r, __u64 seed)
{
	static struct state s;
	__u64 now = r->first;
	struct plan plan;
	double over, worst = 0;
	struct outcome o;

	memset(&s, 0, sizeof(s));
	s.r = r;
	/* The first stretch: without a gap, whatever follows it. */
	s.bursts[s.n] = (struct burst){.to_ns = BURST_OPEN, .times = 1};
	s.joined[s.n++] = true;
	governor__init(&s.g, r->budget, seed, 0, r->end_known ? r->end : 0);
	governor__learn(&s.g, r->hit * r->load(r->first) / r->first, r->overhead, -1);
	plan = governor__begin(&s.g, now, spent(&s, now));
	take(&s, &plan);
	while (s.g.next_ns < r->end) {
		__u64 when = s.g.always ? s.g.next_ns + 60 * MS : s.g.next_ns - r->lead,
		      before = now;
		double load;

		if (when > now)
			now = when;
		load = s.n && now - before > 0
			       ? r->hit * (r->load(now) - r->load(before)) / (now - before)
			       : 0;
		governor__learn(&s.g,
				s.g.always || load > s.g.load ? load : s.g.load * .7 + load * .3,
				r->overhead, r->base);
		over = spent(&s, now) - r->budget * now;
		worst = over > worst ? over : worst;
		plan = governor__next(&s.g, now, spent(&s, now));
		take(&s, &plan);
		if (plan.drop)
			break;
	}
	o = finish(&s);
	o.worst = worst;
	o.dropped = plan.drop;
	return o;
}

static void assert_unbiased(const char *name, struct run r)
{
	double truth = r.load(r.end), sum = 0, squares = 0, mean, error;
	int known = 0, held = 0, exact = 0;

	for (int seed = 1; seed <= SEEDS; seed++) {
		struct outcome o = simulate(&r, seed * 7919ull);

		sum += o.total;
		squares += square(o.total);
		exact += o.exact && o.total == truth;
		known += o.e.calls.known;
		held += o.e.calls.known && o.e.calls.low <= truth && truth <= o.e.calls.high;
	}
	mean = sum / SEEDS;
	/* Of the mean, squared. */
	error = (squares / SEEDS - square(mean)) / SEEDS;
	print_message(
		"%-26s mean %.0f of %.0f, error/SE %+.2f, sd %.1f%%, exact %d, interval known %d, "
		"held %.1f%%\n",
		name, mean, truth, error > 0 ? (mean - truth) / root(error) : 0,
		100 * root(error * SEEDS) / truth, exact, known,
		known ? 100.0 * held / known : 100.0);
	assert_true(square(mean - truth) <= 16 * error + 1e-12 * square(truth));
	/*
	 * It is to be 95%.  Of a load whose own bursts are rarer than ours most samples miss the
	 * half of it, and then know too little of how much it varies.
	 */
	if (known > SEEDS / 2)
		assert_true(held >= (r.load == resonant ? .80 : .90) * known);
}

static void estimates_are_unbiased(void **state)
{
	static const struct {
		const char *name;
		double (*load)(__u64 t);
	} loads[] = {{"constant", constant}, {"periodic", periodic}, {"resonant", resonant},
		     {"ramping", ramping},   {"bursty", bursty},     {"short-lived", short_lived},
		     {"rare", rare},	     {"light", light}};
	static const double budgets[] = {0.01, 0.05, 0.3};

	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		for (int b = 0; b < 3; b++)
			for (int known = 0; known < 2; known++) {
				struct run r = usual;
				char name[64];

				r.load = loads[i].load;
				r.budget = budgets[b];
				r.end_known = known;
				snprintf(name, sizeof(name), "%s, %.0f%%%s", loads[i].name,
					 100 * budgets[b], known ? ", end known" : "");
				assert_unbiased(name, r);
			}
}

/* What probing takes at the worst time, of a CPU. */
static double heaviest(const struct run *r)
{
	double most = 0, calls;

	for (__u64 t = 0; t < r->end; t += MS) {
		calls = r->load(t + MS) - r->load(t);
		most = calls > most ? calls : most;
	}
	return most * r->hit / MS;
}

/* By the end, but for what one burst may cost more than it was thought to. */
static void the_budget_is_kept(void **state)
{
	static double (*const loads[])(__u64 t) = {constant, periodic, resonant, ramping,
						   bursty,   light,    rare,	 short_lived};
	static const double budgets[] = {0.01, 0.05, 0.3};

	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		for (int b = 0; b < 3; b++) {
			struct run r = usual;
			double most;

			r.load = loads[i];
			r.budget = budgets[b];
			r.end = 20 * S;
			/* A burst is 60 ms at most here, and a look at the costs 100 ms away. */
			most = r.budget * r.end + heaviest(&r) * 200 * MS + r.overhead;
			for (int seed = 1; seed <= 200; seed++)
				assert_true(simulate(&r, seed * 15485863ull).cost <= most);
		}
}

/* And it is used: what fits is seen whole, and of what does not as much as may be. */
static void the_budget_is_used(void **state)
{
	struct run r = usual;
	double used = 0;

	r.load = light;
	assert_true(simulate(&r, 1).exact);
	r.load = constant;
	r.end = 60 * S;
	for (int seed = 1; seed <= 100; seed++)
		used += simulate(&r, seed * 7919ull).cost / (r.budget * r.end) / 100;
	print_message("of the budget %.0f%% used\n", used * 100);
	assert_true(used > .8);
}

static void what_cannot_be_kept_is_given_up(void **state)
{
	struct run r = usual;
	struct outcome o;

	r.load = constant;
	r.base = .051;
	o = simulate(&r, 3);
	assert_true(o.dropped);
	r.base = .02;
	assert_false(simulate(&r, 3).dropped);
}

/* What follows the first stretch is told when it has begun: all is seen if it is the same burst. */
static void no_gap_where_all_may_be_seen(void **state)
{
	struct governor g;
	struct plan plan;

	governor__init(&g, 0.05, 1, 0, 0);
	governor__learn(&g, 0.01, 3e6, 0.001);
	plan = governor__begin(&g, 20 * MS, 0);
	assert_true(g.always);
	assert_int_equal(plan.end_ns, 0);
	assert_int_equal(plan.n, 0);
	governor__init(&g, 0.05, 1, 0, 0);
	governor__learn(&g, 0.9, 3e6, 0.001);
	plan = governor__begin(&g, 20 * MS, 18 * MS);
	assert_false(g.always);
	assert_int_equal(plan.end_ns, 20 * MS);
}

static void a_late_burst_is_as_long(void **state)
{
	struct burst closed = {.from_ns = 1000, .to_ns = 1020, .times = 7},
		     open = {.from_ns = 1000, .to_ns = BURST_OPEN, .times = 1};

	burst__postpone(&closed, 990);
	assert_int_equal(closed.from_ns, 1000);
	burst__postpone(&closed, 1005);
	assert_int_equal(closed.from_ns, 1005);
	assert_int_equal(closed.to_ns, 1025);
	burst__postpone(&open, 1005);
	assert_int_equal(open.from_ns, 1005);
	assert_true(open.to_ns == BURST_OPEN);
	burst__end(&open, 3000);
	assert_int_equal(open.to_ns, 3005);
}

static void intervals(void **state)
{
	struct sampled s = {};
	struct totals t = {.calls = 1000, .bytes = 5000, .seen_calls = 40, .seen_bytes = 200};
	struct estimates e;
	struct interval i;

	sampled__window(&s, 10, 10, 50);
	sampled__window(&s, 10, 10, 50);
	assert_false(sampled__intervals(&s, &t, 0, 0).calls.known);
	sampled__window(&s, 10, 10, 50);
	e = sampled__intervals(&s, &t, 0, 0);
	/* As steady as could be; but who was called less often than m would not be seen. */
	assert_true(e.calls.known && e.bytes.known);
	assert_int_equal(e.calls.low, 1000);
	assert_int_equal(e.calls.high, 1027);
	/* What was seen there was. */
	sampled__window(&s, 10, 1000, 50);
	t.seen_calls = 990;
	e = sampled__intervals(&s, &t, 0, 0);
	assert_int_equal(e.calls.low, 990);
	assert_true(e.calls.high > 10000);
	/* The probes took half of the time, or as good as all. */
	i = (struct interval){.known = true, .low = 900, .high = 1000};
	sampled__slow(&i, 0.5 / 1.15);
	assert_false(i.open);
	assert_int_equal(i.low, 900);
	assert_int_equal(i.high, 2000);
	sampled__slow(&i, 0.9);
	assert_true(i.open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(estimates_are_unbiased),
		cmocka_unit_test(the_budget_is_kept),
		cmocka_unit_test(the_budget_is_used),
		cmocka_unit_test(what_cannot_be_kept_is_given_up),
		cmocka_unit_test(no_gap_where_all_may_be_seen),
		cmocka_unit_test(a_late_burst_is_as_long),
		cmocka_unit_test(intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

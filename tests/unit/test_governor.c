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

/* Every so long heavy for a part of it, at a rate a millisecond; else light, and so at first. */
static double alternating(__u64 t, __u64 period, __u64 on, __u64 heavy, __u64 low)
{
	__u64 quiet = period - on, first = quiet * 2 / 5, in = (t + quiet - first) % period;
	__u64 before = (t + quiet - first) / period * on;
	double heavy_ns = before + (in > quiet ? in - quiet : 0);

	return (heavy_ns * heavy + (t - heavy_ns) * low) / MS;
}

static double tenth_of_each_second(__u64 t)
{
	return alternating(t, S, 100 * MS, 2000, 20);
}

static double tenth_of_each_second_mild(__u64 t)
{
	return alternating(t, S, 100 * MS, 600, 6);
}

/* As heavy, and so that not even the light time may be seen whole. */
static double tenth_of_each_second_busy(__u64 t)
{
	return alternating(t, S, 100 * MS, 2000, 200);
}

/* Shorter than what so few bursts are sure to see. */
static double thirtieth_of_each_second(__u64 t)
{
	return alternating(t, S, 33 * MS, 2000, 200);
}

static double fifth_of_3_s(__u64 t)
{
	return alternating(t, 3 * S, 600 * MS, 1000, 50);
}

static double half_of_400_ms(__u64 t)
{
	return alternating(t, 400 * MS, 200 * MS, 800, 100);
}

/* The other way round. */
static double but_for_an_eighth(__u64 t)
{
	return alternating(t, 800 * MS, 700 * MS, 400, 0);
}

/* Once, for a sixth of the whole time. */
static double one_big(__u64 t)
{
	__u64 in = t < 5 * S ? 0 : t > 7 * S ? 2 * S : t - 5 * S;

	return ((double)t * 100 + (double)in * 2000) / MS;
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

/* Where all is seen, in lengths of a burst; how long one is follows from the first moment. */
static void add_slices(const struct run *r, const struct burst *b, __u64 length, struct sampled *s)
{
	__u64 to = earlier(b->to_ns, r->end);

	for (__u64 t = b->from_ns + r->first; t + length <= to; t += length)
		sampled__slice(s, r->load(t + length) - r->load(t),
			       100 * (r->load(t + length) - r->load(t)));
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
		if (b->times == 1)
			add_slices(r, b, s->g.burst_ns, &sampled);
		else if (b->to_ns - b->from_ns == s->g.burst_ns && b->to_ns <= r->end)
			sampled__window(&sampled, b->times, calls, calls * 100);
	}
	if (s->g.times > 1 && s->g.next_ns > r->end)
		cut = (double)(r->end - s->g.window_ns) / (s->g.next_ns - s->g.window_ns);
	t = (struct totals){.calls = o.total,
			    .bytes = o.total * 100,
			    .seen_calls = o.seen,
			    .seen_bytes = o.seen * 100};
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

static void assert_unbiased(const char *name, struct run r, int seeds)
{
	double truth = r.load(r.end), sum = 0, squares = 0, mean, error;
	int known = 0, held = 0, exact = 0, open = 0;

	for (int seed = 1; seed <= seeds; seed++) {
		struct outcome o = simulate(&r, seed * 7919ull);

		sum += o.total;
		squares += square(o.total);
		exact += o.exact && o.total == truth;
		known += o.e.calls.known;
		held += o.e.calls.known && o.e.calls.low <= truth &&
			(o.e.calls.open || truth <= o.e.calls.high);
		open += o.e.calls.open;
	}
	mean = sum / seeds;
	/* Of the mean, squared. */
	error = (squares / seeds - square(mean)) / seeds;
	print_message(
		"%-26s mean %.0f of %.0f, error/SE %+.2f, sd %.1f%%, exact %d, interval known %d, "
		"open %d, held %.1f%%\n",
		name, mean, truth, error > 0 ? (mean - truth) / root(error) : 0,
		100 * root(error * seeds) / truth, exact, known, open,
		known ? 100.0 * held / known : 100.0);
	assert_true(square(mean - truth) <= 16 * error + 1e-12 * square(truth));
	/* It is to be 95%, but for what takes less of the time than that many bursts are sure to
	 * see. */
	if (known > seeds / 20)
		assert_true(held >= (r.load == thirtieth_of_each_second ? .80 : .93) * known);
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
				assert_unbiased(name, r, SEEDS);
			}
}

/*
 * Also of a load that is not one for long: few samples, all of them alike by chance, have no
 * upper end, and of many it is one that holds.
 */
static void intervals_hold_what_comes_in_bursts(void **state)
{
	static const struct {
		const char *name;
		double (*load)(__u64 t);
	} loads[] = {{"2000, a tenth of 1 s", tenth_of_each_second},
		     {"600, a tenth of 1 s", tenth_of_each_second_mild},
		     {"busy, a tenth of 1 s", tenth_of_each_second_busy},
		     {"busy, a thirtieth of 1 s", thirtieth_of_each_second},
		     {"a fifth of 3 s", fifth_of_3_s},
		     {"half of 400 ms", half_of_400_ms},
		     {"but for an eighth", but_for_an_eighth},
		     {"one big", one_big}};
	static const double budgets[] = {0.01, 0.05, 0.3};
	static const __u64 ends[] = {10 * S, 40 * S};

	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		for (int at = 0; at < 6; at++) {
			struct run r = usual;
			char name[64];

			r.load = loads[i].load;
			r.budget = budgets[at / 2];
			r.end = ends[at % 2];
			snprintf(name, sizeof(name), "%s, %.0f%%, %.0f s", loads[i].name,
				 100 * r.budget, r.end / 1e9);
			assert_unbiased(name, r, SEEDS / 5);
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

static struct sampled alike(int windows, __u64 calls)
{
	struct sampled s = {};

	for (int i = 0; i < windows; i++)
		sampled__window(&s, 10, calls, 5 * calls);
	return s;
}

static void intervals(void **state)
{
	struct totals t = {.calls = 3000, .bytes = 15000, .seen_calls = 300, .seen_bytes = 1500};
	struct sampled s = alike(2, 10);
	struct estimates e;

	assert_false(sampled__intervals(&s, &t, 0, 0).calls.known);
	s = alike(30, 10);
	e = sampled__intervals(&s, &t, 0, 0);
	/* As steady as could be; but who was called less often than m would not be seen. */
	assert_true(e.calls.known && e.bytes.known);
	assert_false(e.calls.open);
	assert_in_range(e.calls.low, 2700, 2900); /* a tenth of the time may have been idle */
	assert_in_range(e.calls.high, 3027, 3100);
	/* What was seen there was. */
	sampled__window(&s, 10, 1000, 50);
	t.seen_calls = 1300;
	t.calls = 13000;
	e = sampled__intervals(&s, &t, 0, 0);
	assert_int_equal(e.calls.low, 1300);
	assert_true(e.calls.high > 13000 + 25000);
}

/* Few, or few that stand for most of it, are alike by chance. */
static void few_windows_have_no_upper_end(void **state)
{
	struct totals t = {.calls = 3000, .bytes = 15000, .seen_calls = 300, .seen_bytes = 1500};
	struct sampled s = alike(12, 10);
	struct estimates e = sampled__intervals(&s, &t, 0, 0);

	assert_true(e.calls.known && e.calls.open && e.bytes.open);
	/* In a quarter of it there may have been nothing. */
	assert_in_range(e.calls.low, 3000 - 290, 3000 - 270);
	s = alike(30, 10);
	sampled__window(&s, 500, 10, 50);
	assert_true(sampled__intervals(&s, &t, 0, 0).calls.open);
}

/* What there was once, while all was seen, there may have been where next to nothing was. */
static void what_was_seen_whole_may_come_again(void **state)
{
	struct totals t = {.calls = 3000, .bytes = 15000, .seen_calls = 300, .seen_bytes = 1500};
	struct sampled s = alike(30, 10);
	__u64 before = sampled__intervals(&s, &t, 0, 0).calls.high, after;

	sampled__slice(&s, 10, 50);
	assert_int_equal(sampled__intervals(&s, &t, 0, 0).calls.high, before);
	sampled__slice(&s, 1000, 5000);
	after = sampled__intervals(&s, &t, 0, 0).calls.high;
	/* In a tenth of 270 lengths. */
	assert_in_range(after, 3000 + 26700, 3000 + 27000);
}

/* By how much a program is slowed down depends on what it does in a burst, not on the average. */
static void slowed_down_where_it_is_busy(void **state)
{
	struct totals t = {.calls = 60000, .bytes = 1, .seen_calls = 6000, .seen_bytes = 1};
	struct sampled s = alike(30, 200);
	struct estimates e;

	/* The probes took half of each, and there would have been twice as many. */
	t.call = 0.5 / 200 / 1.15;
	e = sampled__intervals(&s, &t, 0, 0);
	assert_false(e.calls.open);
	assert_in_range(e.calls.high, 6000 + 2 * 54000, 6000 + 2 * 60000);
	/* As good as all of one of them, and next to nothing of the others. */
	s = alike(30, 1);
	sampled__window(&s, 10, 390, 390);
	assert_true(sampled__intervals(&s, &t, 0, 0).calls.open);
	/* Likewise of a time in which all was seen: what it does then if it is not is not known. */
	s = alike(30, 1);
	assert_false(sampled__intervals(&s, &t, 0, 0).calls.open);
	sampled__slice(&s, 390, 390);
	assert_true(sampled__intervals(&s, &t, 0, 0).calls.open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(estimates_are_unbiased),
		cmocka_unit_test(intervals_hold_what_comes_in_bursts),
		cmocka_unit_test(the_budget_is_kept),
		cmocka_unit_test(the_budget_is_used),
		cmocka_unit_test(what_cannot_be_kept_is_given_up),
		cmocka_unit_test(no_gap_where_all_may_be_seen),
		cmocka_unit_test(a_late_burst_is_as_long),
		cmocka_unit_test(intervals),
		cmocka_unit_test(few_windows_have_no_upper_end),
		cmocka_unit_test(what_was_seen_whole_may_come_again),
		cmocka_unit_test(slowed_down_where_it_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

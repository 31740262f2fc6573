/*
 * test_sampling.c - what a call that was seen in a burst counts as, in every number of malloc, and
 * in no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events.h"
#include "model/bursts.h"

#define PID 10

static void time_in_bursts(void **state)
{
	struct bursts b = {};
	__u32 bits;

	assert_int_equal(bursts__times(&b, 5, &bits), 1);
	assert_int_equal(bursts__times_of(&b, 0), 1);
	bursts__add(&b, 100, ~0ull, 1);
	bursts__end(&b, 200);
	bursts__add(&b, 300, 320, 7);
	bursts__add(&b, 310, 330, 5);
	assert_int_equal(bursts__times(&b, 99, &bits), 0);
	assert_int_equal(bursts__times(&b, 100, &bits), 1);
	assert_int_equal(bits, 1);
	assert_int_equal(bursts__times(&b, 200, &bits), 0);
	assert_int_equal(bursts__times(&b, 305, &bits), 7);
	assert_int_equal(bits, 2);
	assert_int_equal(bursts__times(&b, 315, &bits), 12);
	assert_int_equal(bits, 3);
	assert_int_equal(bursts__times(&b, 329, &bits), 5);
	assert_int_equal(bursts__times(&b, 330, &bits), 0);
	assert_int_equal(bursts__times_of(&b, 0), 0);
	assert_int_equal(bursts__times_of(&b, 1), 5);
	assert_int_equal(bursts__times_of(&b, 2), 7);
	assert_int_equal(bursts__times_of(&b, 3), 12);
	assert_int_equal(bursts__seen_ns(&b, 100), 0);
	assert_int_equal(bursts__seen_ns(&b, 150), 50);
	assert_int_equal(bursts__seen_ns(&b, 250), 100);
	assert_int_equal(bursts__seen_ns(&b, 315), 115);
	assert_int_equal(bursts__seen_ns(&b, 1000), 130);
	for (int i = 0; i < 3 * BURSTS_KEPT; i++)
		bursts__add(&b, 1000 + 10 * i, 1005 + 10 * i, 2);
	assert_int_equal(bursts__seen_ns(&b, 1000 + 30 * BURSTS_KEPT), 130 + 15 * BURSTS_KEPT);
}

static void call_at(struct world *w, __u64 ts, __u64 size)
{
	struct event e = events__malloc(PID, FN_MALLOC, size);

	e.ts_ns = ts;
	world__take(w, &e);
}

static const struct process_stats *snapshot_at(struct world *w, struct snapshot *s, __u64 now)
{
	s->start_ns = 1000;
	s->duration_ns = now - 1000;
	assert_int_equal(model__snapshot(w->m, s), 0);
	return world__stats(w, PID);
}

/* After burst 0, numbers 1 to n: in none of them anything is called. */
static void quiet_bursts(struct world *w, __u32 n)
{
	model__burst_over(w->m, 0);
	for (__u32 i = 1; i <= n; i++) {
		model__burst(w->m, 2000 + 100 * i, 2010 + 100 * i, 10);
		model__burst_over(w->m, i);
	}
}

static void a_call_counts_as_many(void **state)
{
	const struct process_stats *p;
	struct event_map m = events__mmap(PID, MAP_BASE, 40 * PAGE, EVENT_F_ANON, IN_GLIBC);
	struct event_brk b = events__brk(PID, BRK_BASE, BRK_BASE + PAGE);
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 2000, 1);
	call_at(&w, 1500, 10);
	p = snapshot_at(&w, &s, 1600);
	assert_false(p->estimate.is);
	quiet_bursts(&w, 3);
	model__burst(w.m, 3000, 3100, 50);
	call_at(&w, 2500, 77); /* seen by a program that read the edges as they were written */
	call_at(&w, 3050, 150000);
	events__serve(&m, 150000);
	m.request_ns = 3050;
	m.e.ts_ns = 3200; /* it returned when the burst was over */
	world__take(&w, &m);
	world__take(&w, &b);
	p = snapshot_at(&w, &s, 4000);
	assert_int_equal(p->malloc.calls, 51);
	assert_int_equal(p->malloc.bytes, 10 + 50 * 150000);
	assert_int_equal(p->malloc.by_function[FN_MALLOC].calls, 51);
	assert_int_equal(p->malloc.route_mmap.calls, 50);
	assert_int_equal(p->malloc.route_mmap.bytes, 50 * 150000);
	assert_int_equal(p->histograms->malloc_size[18].calls, 50);
	assert_int_equal(p->histograms->malloc_size[18].mmap, 50);
	assert_int_equal(p->estimate.seen.calls, 2);
	assert_int_equal(p->estimate.seen.bytes, 150010);
	/* And these are what they are. */
	assert_int_equal(p->mapped[CAUSE_MALLOC].calls, 1);
	assert_int_equal(p->mapped[CAUSE_MALLOC].bytes, 40 * PAGE);
	assert_int_equal(p->heap.grow.calls, 1);
	assert_true(p->estimate.is);
	assert_false(p->estimate.at_least);
	assert_true(p->estimate.coverage > .376 && p->estimate.coverage < .377); /* 1130 of 3000 */
	world__close(&w);
}

static void a_spilled_call_too(void **state)
{
	struct cell_key key = {.start_ns = 500, .tgid = PID, .type = EVENT_MALLOC, .bucket = 4};
	struct cell cell = {3, 40};
	const struct process_stats *p;
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 2000, 1);
	key.flags = 1 << EVENT_BURST_SHIFT;
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	quiet_bursts(&w, 3);
	model__burst(w.m, 3000, 3100, 50);
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	key.flags = 0; /* of no burst */
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	key.type = EVENT_ROUTE;
	key.flags = EVENT_F_ANON;
	key.op = 1;
	key.ip = events__site(IN_GLIBC_WRAPPER);
	key.caller = events__site(IN_GLIBC);
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	p = snapshot_at(&w, &s, 4000);
	assert_int_equal(p->malloc.calls, 3 * 51);
	assert_int_equal(p->malloc.bytes, 40 * 51);
	assert_int_equal(p->estimate.seen.calls, 6);
	assert_int_equal(p->malloc.route_mmap.calls, 150);
	world__close(&w);
}

static void assert_seen_alone(const struct process_stats *p)
{
	assert_true(p->estimate.is && p->estimate.at_least);
	assert_false(p->estimate.calls.known || p->estimate.bytes.known);
	assert_int_equal(p->malloc.calls, 2);
	assert_int_equal(p->malloc.bytes, 150010);
	assert_int_equal(p->malloc.by_function[FN_MALLOC].calls, 2);
	assert_int_equal(p->malloc.route_mmap.calls, 1);
	assert_int_equal(p->malloc.route_mmap.bytes, 150000);
	assert_int_equal(p->histograms->malloc_size[18].calls, 1);
	assert_int_equal(p->histograms->malloc_size[18].mmap, 1);
}

/* A first moment and two bursts are no sample of all the time that was not seen. */
static void too_few_bursts_are_no_estimate(void **state)
{
	struct event_map m = events__mmap(PID, MAP_BASE, 40 * PAGE, EVENT_F_ANON, IN_GLIBC);
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 2000, 1);
	call_at(&w, 1500, 10);
	quiet_bursts(&w, 1);
	model__burst(w.m, 2200, 2210, 50);
	call_at(&w, 2205, 150000);
	events__serve(&m, 150000);
	m.request_ns = 2205;
	world__take(&w, &m);
	model__burst_over(w.m, 2);
	assert_seen_alone(snapshot_at(&w, &s, 4000));
	assert_int_equal(world__stats(&w, PID)->estimate.seen_ns, 1020);
	assert_int_equal(world__stats(&w, PID)->estimate.life_ns, 3000);
	assert_int_equal(world__stats(&w, PID)->window.malloc_calls, 2);
	assert_seen_alone(snapshot_at(&w, &s, 5000));
	/* One more, and they are; what was seen long ago is no call of this window. */
	model__burst(w.m, 5000, 5010, 10);
	call_at(&w, 5005, 10);
	model__burst_over(w.m, 3);
	assert_int_equal(snapshot_at(&w, &s, 6000)->malloc.calls, 1 + 50 + 10);
	assert_false(world__stats(&w, PID)->estimate.at_least);
	assert_int_equal(world__stats(&w, PID)->malloc.route_mmap.calls, 50);
	assert_int_equal(world__stats(&w, PID)->histograms->malloc_size[18].mmap, 50);
	assert_int_equal(world__stats(&w, PID)->window.malloc_calls, 10);
	assert_int_equal(snapshot_at(&w, &s, 6500)->window.malloc_calls, 0);
	world__close(&w);
}

#define STEADY 25

/* 20 calls in each of so many bursts. */
static void steady_bursts(struct world *w)
{
	model__burst(w->m, 1000, 2000, 1);
	model__burst_over(w->m, 0);
	model__burst_length(w->m, 100);
	for (__u32 i = 1; i <= STEADY; i++) {
		__u64 from = 2000 + 1000 * i;

		model__burst(w->m, from, from + 100, 10);
		for (int call = 0; call < 20; call++)
			call_at(w, from + call, 8);
		model__burst_over(w->m, i);
	}
}

/* Steady in each window: then it is known well, and unless it was slowed down. */
static void windows_make_an_interval(void **state)
{
	const __u64 end = 3000 + 1000 * STEADY;
	const struct process_stats *p;
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	steady_bursts(&w);
	p = snapshot_at(&w, &s, end);
	assert_int_equal(p->malloc.calls, 200 * STEADY);
	assert_int_equal(p->estimate.seen.calls, 20 * STEADY);
	assert_true(p->estimate.calls.known);
	assert_false(p->estimate.calls.open);
	/* In 3/25 of the time there may have been no call. */
	assert_in_range(p->estimate.calls.low, 4300, 4500);
	assert_in_range(p->estimate.calls.high, 5000, 5110);
	model__hit_cost(w.m, 2, false); /* of 100 ns 40, and a little more */
	p = snapshot_at(&w, &s, end);
	assert_true(p->estimate.slowed > .2 && p->estimate.slowed < .3);
	assert_in_range(p->estimate.calls.high, 8500, 9500);
	/* Who needs a CPU for that long, and waits for it, does less than that tells. */
	model__hit_cost(w.m, 2, true);
	p = snapshot_at(&w, &s, end);
	assert_true(p->estimate.calls.open && !p->estimate.calls.few);
	model__hit_cost(w.m, .1, true);
	assert_false(snapshot_at(&w, &s, end)->estimate.calls.open);
	world__close(&w);
}

/* Where all was seen there was a burst of its own: what was not seen may have had others. */
static void a_heavy_time_seen_whole_is_in_the_interval(void **state)
{
	const __u64 end = 13000 + 1000 * STEADY;
	const struct process_stats *p;
	struct snapshot s = {};
	struct world w;
	__u64 before;

	world__open(&w, LEVEL_SIZES, NULL);
	steady_bursts(&w);
	before = snapshot_at(&w, &s, end)->estimate.calls.high;
	model__burst(w.m, 6000 + 1000 * STEADY, ~0ull, 1);
	for (int call = 0; call < 400; call++)
		call_at(&w, 7000 + 1000 * STEADY + call / 2, 8); /* 200 in each 100 ns */
	p = snapshot_at(&w, &s, end);
	assert_int_equal(p->malloc.calls, 200 * STEADY + 400);
	/* 180 more in each of 3/25 of 9 * 25 lengths. */
	assert_in_range(p->estimate.calls.high, before + 400 + 4500, before + 400 + 5000);
	world__close(&w);
}

/* The same where the ring was too small for it: over two lengths, for which it was not read. */
static void a_heavy_time_that_spilled_is_in_it_too(void **state)
{
	const __u64 end = 13000 + 1000 * STEADY;
	struct cell_key key = {.start_ns = 500,
			       .tgid = PID,
			       .type = EVENT_MALLOC,
			       .bucket = 4,
			       .flags = 1 << EVENT_BURST_SHIFT};
	struct cell cell = {}; /* so that the model knows when it began */
	struct snapshot s = {};
	struct world w;
	__u64 before, high;

	world__open(&w, LEVEL_SIZES, NULL);
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	steady_bursts(&w);
	before = snapshot_at(&w, &s, end)->estimate.calls.high;
	cell = (struct cell){200, 1600}; /* and as much of another size */
	model__burst(w.m, 6000 + 1000 * STEADY, ~0ull, 1);
	model__begin_spill(w.m, 7000 + 1000 * STEADY);
	model__end_spill(w.m, 7000 + 1000 * STEADY);
	model__begin_spill(w.m, 7200 + 1000 * STEADY);
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	key.bucket = 5;
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	model__end_spill(w.m, 7200 + 1000 * STEADY);
	high = snapshot_at(&w, &s, end)->estimate.calls.high;
	assert_in_range(high, before + 400 + 4500, before + 400 + 5000);
	world__close(&w);
}

/* What is left of the one before the first window is no sample of a whole burst. */
static void a_burst_that_is_cut_off_is_no_window(void **state)
{
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 2000, 1);
	model__burst_over(w.m, 0);
	model__burst_length(w.m, 100);
	for (__u32 i = 1; i <= 9; i++) {
		model__burst(w.m, 2000 + 1000 * i, 2099 + 1000 * i, 10);
		call_at(&w, 2000 + 1000 * i, 8);
		model__burst_over(w.m, i);
	}
	assert_false(snapshot_at(&w, &s, 13000)->estimate.calls.known);
	world__close(&w);
}

#define OTHER 11

/* A fifth of the time. */
static void many_bursts(struct world *w, __u64 from, __u32 number, __u32 n)
{
	for (__u32 i = 0; i < n; i++) {
		model__burst(w->m, from + 1000 * i, from + 1000 * i + 200, 5);
		model__burst_over(w->m, number + i);
	}
}

static void assert_coverage(const struct process_stats *p, double coverage)
{
	assert_true(p->estimate.is);
	assert_true(p->malloc_known);
	assert_true(p->estimate.coverage > coverage - .0001);
	assert_true(p->estimate.coverage < coverage + .0001);
}

/* How much of a process was seen is as true when the bursts of its time are forgotten. */
static void old_bursts_are_forgotten_but_not_what_was_seen(void **state)
{
	const __u64 end = 2000 + 10000 * BURSTS_KEPT;
	struct event_task fork = events__fork(OTHER, PID, 1500), exit;
	struct event call = events__malloc(OTHER, FN_MALLOC, 8);
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 1600, 1);
	call_at(&w, 1010, 8);
	model__burst_over(w.m, 0);
	fork.e.ts_ns = 1500;
	world__take(&w, &fork);
	call.ts_ns = 1550;
	world__take(&w, &call);
	exit = events__exit(OTHER, 1500);
	exit.e.ts_ns = 1700;
	world__take(&w, &exit);
	many_bursts(&w, 2000, 1, 10 * BURSTS_KEPT);
	/* It was seen for 100 of its 200 ns, and the other for 600 and then a fifth. */
	assert_coverage(snapshot_at(&w, &s, end), (600.0 + (end - 2000) * .2) / (end - 1000));
	assert_int_equal(s.processes[1]->pid, OTHER);
	assert_coverage(s.processes[1], .5);
	/* One that comes later, and is looked at when the bursts of its beginning are forgotten. */
	fork = events__fork(OTHER, PID, end);
	fork.e.ts_ns = end;
	world__take(&w, &fork);
	call.ts_ns = end + 1;
	model__burst(w.m, end, end + 200, 5);
	world__take(&w, &call);
	model__burst_over(w.m, 10 * BURSTS_KEPT + 1);
	many_bursts(&w, end + 1000, 10 * BURSTS_KEPT + 2, 3 * BURSTS_KEPT - 1);
	snapshot_at(&w, &s, end + 3000 * BURSTS_KEPT);
	assert_coverage(world__stats(&w, OTHER), .2);
	world__close(&w);
}

/* One that turns out later to have been there: about as much, and never all. */
static void what_is_forgotten_is_taken_for_even(void **state)
{
	struct bursts b = {};

	for (__u64 i = 0; i < 4 * BURSTS_KEPT; i++)
		bursts__add(&b, 1000 + 1000 * i, 1200 + 1000 * i, 5);
	assert_int_equal(bursts__seen_ns(&b, 999), 0);
	assert_int_equal(bursts__seen_ns(&b, 1000 + 1000 * BURSTS_KEPT), 200 * BURSTS_KEPT);
	assert_int_equal(bursts__seen_ns(&b, 1000 + 3000 * BURSTS_KEPT), 600 * BURSTS_KEPT);
}

static void take_at(struct world *w, struct event *e, __u64 ts)
{
	e->ts_ns = ts;
	world__take(w, e);
}

/* All of its life was in one burst: nothing stands for more than it is. */
static void a_life_within_a_burst_is_exact(void **state)
{
	struct event_task fork = events__fork(OTHER, PID, 3010), exit = events__exit(OTHER, 3010);
	struct event call = events__malloc(OTHER, FN_MALLOC, 8);
	const struct process_stats *p;
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 2000, 1);
	call_at(&w, 1010, 8);
	quiet_bursts(&w, 3);
	model__burst(w.m, 3000, 3200, 5);
	take_at(&w, &fork.e, 3010);
	take_at(&w, &call, 3050);
	take_at(&w, &exit.e, 3100);
	model__burst_over(w.m, 4);
	many_bursts(&w, 4000, 5, 5);
	snapshot_at(&w, &s, 10000);
	p = s.processes[1];
	assert_false(p->estimate.is);
	assert_int_equal(p->malloc.calls, 1);
	world__close(&w);
}

/* That it was in none of the others tells nothing of the time in which it was there. */
static void bursts_around_a_life_are_none_of_it(void **state)
{
	struct event_task fork = events__fork(OTHER, PID, 2950), exit = events__exit(OTHER, 2950);
	struct event call = events__malloc(OTHER, FN_MALLOC, 8);
	const struct process_stats *p;
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	model__burst(w.m, 1000, 2000, 1);
	call_at(&w, 1010, 8);
	quiet_bursts(&w, 3);
	model__burst(w.m, 3000, 3020, 50);
	take_at(&w, &fork.e, 2950);
	take_at(&w, &call, 3010);
	take_at(&w, &exit.e, 3100);
	model__burst_over(w.m, 4);
	many_bursts(&w, 4000, 5, 5);
	snapshot_at(&w, &s, 10000);
	p = s.processes[1];
	assert_true(p->estimate.is && p->estimate.at_least);
	assert_int_equal(p->malloc.calls, 1);
	world__close(&w);
}

/* Between two bursts: not that there were no calls. */
static void a_time_without_a_burst_has_no_rate(void **state)
{
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	call_at(&w, 1010, 8);
	model__burst(w.m, 1000, 1100, 1);
	assert_false(snapshot_at(&w, &s, 1050)->window.unseen);
	assert_false(snapshot_at(&w, &s, 1200)->window.unseen);
	assert_true(snapshot_at(&w, &s, 1300)->window.unseen);
	model__burst(w.m, 1320, 1330, 9);
	assert_false(snapshot_at(&w, &s, 1400)->window.unseen);
	assert_true(snapshot_at(&w, &s, 1500)->window.unseen);
	world__close(&w);
}

/* They are in the row of the others as what they are estimated to be. */
static void the_others_are_estimated_too(void **state)
{
	struct cell_key key = {
		.tgid = PID, .type = EVENT_MALLOC, .bucket = 4, .flags = 1 << EVENT_BURST_SHIFT};
	struct cell cell = {3, 40};
	struct snapshot s = {};
	struct world w;

	world__open(&w, LEVEL_SIZES, NULL);
	call_at(&w, 1100, 8);
	model__burst(w.m, 1000, 2000, 1);
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	snapshot_at(&w, &s, 1500);
	assert_non_null(s.others);
	assert_false(s.others->estimate.is);
	quiet_bursts(&w, 1);
	model__burst(w.m, 3000, 3100, 50);
	assert_int_equal(model__cell(w.m, &key, &cell), 0);
	model__burst_over(w.m, 2);
	snapshot_at(&w, &s, 4000);
	assert_int_equal(s.others->malloc.calls, 6);
	assert_true(s.others->estimate.is && s.others->estimate.at_least);
	model__burst(w.m, 5000, 5100, 50);
	model__burst_over(w.m, 3);
	snapshot_at(&w, &s, 6000);
	assert_int_equal(s.others->malloc.calls, 153);
	assert_int_equal(s.others->estimate.seen.calls, 6);
	assert_true(s.others->estimate.is && !s.others->estimate.at_least);
	world__close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_in_bursts),
		cmocka_unit_test(a_call_counts_as_many),
		cmocka_unit_test(a_spilled_call_too),
		cmocka_unit_test(too_few_bursts_are_no_estimate),
		cmocka_unit_test(a_life_within_a_burst_is_exact),
		cmocka_unit_test(bursts_around_a_life_are_none_of_it),
		cmocka_unit_test(windows_make_an_interval),
		cmocka_unit_test(a_heavy_time_seen_whole_is_in_the_interval),
		cmocka_unit_test(a_heavy_time_that_spilled_is_in_it_too),
		cmocka_unit_test(a_burst_that_is_cut_off_is_no_window),
		cmocka_unit_test(old_bursts_are_forgotten_but_not_what_was_seen),
		cmocka_unit_test(a_time_without_a_burst_has_no_rate),
		cmocka_unit_test(the_others_are_estimated_too),
		cmocka_unit_test(what_is_forgotten_is_taken_for_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

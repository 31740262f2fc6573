/*
 * test_spilled.c - what the kernel counted itself ends in the same numbers as the events would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "model/space.h"
#include "model/state.h"

#define SEEDS  200
#define EVENTS 120

/* SplitMix64 */
static __u64 draw(__u64 *state, __u64 below)
{
	__u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

union record {
	struct event e;
	struct event_brk brk;
	struct event_map map;
	struct event_task task;
	struct event_exec exec;
};

static __u64 draw_size(__u64 *s)
{
	return draw(s, 1ull << draw(s, 24));
}

static struct event_map draw_map(__u64 *s, __u32 pid)
{
	__u64 addr = MAP_BASE + draw(s, 64) * PAGE, to = MAP_BASE + draw(s, 64) * PAGE;
	__u64 length = (1 + draw(s, 40)) * PAGE, other = (1 + draw(s, 40)) * PAGE;
	enum place caller = draw(s, PLACES);
	struct event_map map;

	switch (draw(s, 4)) {
	case 0:
		map = events__mremap(pid, addr, length, to, other, caller);
		break;
	case 1:
		return events__munmap(pid, addr, length);
	case 2:
		return events__mprotect(pid, addr, length, draw(s, 2));
	default:
		map = events__mmap(pid, addr, length, draw(s, 16), caller);
		if (!draw(s, 3))
			map.ip = events__site(draw(s, PLACES));
	}
	if (!draw(s, 8)) {
		map.e.op = map.e.type == EVENT_MREMAP ? REMAP_REFUSED : MAP_REFUSED;
		map.e.size = 0;
		map.result = -12;
	} else if (draw(s, 2)) {
		/* As musl, whose threshold is where a block has a mapping of its own. */
		events__serve(&map, map.e.type == EVENT_MREMAP ? LARGE_REQUEST + draw_size(s)
							       : draw_size(s));
	}
	return map;
}

static union record draw_event(__u64 *s, __u32 pid)
{
	union record r;

	switch (draw(s, 8)) {
	case 0:
		r.exec = events__exec(pid, TICK, "program");
		break;
	case 1:
		r.brk = events__brk(pid, BRK_BASE + draw(s, 9) * PAGE,
				    BRK_BASE + draw(s, 9) * PAGE);
		if (r.brk.before == r.brk.after && draw(s, 2))
			r.e.op = BRK_FAILED;
		break;
	case 2:
	case 3:
		r.e = events__malloc(pid, draw(s, FN_COUNT), draw_size(s));
		r.e.flags = draw(s, 4);
		break;
	default:
		r.map = draw_map(s, pid);
	}
	return r;
}

/* What the other one has for the same caller, which it may have given another number. */
static bool has_caller(struct world *w, const struct process_stats *p, struct world *other,
		       const struct caller_stats *want)
{
	const struct site *site = model__caller_site(other->m, want->caller), *mine;

	for (size_t i = 0; i < p->n_callers; i++) {
		const struct caller_stats *c = &p->callers[i];

		mine = model__caller_site(w->m, c->caller);
		if (c->cause == want->cause &&
		    (site ? mine && !memcmp(site, mine, sizeof(*site)) : c->caller == want->caller))
			return c->calls == want->calls && c->bytes == want->bytes;
	}
	return false;
}

static void assert_same_callers(struct world *a, const struct process_stats *p, struct world *b,
				const struct process_stats *q)
{
	assert_int_equal(p->n_callers, q->n_callers);
	for (size_t i = 0; i < p->n_callers; i++)
		assert_true(has_caller(b, q, a, &p->callers[i]));
}

/* Each mapping has one caller. */
static void assert_callers_add_up(const struct process_stats *p)
{
	struct tally sums[CAUSE_COUNT] = {};

	for (size_t i = 0; i < p->n_callers; i++) {
		sums[p->callers[i].cause].calls += p->callers[i].calls;
		sums[p->callers[i].cause].bytes += p->callers[i].bytes;
	}
	for (int i = 0; i < CAUSE_COUNT; i++) {
		assert_int_equal(sums[i].calls, p->mapped[i].calls);
		assert_int_equal(sums[i].bytes, p->mapped[i].bytes);
	}
}

/* All that is counted and not live. */
static void assert_same_counts(struct world *a, struct world *b, __u64 seed)
{
	struct process *p = model__find(a->m, 7), *q = model__find(b->m, 7);
	struct process *counts_p = process__new(7, 0), *counts_q = process__new(7, 0);

	assert_int_equal(process__add_counts(counts_p, p), 0);
	assert_int_equal(process__add_counts(counts_q, q), 0);
	counts_p->stats.histograms = counts_q->stats.histograms = NULL;
	assert_callers_add_up(&counts_p->stats);
	assert_same_callers(a, &counts_p->stats, b, &counts_q->stats);
	counts_p->stats.callers = counts_q->stats.callers = NULL;
	if (memcmp(&counts_p->stats, &counts_q->stats, sizeof(counts_p->stats)) ||
	    memcmp(counts_p->histograms, counts_q->histograms, sizeof(*counts_p->histograms)))
		fail_msg("seed %llu: the totals differ", seed);
	process__free(counts_p);
	process__free(counts_q);
}

static void shuffle(__u64 *s, union record *r, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int k = draw(s, i + 1);
		union record swap = r[i];

		r[i] = r[k];
		r[k] = swap;
	}
}

/* Half of the events come as they are, the others as cells, whenever those are read. */
static void totals_are_the_same_either_way(void **state)
{
	static union record all[EVENTS], spilled[EVENTS];
	struct world events, mixed;

	for (__u64 seed = 0; seed < SEEDS; seed++) {
		__u64 s = seed;
		int n = 0;

		world__open(&events, LEVEL_SIZES, NULL);
		world__open(&mixed, LEVEL_SIZES, NULL);
		events.place_of_address = mixed.place_of_address = draw(&s, PLACES);
		for (int i = 0; i < EVENTS; i++) {
			all[i] = draw_event(&s, 7);
			world__take(&events, &all[i]);
			if (draw(&s, 2))
				spilled[n++] = all[i];
			else
				world__take(&mixed, &all[i]);
			if (draw(&s, 16))
				continue;
			shuffle(&s, spilled, n);
			while (n)
				world__spill(&mixed, &spilled[--n], TICK);
		}
		shuffle(&s, spilled, n);
		while (n)
			world__spill(&mixed, &spilled[--n], TICK);
		assert_same_counts(&events, &mixed, seed);
		world__close(&events);
		world__close(&mixed);
	}
}

/* A cell holds so many events of one key. */
static void a_cell_is_of_many(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_GLIBC);
	struct cell_key keys[2];
	struct cell cells[2];

	world__open(&w, LEVEL_SIZES, NULL);
	events__serve(&map, 3000);
	assert_int_equal(events__spill(&map, TICK, keys, cells), 2);
	cells[0] = (struct cell){5, 5 * PAGE};
	cells[1] = (struct cell){5, 15000};
	assert_int_equal(model__cell(w.m, &keys[0], &cells[0]), 0);
	assert_int_equal(model__cell(w.m, &keys[1], &cells[1]), 0);
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_MALLOC].calls, 5);
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_MALLOC].bytes, 5 * PAGE);
	assert_int_equal(world__stats(&w, 7)->malloc.route_mmap.calls, 5);
	assert_int_equal(world__stats(&w, 7)->malloc.route_mmap.bytes, 15000);
	assert_int_equal(world__stats(&w, 7)->histograms->malloc_size[12].mmap, 5);
	/* A mapping that was not seen is no region, and what is live is not known. */
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_MALLOC].live_bytes, 0);
	assert_false(world__stats(&w, 7)->live_known);
	world__close(&w);
}

static void only_what_changes_the_mappings_makes_stale(void **state)
{
	struct event_task fork = events__fork(7, 1, TICK), exit = events__exit(7, TICK);
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + PAGE);
	struct event_brk shrink = events__brk(7, BRK_BASE + PAGE, BRK_BASE);
	struct event_brk query = events__brk(7, BRK_BASE, BRK_BASE), failed = query;
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP), no = map;
	struct event_map unmap = events__munmap(7, MAP_BASE, PAGE), no_unmap = unmap;
	struct event_map move = events__mremap(7, MAP_BASE, PAGE, MAP_BASE, PAGE, IN_APP);
	struct event_map no_move = move, protect = events__mprotect(7, MAP_BASE, PAGE, 0);
	struct event_map no_protect = protect;
	struct event call = events__malloc(7, FN_MALLOC, 1);
	const struct {
		const void *event;
		bool stale;
	} rules[] = {
		{&fork, true},	  {&exec, true},    {&exit, false},	 {&grow, true},
		{&shrink, true},  {&query, false},  {&failed, false},	 {&map, true},
		{&no, true},	  {&unmap, true},   {&no_unmap, false},	 {&move, true},
		{&no_move, true}, {&protect, true}, {&no_protect, true}, {&call, false},
	};

	failed.e.op = BRK_FAILED;
	no.e.op = no_unmap.e.op = no_protect.e.op = MAP_REFUSED;
	no_move.e.op = REMAP_REFUSED;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct world w;

		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &exec);
		assert_true(world__stats(&w, 7)->live_known);
		world__spill(&w, rules[i].event, TICK);
		assert_int_equal(model__find(w.m, 7)->stale, rules[i].stale);
		assert_int_equal(world__stats(&w, 7)->live_known, !rules[i].stale);
		world__close(&w);
	}
}

static void a_spilled_exec_drops_the_regions(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_map map = events__mmap(7, MAP_BASE, 4 * PAGE, EVENT_F_ANON, IN_GLIBC);
	static const struct mapping there = {.start = MAP_BASE,
					     .end = MAP_BASE + 4 * PAGE,
					     .kind = MAPPING_ANON,
					     .readable = true,
					     .writable = true};
	struct process *p;

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	world__take(&w, &map);
	p = model__find(w.m, 7);
	world__spill(&w, &exec, TICK);
	assert_int_equal(ledger__count(p->ledger), 0);
	assert_int_equal(p->stats.execs, 2);
	/* What stands at the same place by then is another program's. */
	assert_int_equal(model__seed(w.m, p, &there, 1, 0, 0), 0);
	assert_int_equal(p->stats.mapped[CAUSE_MALLOC].live_bytes, 0);
	assert_int_equal(p->stats.mapped[CAUSE_UNATTRIBUTED].live_bytes, 4 * PAGE);
	assert_true(p->stats.live_known);
	world__close(&w);
}

/* A spilled event is in the list that was read anew, but not behind an older one in the ring. */
static void what_is_older_than_a_new_reading_makes_it_stale_again(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct event_map unmap = events__munmap(7, MAP_BASE, PAGE);
	static const struct mapping there = {.start = MAP_BASE,
					     .end = MAP_BASE + PAGE,
					     .kind = MAPPING_ANON,
					     .readable = true,
					     .writable = true};
	struct process *p;

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	world__spill(&w, &map, TICK);
	p = model__find(w.m, 7);
	assert_true(p->stale);
	assert_int_equal(model__seed(w.m, p, &there, 1, 0, 1000), 0);
	assert_true(p->stats.live_known);
	unmap.e.ts_ns = unmap.begin_ns = 999;
	world__take(&w, &unmap);
	assert_true(p->stale);
	assert_false(p->stats.live_known);
	assert_int_equal(model__seed(w.m, p, &there, 1, 0, 2000), 0);
	unmap.e.ts_ns = unmap.begin_ns = 2001;
	world__take(&w, &unmap);
	assert_false(p->stale);
	assert_int_equal(p->stats.mapped[CAUSE_UNATTRIBUTED].live_bytes, 0);
	world__close(&w);
}

/* Whose mapping it was nobody knows: each is read anew, and is known again then. */
static void a_change_of_nobody_knows_whom(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program"),
			  other = events__exec(8, TICK, "b");
	struct event_task exit = events__exit(8, TICK);
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct snapshot s = {};
	struct process *p;

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	world__take(&w, &other);
	world__take(&w, &exit);
	p = model__find(w.m, 7);
	for (int i = 0; i < 2; i++) {
		assert_true(p->stats.live_known);
		world__spill(&w, &map, 0);
		assert_true(p->stale);
		assert_false(p->stats.live_known);
		/* Read anew, but before another such change. */
		assert_int_equal(model__seed(w.m, p, NULL, 0, 0, 1000), 0);
		world__spill(&w, &map, 0);
		assert_false(p->stats.live_known);
		assert_int_equal(model__seed(w.m, p, NULL, 0, 0, 2000), 0);
		assert_int_equal(model__snapshot(w.m, &s), 0);
		assert_true(p->stats.live_known);
		assert_int_equal(s.unowned, 2 * (i + 1));
		assert_false(s.processes[s.processes[0] == &p->stats]->live_known);
	}
	world__close(&w);
}

/* Else its entry would outlive its row, and come back as another process. */
static void an_exit_is_worth_a_reading_of_the_spill(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_task end = events__exit(7, TICK);
	struct spilled_process entry = {.start_ns = TICK, .comm = "program"};

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	assert_false(model__spilled(w.m, 7, &entry));
	assert_false(model__spill_due(w.m));
	world__take(&w, &end);
	assert_true(model__spill_due(w.m));
	assert_true(model__spilled(w.m, 7, &entry));
	assert_false(model__spill_due(w.m));
	world__close(&w);
}

/* The spill was read between a child's fork and the event that tells of it. */
static void a_fork_that_comes_late_leaves_it_stale(void **state)
{
	struct world w;
	struct event_exec parent = events__exec(7, TICK, "program");
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct event_map map = events__mmap(8, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &parent);
	world__spill(&w, &map, 5 * TICK);
	world__take(&w, &fork);
	assert_false(world__stats(&w, 8)->live_known);
	assert_int_equal(world__stats(&w, 8)->mapped[CAUSE_DIRECT].calls, 1);
	world__close(&w);
}

/* As the ring brings it: begun, mapped, and gone with a page more than has come of it. */
static struct process *end_with_more(struct world *w)
{
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_task end = events__exit(7, TICK);

	end.total_vm = exec.t.total_vm + 1;
	end.stack_vm = exec.t.stack_vm;
	end.e.flags = EVENT_F_MM;
	world__open(w, LEVEL_SIZES, NULL);
	world__take(w, &exec);
	world__take(w, &end);
	return model__find_start(w->m, 7, TICK);
}

/* The ring can bring the end of a process of which an event has spilled that is read later. */
static void what_spilled_of_one_that_has_ended_explains_what_was_compared(void **state)
{
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct spilled_process entry = {.start_ns = TICK, .mm_changed = 1, .comm = "gone"};
	struct process *p;
	struct world w;

	for (int way = 0; way < 4; way++) {
		p = end_with_more(&w);
		assert_true(p->stats.space.known);
		assert_int_equal(stats__unexplained(&p->stats), PAGE);
		model__begin_spill(w.m, 0);
		if (way == 0)
			world__spill(&w, &map, TICK);
		else if (way == 1)
			assert_true(model__spilled(w.m, 7, &entry));
		else if (way == 2)
			world__spill(&w, &map, 0);
		else
			model__miss_changes(w.m);
		assert_false(p->stats.live_known);
		assert_false(p->stats.space.known);
		world__close(&w);
	}
}

/* What has spilled is read before what is in the ring from before it. */
static void an_exec_that_comes_late_leaves_it_stale(void **state)
{
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_task end = events__exit(7, TICK);
	struct world w;

	end.total_vm = exec.t.total_vm;
	end.stack_vm = exec.t.stack_vm;
	end.e.flags = EVENT_F_MM;
	for (int late = 0; late < 2; late++) {
		world__open(&w, LEVEL_SIZES, NULL);
		world__spill(&w, &map, TICK);
		model__end_spill(w.m, 1000);
		exec.t.e.ts_ns = late ? 999 : 1000;
		world__take(&w, &exec);
		assert_int_equal(model__find(w.m, 7)->stale, late);
		assert_int_equal(world__stats(&w, 7)->live_known, !late);
		world__take(&w, &end);
		assert_int_equal(model__find_start(w.m, 7, TICK)->stats.space.known, !late);
		world__close(&w);
	}
}

static void share(struct world *w, __u32 child, __u32 parent)
{
	struct event_task fork = events__fork(child, parent, child * TICK);

	fork.e.flags = EVENT_F_SHARED_MM;
	world__take(w, &fork);
}

/* The ring brings that a vfork's child has left its parent's address space before the spill
 * brings what it did there. */
static void what_a_child_did_in_what_it_had_borrowed_is_its_lenders(void **state)
{
	struct event_map map = events__mmap(8, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct event_task end = events__exit(8, 8 * TICK);
	struct event_exec exec = events__exec(8, 8 * TICK, "other");
	struct spilled_process entry = {.start_ns = 8 * TICK, .mm_changed = 1, .comm = "child"};
	struct world w;

	for (int way = 0; way < 4; way++) {
		struct event_exec begin = events__exec(7, 7 * TICK, "program");

		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &begin);
		share(&w, 8, 7);
		if (way & 1)
			world__take(&w, &exec);
		else
			world__take(&w, &end);
		assert_true(world__stats(&w, 7)->live_known);
		if (way & 2)
			model__spilled(w.m, 8, &entry);
		else
			world__spill(&w, &map, 8 * TICK);
		assert_true(model__find(w.m, 7)->stale);
		assert_false(world__stats(&w, 7)->live_known);
		world__close(&w);
	}
}

/* A child that maps into what its parent has borrowed, and both have gone. */
static void what_was_lent_on_is_its_first_lenders(void **state)
{
	struct event_exec begin = events__exec(7, 7 * TICK, "program");
	struct event_map map = events__mmap(9, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct event_call call = events__call(9, 100, 0);
	struct event_task ends[] = {events__exit(9, 9 * TICK), events__exit(8, 8 * TICK),
				    events__exit(7, 7 * TICK)};
	struct process *first;
	struct world w;

	ends[2].e.flags = EVENT_F_MM;
	ends[2].total_vm = begin.t.total_vm;
	ends[2].stack_vm = begin.t.stack_vm;
	world__open(&w, LEVEL_LIVE, NULL);
	world__take(&w, &begin);
	share(&w, 8, 7);
	share(&w, 9, 8);
	for (size_t i = 0; i < 3; i++)
		world__take(&w, &ends[i]);
	first = model__find_start(w.m, 7, 7 * TICK);
	assert_true(first->stats.space.known);
	assert_true(first->stats.paired.known);
	world__spill(&w, &map, 9 * TICK);
	assert_false(first->stats.live_known);
	assert_false(first->stats.space.known);
	assert_false(model__find_start(w.m, 8, 8 * TICK)->stats.live_known);
	world__spill(&w, &call, 9 * TICK);
	assert_false(first->stats.paired.known);
	world__close(&w);
}

/* What spilled before its exec a reading has brought that began after it. */
static void a_child_that_has_left_long_since_is_no_matter_of_its_lenders(void **state)
{
	struct event_exec begin = events__exec(7, 7 * TICK, "program");
	struct event_exec exec = events__exec(8, 8 * TICK, "other");
	struct event_map map = events__mmap(8, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct cell_key keys[2];
	struct cell cells[2];
	struct world w;

	events__spill(&map, 8 * TICK, keys, cells);
	for (int since = 0; since < 2; since++) {
		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &begin);
		share(&w, 8, 7);
		exec.t.e.ts_ns = 1000;
		world__take(&w, &exec);
		model__begin_spill(w.m, since ? 1001 : 999);
		model__begin_spill(w.m, 2000);
		assert_int_equal(model__cell(w.m, &keys[0], &cells[0]), 0);
		assert_int_equal(world__stats(&w, 7)->live_known, since);
		assert_false(world__stats(&w, 8)->live_known);
		world__close(&w);
	}
}

/* Its fork has spilled as well: what else it did there the ring brings as its own. */
static void a_spilled_vfork_leaves_the_lender_stale(void **state)
{
	struct event_exec begin = events__exec(7, 7 * TICK, "program");
	struct event_task fork = events__fork(8, 7, 8 * TICK);
	struct spilled_process entry = {.start_ns = 8 * TICK, .ppid = 7, .comm = "child"};
	struct world w;

	for (int shared = 0; shared < 2; shared++) {
		fork.e.flags = shared ? EVENT_F_SHARED_MM : 0;
		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &begin);
		model__spilled(w.m, 8, &entry);
		world__spill(&w, &fork, 8 * TICK);
		assert_int_equal(model__find(w.m, 7)->stale, shared);
		assert_true(model__find(w.m, 8)->stale);
		world__close(&w);
	}
}

/* Of a process whose end nobody has seen the last comparison is of some time before it. */
static void what_was_compared_before_an_end_that_spilled_is_not_of_its_end(void **state)
{
	struct event_exec begin = events__exec(7, 7 * TICK, "program");
	struct event_task next = events__fork(7, 1, 9 * TICK);
	struct event_map of_next = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);
	struct spilled_process entry = {.start_ns = 7 * TICK,
					.exited = 1,
					.brk_start = BRK_BASE,
					.brk_end = BRK_BASE + PAGE,
					.comm = "gone"};
	struct process *p;
	struct world w;

	for (int way = 0; way < 3; way++) {
		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &begin);
		p = model__find(w.m, 7);
		space__check(p, begin.t.total_vm * PAGE, begin.t.stack_vm * PAGE);
		assert_true(p->stats.space.known);
		assert_int_equal(stats__unexplained(&p->stats), 0);
		if (way == 0)
			assert_true(model__spilled(w.m, 7, &entry));
		else if (way == 1)
			world__take(&w, &next);
		else
			world__spill(&w, &of_next, 9 * TICK);
		assert_true(p->stats.exited);
		assert_false(p->stats.space.known);
		world__close(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_are_the_same_either_way),
		cmocka_unit_test(a_cell_is_of_many),
		cmocka_unit_test(only_what_changes_the_mappings_makes_stale),
		cmocka_unit_test(a_spilled_exec_drops_the_regions),
		cmocka_unit_test(what_is_older_than_a_new_reading_makes_it_stale_again),
		cmocka_unit_test(an_exit_is_worth_a_reading_of_the_spill),
		cmocka_unit_test(a_change_of_nobody_knows_whom),
		cmocka_unit_test(a_fork_that_comes_late_leaves_it_stale),
		cmocka_unit_test(what_spilled_of_one_that_has_ended_explains_what_was_compared),
		cmocka_unit_test(an_exec_that_comes_late_leaves_it_stale),
		cmocka_unit_test(what_a_child_did_in_what_it_had_borrowed_is_its_lenders),
		cmocka_unit_test(what_was_lent_on_is_its_first_lenders),
		cmocka_unit_test(a_child_that_has_left_long_since_is_no_matter_of_its_lenders),
		cmocka_unit_test(a_spilled_vfork_leaves_the_lender_stale),
		cmocka_unit_test(what_was_compared_before_an_end_that_spilled_is_not_of_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

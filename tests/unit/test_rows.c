/*
 * test_rows.c - who has a row, who is among the others, and what becomes of the spilled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "model/state.h"

static struct event_task exit_of(__u32 pid)
{
	return events__exit(pid, pid * TICK);
}

/* So many that have made pid calls of 10 bytes each and exited, from PID 1 on. */
static void fill(struct world *w, __u32 from, __u32 to)
{
	for (__u32 pid = from; pid <= to; pid++) {
		struct event_exec exec = events__exec(pid, pid * TICK, "program");
		struct event call = events__malloc(pid, FN_MALLOC, 10);
		struct event_task exit = exit_of(pid);

		world__take(w, &exec);
		for (__u32 i = 0; i < pid % 5; i++)
			world__take(w, &call);
		world__take(w, &exit);
	}
}

static __u64 calls_of(const struct snapshot *s)
{
	__u64 calls = s->others ? s->others->malloc.calls : 0;

	for (size_t i = 0; i < s->count; i++)
		calls += s->processes[i]->malloc.calls;
	return calls;
}

static void the_oldest_fold_into_the_others(void **state)
{
	const __u32 n = MOST_EXITED + 1000;
	struct world w;
	struct snapshot s;
	__u64 calls = 0, folded = 0;

	world__open(&w, LEVEL_SIZES, NULL);
	fill(&w, 1, MOST_EXITED);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, MOST_EXITED);
	assert_null(s.others);
	fill(&w, MOST_EXITED + 1, n);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_true(s.count >= MOST_EXITED && s.count <= MOST_EXITED + 1);
	assert_non_null(s.others);
	for (__u32 pid = 1; pid <= n; pid++)
		calls += pid % 5;
	for (__u32 pid = 1; pid <= n - s.count; pid++) {
		assert_null(model__find_start(w.m, pid, pid * TICK));
		folded += pid % 5;
	}
	assert_non_null(model__find_start(w.m, n - s.count + 1, (n - s.count + 1) * TICK));
	assert_int_equal(s.others->malloc.calls, folded);
	assert_int_equal(s.others->malloc.bytes, folded * 10);
	assert_int_equal(s.others->malloc.by_function[FN_MALLOC].calls, folded);
	assert_int_equal(s.others->histograms->malloc_size[4].calls, folded);
	assert_int_equal(s.others->execs, n - s.count);
	assert_false(s.others->live_known);
	assert_false(s.others->malloc.arena_split);
	assert_int_equal(calls_of(&s), calls);
	/* No more than have to: who comes and stays makes nobody fold. */
	for (__u32 pid = n + 1; pid <= n + 100; pid++)
		assert_non_null(model__add(w.m, pid, pid * TICK));
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, MOST_EXITED + 100);
	world__close(&w);
}

/* A cell and an entry of a process whose row is gone. */
static void what_is_left_of_the_folded_is_the_others(void **state)
{
	struct world w;
	struct event late = events__malloc(1, FN_MALLOC, 10);
	struct spilled_process entry = {.start_ns = TICK, .comm = "late", .mm_changed = 1};
	struct snapshot s;
	__u64 before;

	world__open(&w, LEVEL_SIZES, NULL);
	fill(&w, 1, MOST_EXITED + 100);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	before = s.others->malloc.calls;
	assert_false(model__spilled(w.m, 1, &entry));
	world__spill(&w, &late, TICK);
	entry.exited = 1;
	entry.exit_flags = EVENT_F_MM;
	entry.brk_end = BRK_BASE;
	assert_true(model__spilled(w.m, 1, &entry));
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.others->malloc.calls, before + 1);
	assert_false(s.others->exited);
	assert_false(s.others->heap.known);
	assert_false(s.others->rss.known);
	assert_string_equal(s.others->comm, "");
	/* The others do not fold into themselves. */
	fill(&w, MOST_EXITED + 101, MOST_EXITED + 300);
	model__forget_exited(w.m);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 0);
	assert_non_null(s.others);
	world__close(&w);
}

/* It came after the one that the cell is of, and lives. */
static void an_old_cell_does_not_end_who_has_its_pid(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, 9 * TICK, "program");
	struct event old = events__malloc(7, FN_MALLOC, 10);
	struct spilled_process entry = {.start_ns = TICK, .comm = "old"};
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	/* Nothing of it can come any more. */
	assert_true(model__spilled(w.m, 7, &entry));
	world__spill(&w, &old, TICK);
	world__take(&w, &old);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_false(s.processes[0]->exited);
	assert_int_equal(s.processes[0]->start_ns, 9 * TICK);
	assert_int_equal(s.processes[0]->malloc.calls, 1);
	assert_int_equal(s.others->malloc.calls, 1);
	world__close(&w);
}

static void a_later_cell_ends_who_had_its_pid(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event call = events__malloc(7, FN_MALLOC, 10);
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	world__spill(&w, &call, 9 * TICK);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 2);
	assert_true(model__find_start(w.m, 7, TICK)->stats.exited);
	assert_int_equal(world__stats(&w, 7)->malloc.calls, 1);
	assert_int_equal(world__stats(&w, 7)->start_ns, 9 * TICK);
	assert_false(world__stats(&w, 7)->live_known);
	world__close(&w);
}

/* Its first event said no start, and /proc nothing. */
static void a_cell_finds_a_row_without_a_start(void **state)
{
	struct world w;
	struct event call = events__malloc(7, FN_MALLOC, 10);
	struct event_task exit = events__exit(7, TICK);
	struct snapshot s;

	for (int exited = 0; exited < 2; exited++) {
		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &call);
		if (exited)
			world__take(&w, &exit);
		world__spill(&w, &call, TICK);
		assert_int_equal(model__snapshot(w.m, &s), 0);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.processes[0]->start_ns, TICK);
		assert_int_equal(s.processes[0]->malloc.calls, 2);
		assert_int_equal(s.processes[0]->exited, exited);
		world__close(&w);
	}
}

static void an_entry_tells_what_the_events_would_have(void **state)
{
	struct world w;
	struct spilled_process entry = {
		.start_ns = TICK, .ppid = 3, .comm = "first", .mm_changed = 1};
	struct event call = events__malloc(7, FN_MALLOC, 10);
	struct snapshot s;
	const struct process_stats *p;

	world__open(&w, LEVEL_SIZES, NULL);
	assert_false(model__spilled(w.m, 7, &entry));
	p = world__stats(&w, 7);
	assert_int_equal(p->ppid, 3);
	assert_string_equal(p->comm, "first");
	assert_false(p->live_known);
	strcpy(entry.comm, "last");
	assert_false(model__spilled(w.m, 7, &entry));
	assert_string_equal(p->comm, "first");
	entry.exited = 1;
	entry.exit_flags = EVENT_F_MM;
	entry.brk_start = BRK_BASE;
	entry.brk_end = BRK_BASE + 3 * PAGE;
	entry.rss_anon = 5;
	assert_true(model__spilled(w.m, 7, &entry));
	assert_null(model__find(w.m, 7));
	/* Its last cells are still its own. */
	assert_true(model__spilled(w.m, 7, &entry));
	world__spill(&w, &call, TICK);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_true(p->exited);
	assert_string_equal(p->comm, "last");
	assert_int_equal(stats__heap_bytes(p), 3 * PAGE);
	assert_int_equal(p->rss.anon_bytes, 5 * PAGE);
	assert_int_equal(p->malloc.calls, 1);
	assert_false(p->live_known);
	world__close(&w);
}

static void a_spilled_change_is_known_after_the_exit_too(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program");
	struct event_task exit = events__exit(7, TICK);
	struct spilled_process entry = {.start_ns = TICK};
	struct process *p;

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	world__take(&w, &exit);
	p = model__find_start(w.m, 7, TICK);
	assert_true(model__spilled(w.m, 7, &entry));
	assert_true(p->stats.live_known);
	entry.mm_changed = 1;
	assert_true(model__spilled(w.m, 7, &entry));
	assert_false(p->stats.live_known);
	world__close(&w);
}

static void cells_of_nobody_are_the_others(void **state)
{
	struct world w;
	struct event_map map = events__mmap(0, MAP_BASE, PAGE, EVENT_F_ANON, IN_GLIBC);
	struct event call = events__malloc(0, FN_CALLOC, 10);
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	world__spill(&w, &map, 0);
	world__spill(&w, &call, 0);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(s.others->mapped[CAUSE_MALLOC].calls, 1);
	assert_int_equal(s.others->malloc.by_function[FN_CALLOC].calls, 1);
	assert_true(s.others->malloc_known);
	assert_false(s.others->live_known);
	world__close(&w);
}

static void the_exited_are_shown_once(void **state)
{
	struct world w;
	struct event_exec alive = events__exec(50000, TICK, "program");
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	fill(&w, 1, 10);
	world__take(&w, &alive);
	fill(&w, 11, 20);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 21);
	model__forget_exited(w.m);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.processes[0]->pid, 50000);
	/* And again, from an empty list. */
	fill(&w, 21, 30);
	model__forget_exited(w.m);
	model__forget_exited(w.m);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	world__close(&w);
}

/* Or the spill's next reading would make a new one of it, which nothing ends. */
static void of_whom_the_spill_has_an_entry_stays_until_it_is_read(void **state)
{
	for (int read_before = 0; read_before < 2; read_before++) {
		struct world w;
		struct event_exec exec = events__exec(7, TICK, "program");
		struct event_task end = events__exit(7, TICK);
		struct spilled_process entry = {.start_ns = TICK, .comm = "program"};
		struct snapshot s;

		world__open(&w, LEVEL_SIZES, NULL);
		world__take(&w, &exec);
		if (read_before)
			assert_false(model__spilled(w.m, 7, &entry));
		else
			end.e.flags |= EVENT_F_IN_SPILL;
		world__take(&w, &end);
		assert_true(model__spill_due(w.m));
		model__forget_exited(w.m);
		assert_int_equal(model__snapshot(w.m, &s), 0);
		assert_int_equal(s.count, 1);
		assert_true(model__spilled(w.m, 7, &entry));
		model__forget_exited(w.m);
		assert_int_equal(model__snapshot(w.m, &s), 0);
		assert_int_equal(s.count, 0);
		world__close(&w);
	}
}

static void visit(struct process *p, void *arg)
{
	*(__u64 *)arg += p->stats.pid;
}

static void each_visits_those_that_live(void **state)
{
	struct world w;
	struct event_exec alive = events__exec(50000, TICK, "program");
	__u64 pids = 0;

	world__open(&w, LEVEL_SIZES, NULL);
	fill(&w, 1, 10);
	world__take(&w, &alive);
	model__each(w.m, visit, &pids);
	assert_int_equal(pids, 50000);
	world__close(&w);
	model__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_fold_into_the_others),
		cmocka_unit_test(what_is_left_of_the_folded_is_the_others),
		cmocka_unit_test(an_old_cell_does_not_end_who_has_its_pid),
		cmocka_unit_test(a_later_cell_ends_who_had_its_pid),
		cmocka_unit_test(a_cell_finds_a_row_without_a_start),
		cmocka_unit_test(an_entry_tells_what_the_events_would_have),
		cmocka_unit_test(a_spilled_change_is_known_after_the_exit_too),
		cmocka_unit_test(cells_of_nobody_are_the_others),
		cmocka_unit_test(the_exited_are_shown_once),
		cmocka_unit_test(of_whom_the_spill_has_an_entry_stays_until_it_is_read),
		cmocka_unit_test(each_visits_those_that_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_lifecycle.c - which row an event belongs to, through fork, vfork, exec, exit, and PIDs that
 * come again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "model/state.h"

#define ANON EVENT_F_ANON

static __u64 live(struct world *w, __u32 pid, enum cause cause)
{
	return world__stats(w, pid)->mapped[cause].live_bytes;
}

/* A process of which all is known, with a direct mapping of 4 pages at MAP_BASE. */
static void begin(struct world *w, __u32 pid, __u64 start_ns)
{
	struct event_exec x = events__exec(pid, start_ns, "program");
	struct event_map map = events__mmap(pid, MAP_BASE, 4 * PAGE, ANON, IN_APP);

	world__take(w, &x);
	world__take(w, &map);
	assert_true(world__stats(w, pid)->live_known);
}

static void the_first_event_makes_a_row(void **state)
{
	struct world w;
	struct event e = events__malloc(7, FN_MALLOC, 100);

	world__open(&w, LEVEL_SIZES, NULL);
	assert_null(model__find(w.m, 7));
	world__take(&w, &e);
	world__take(&w, &e);
	assert_int_equal(world__stats(&w, 7)->malloc.calls, 2);
	/* Asked for once, and whole. */
	assert_int_equal(w.wanted, 1);
	assert_int_equal(w.images, 0);
	assert_int_equal(w.last_wanted, 7);
	/* Nobody could read them: what is live is not 0. */
	assert_false(world__stats(&w, 7)->live_known);
	assert_false(world__stats(&w, 7)->heap.known);
	assert_ptr_equal(model__add(w.m, 7, 0), model__find(w.m, 7));
	/* Of the same chain of the table. */
	assert_null(model__find(w.m, 7 + MODEL_CHAINS));
	world__close(&w);
}

/* Seen by two threads at once, or found in a list that is older. */
static void who_has_ended_does_not_end_again(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK), next = events__exit(7, 5 * TICK);

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	assert_false(model__has_ended(w.m, 7, TICK));
	world__take(&w, &exit);
	assert_true(model__has_ended(w.m, 7, TICK));
	assert_false(model__has_ended(w.m, 7, 5 * TICK));
	assert_int_equal(world__feed(&w, &exit), -ENOENT);
	assert_int_equal(w.m->n, 1);
	world__take(&w, &next); /* of the PID's next one, of which nothing else was seen */
	assert_int_equal(w.m->n, 2);
	world__close(&w);
}

static void a_record_of_none_is_refused(void **state)
{
	struct world w;
	struct event e = events__malloc(7, FN_COUNT, 1);

	world__open(&w, LEVEL_SIZES, NULL);
	assert_int_equal(world__feed(&w, &e), -EINVAL);
	e.op = FN_MALLOC;
	assert_int_equal(model__event(w.m, &e, sizeof(e) - 1, NULL), -EINVAL);
	assert_null(model__find(w.m, 7));
	world__close(&w);
}

static void a_fork_inherits_and_diverges(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct event_map in_child = events__mmap(8, MAP_BASE + 0x100000, PAGE, ANON, IN_APP);
	struct event_map in_parent;
	struct process *parent, *child;

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	parent = model__find(w.m, 7);
	fork.brk_end = BRK_BASE + 3 * PAGE;
	world__take(&w, &fork);
	child = model__find(w.m, 8);
	assert_ptr_equal(child->ledger, parent->ledger);
	assert_int_equal(live(&w, 8, CAUSE_DIRECT), 4 * PAGE);
	assert_int_equal(live(&w, 8, CAUSE_LOADER), 20 * PAGE);
	assert_int_equal(stats__heap_bytes(&child->stats), 3 * PAGE);
	assert_int_equal(child->stats.mapped[CAUSE_DIRECT].calls, 0);
	assert_int_equal(child->stats.ppid, 7);
	assert_string_equal(child->stats.comm, "child");
	assert_string_equal(child->stats.exe, parent->stats.exe);

	in_parent = events__munmap(7, MAP_BASE, 4 * PAGE);
	world__take(&w, &in_child);
	world__take(&w, &in_parent);
	assert_int_equal(live(&w, 8, CAUSE_DIRECT), 5 * PAGE);
	assert_int_equal(live(&w, 7, CAUSE_DIRECT), 0);
	assert_int_equal(child->stats.mapped[CAUSE_DIRECT].calls, 1);
	assert_int_equal(parent->stats.mapped[CAUSE_DIRECT].calls, 1);
	/* All is known of it: only the exec has asked. */
	assert_int_equal(w.wanted, 1);
	world__close(&w);
}

static void a_fork_of_an_unknown_process_asks(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);

	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &fork);
	assert_int_equal(w.wanted, 1);
	assert_int_equal(w.last_wanted, 8);
	assert_false(world__stats(&w, 8)->live_known);
	assert_null(model__find(w.m, 7));
	world__close(&w);
}

static void a_child_of_a_stale_process_is_stale(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	model__find(w.m, 7)->stale = true;
	world__take(&w, &fork);
	assert_false(world__stats(&w, 8)->live_known);
	world__close(&w);
}

static void a_vfork_child_maps_into_its_parent(void **state)
{
	struct world w;
	struct event_task vfork = events__fork(8, 7, 5 * TICK);
	struct event_map map = events__mmap(8, MAP_BASE + 0x100000, PAGE, ANON, IN_APP);
	struct event_brk grow = events__brk(8, BRK_BASE, BRK_BASE + 5 * PAGE);
	struct event_exec exec = events__exec(8, 5 * TICK, "another");

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	vfork.e.flags = EVENT_F_SHARED_MM;
	world__take(&w, &vfork);
	world__take(&w, &map);
	world__take(&w, &grow);
	assert_int_equal(live(&w, 7, CAUSE_DIRECT), 5 * PAGE);
	assert_int_equal(stats__heap_bytes(world__stats(&w, 7)), 5 * PAGE);
	/* Whoever asked has made the calls. */
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_DIRECT].calls, 1);
	assert_int_equal(world__stats(&w, 8)->mapped[CAUSE_DIRECT].calls, 1);
	assert_int_equal(world__stats(&w, 8)->heap.grow.calls, 1);

	world__take(&w, &exec);
	map.result += 0x100000;
	world__take(&w, &map);
	assert_int_equal(live(&w, 7, CAUSE_DIRECT), 5 * PAGE);
	assert_int_equal(live(&w, 8, CAUSE_DIRECT), PAGE);
	world__close(&w);
}

/* Its exec has spilled: that the break is elsewhere tells, and the parent's heap is left alone. */
static void a_vfork_child_is_another_program_by_its_break(void **state)
{
	struct world w;
	struct event_task vfork = events__fork(8, 7, 5 * TICK), end = events__exit(8, 5 * TICK);
	struct event_brk query = events__brk(8, 2 * BRK_BASE, 2 * BRK_BASE);
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 5 * PAGE);
	struct event_exec exec = events__exec(8, 5 * TICK, "another");

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	world__take(&w, &grow);
	vfork.e.flags = EVENT_F_SHARED_MM;
	world__take(&w, &vfork);
	query.start = 2 * BRK_BASE;
	world__take(&w, &query);
	assert_int_equal(world__stats(&w, 7)->heap.start, BRK_BASE);
	assert_int_equal(stats__heap_bytes(world__stats(&w, 7)), 5 * PAGE);
	assert_int_equal(world__stats(&w, 8)->heap.start, 2 * BRK_BASE);
	/* What it mapped before that was taken for its parent's. */
	assert_true(model__find(w.m, 7)->stale && model__find(w.m, 8)->stale);
	world__spill(&w, &exec, 5 * TICK);
	end.brk_start = 2 * BRK_BASE;
	end.brk_end = end.brk_start + 33 * PAGE;
	world__take(&w, &end);
	assert_int_equal(stats__heap_bytes(&model__find_start(w.m, 8, 5 * TICK)->stats), 33 * PAGE);
	assert_int_equal(stats__heap_bytes(world__stats(&w, 7)), 5 * PAGE);
	world__close(&w);
}

/* What a vfork's child forks off starts with the shared address space as it is by then. */
static void a_grandchild_inherits_the_address_space(void **state)
{
	struct world w;
	struct event_task vfork = events__fork(8, 7, 5 * TICK), fork = events__fork(9, 8, 6 * TICK);
	struct event_task second = events__fork(10, 8, 7 * TICK);
	struct event_map map = events__mmap(8, MAP_BASE + 0x100000, PAGE, ANON, IN_APP);
	struct event_map deeper = events__mmap(10, MAP_BASE + 0x200000, PAGE, ANON, IN_APP);

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	vfork.e.flags = second.e.flags = EVENT_F_SHARED_MM;
	world__take(&w, &vfork);
	world__take(&w, &map);
	world__take(&w, &fork);
	assert_int_equal(live(&w, 9, CAUSE_DIRECT), 5 * PAGE);
	world__take(&w, &second);
	world__take(&w, &deeper);
	assert_int_equal(live(&w, 7, CAUSE_DIRECT), 6 * PAGE);
	world__close(&w);
}

static void exec_keeps_calls_and_drops_what_was_live(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "another");
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 9 * PAGE);
	struct event call = events__malloc(7, FN_MALLOC, 100);
	const struct process_stats *s;

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	world__take(&w, &grow);
	world__take(&w, &call);
	exec.t.brk_end = BRK_BASE + PAGE;
	strcpy(exec.path, "/usr/bin/another");
	world__take(&w, &exec);
	s = world__stats(&w, 7);
	assert_int_equal(s->execs, 2);
	assert_int_equal(s->mapped[CAUSE_DIRECT].calls, 1);
	assert_int_equal(s->mapped[CAUSE_DIRECT].bytes, 4 * PAGE);
	assert_int_equal(s->mapped[CAUSE_DIRECT].live_bytes, 0);
	assert_int_equal(s->mapped[CAUSE_DIRECT].peak_bytes, 0);
	assert_int_equal(s->heap.grow.bytes, 9 * PAGE);
	assert_int_equal(stats__heap_bytes(s), PAGE);
	assert_int_equal(s->heap.peak_bytes, PAGE);
	assert_int_equal(s->malloc.calls, 1);
	assert_string_equal(s->comm, "another");
	assert_string_equal(s->exe, "/usr/bin/another");
	assert_null(s->allocator_object);
	assert_int_equal(s->allocator, ALLOCATOR_UNKNOWN);
	/* exec's own mappings, but for the stack */
	assert_int_equal(s->mapped[CAUSE_LOADER].live_bytes, 20 * PAGE);
	assert_int_equal(s->mapped[CAUSE_LOADER].live_regions, 4);
	assert_int_equal(w.images, 2);
	world__close(&w);
}

static void an_exit_freezes_the_row(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK);
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	exit.brk_end = BRK_BASE + 2 * PAGE;
	exit.rss_anon = 10;
	exit.rss_file = 20;
	exit.rss_shmem = 30;
	exit.e.flags = EVENT_F_MM;
	world__take(&w, &exit);
	assert_null(model__find(w.m, 7));
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_true(s.processes[0]->exited);
	assert_true(s.processes[0]->live_known);
	assert_int_equal(s.processes[0]->mapped[CAUSE_DIRECT].live_bytes, 4 * PAGE);
	assert_int_equal(stats__heap_bytes(s.processes[0]), 2 * PAGE);
	assert_true(s.processes[0]->rss.known);
	assert_int_equal(s.processes[0]->rss.anon_bytes, 10 * PAGE);
	assert_int_equal(s.processes[0]->rss.file_bytes, 20 * PAGE);
	assert_int_equal(s.processes[0]->rss.shmem_bytes, 30 * PAGE);
	assert_string_equal(s.processes[0]->comm, "gone");
	world__close(&w);
}

/* Before Linux 6.16 an exit has no pages to tell; a first event may be the last one. */
static void what_an_exit_does_not_tell_is_not_known(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK);
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	exit.brk_end = 0;
	world__take(&w, &exit);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_false(s.processes[0]->rss.known);
	assert_false(s.processes[0]->heap.known);
	assert_false(s.processes[0]->live_known);
	assert_int_equal(s.processes[0]->start_ns, TICK);
	world__close(&w);
}

static void a_pid_comes_again(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK), fork = events__fork(7, 1, 9 * TICK);
	struct event call = events__malloc(7, FN_MALLOC, 100);
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7, TICK);
	world__take(&w, &call);
	world__take(&w, &exit);
	world__take(&w, &fork);
	world__take(&w, &call);
	world__take(&w, &call);
	assert_int_equal(world__stats(&w, 7)->malloc.calls, 2);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 2);
	assert_int_equal(model__find_start(w.m, 7, TICK)->stats.malloc.calls, 1);
	world__close(&w);
}

/* The exit has spilled: what comes next of that PID, be it a fork, an exec or an exit, tells. */
static void another_start_is_another_process(void **state)
{
	struct event_task fork = events__fork(7, 1, 9 * TICK), exit = events__exit(7, 9 * TICK);
	struct event_exec exec = events__exec(7, 9 * TICK, "another");
	const void *events[] = {&fork, &exec, &exit};
	struct process *before, *after;
	struct snapshot s;
	struct world w;

	for (int i = 0; i < 3; i++) {
		world__open(&w, LEVEL_SIZES, NULL);
		begin(&w, 7, TICK);
		world__take(&w, events[i]);
		assert_int_equal(model__snapshot(w.m, &s), 0);
		assert_int_equal(s.count, 2);
		before = model__find_start(w.m, 7, TICK);
		after = model__find_start(w.m, 7, 9 * TICK);
		assert_non_null(before);
		assert_non_null(after);
		assert_true(before->stats.exited);
		assert_int_equal(before->stats.execs, 1);
		assert_string_equal(before->stats.comm, "program");
		assert_int_equal(after->stats.execs, i == 1);
		assert_int_equal(after->stats.mapped[CAUSE_DIRECT].calls, 0);
		world__close(&w);
	}
}

/* /proc tells a start in ticks, an event in nanoseconds. */
static void a_start_of_the_same_tick_is_the_same(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, 5 * TICK + 1234567, "program");
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	assert_non_null(model__add(w.m, 7, 5 * TICK));
	world__take(&w, &exec);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.processes[0]->start_ns, 5 * TICK + 1234567);
	assert_true(start__same(5 * TICK, 6 * TICK - 1));
	assert_false(start__same(5 * TICK, 6 * TICK));
	world__close(&w);
}

static void exec_takes_in_and_out_of_a_name_filter(void **state)
{
	struct world w;
	struct event_exec in = events__exec(7, TICK, "fifteen-charact");
	struct event_exec out = events__exec(7, TICK, "another");
	struct event_task exit = events__exit(7, TICK);
	struct note note;
	struct snapshot s;

	/* Longer than the kernel keeps. */
	world__open(&w, LEVEL_SIZES, "fifteen-characters");
	assert_int_equal(world__feed(&w, &exit), -ENOENT);
	assert_int_equal(world__feed(&w, &out), -ENOENT);
	assert_null(model__find(w.m, 7));
	assert_int_equal(world__feed(&w, &in), 0);
	assert_non_null(model__find(w.m, 7));
	assert_int_equal(model__event(w.m, &out.t.e, sizeof(out), &note), -ENOENT);
	assert_null(note.process);
	assert_null(model__find(w.m, 7));
	assert_int_equal(world__feed(&w, &exit), -ENOENT);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(s.count, 1);
	assert_false(s.processes[0]->exited); /* it runs, under another name */
	assert_int_equal(s.processes[0]->execs, 1);
	assert_string_equal(s.processes[0]->comm, "fifteen-charact");
	world__close(&w);
}

/* A record that is no kernel's: whatever it says, there is no less than nothing. */
static void an_image_is_never_negative(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "program");

	exec.t.stack_vm = exec.t.total_vm + 1;
	world__open(&w, LEVEL_SIZES, NULL);
	world__take(&w, &exec);
	assert_int_equal(live(&w, 7, CAUSE_LOADER), 0);
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_LOADER].peak_bytes, 0);
	world__close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_event_makes_a_row),
		cmocka_unit_test(a_record_of_none_is_refused),
		cmocka_unit_test(a_fork_inherits_and_diverges),
		cmocka_unit_test(a_fork_of_an_unknown_process_asks),
		cmocka_unit_test(a_child_of_a_stale_process_is_stale),
		cmocka_unit_test(a_vfork_child_maps_into_its_parent),
		cmocka_unit_test(a_vfork_child_is_another_program_by_its_break),
		cmocka_unit_test(a_grandchild_inherits_the_address_space),
		cmocka_unit_test(exec_keeps_calls_and_drops_what_was_live),
		cmocka_unit_test(an_exit_freezes_the_row),
		cmocka_unit_test(what_an_exit_does_not_tell_is_not_known),
		cmocka_unit_test(a_pid_comes_again),
		cmocka_unit_test(another_start_is_another_process),
		cmocka_unit_test(a_start_of_the_same_tick_is_the_same),
		cmocka_unit_test(who_has_ended_does_not_end_again),
		cmocka_unit_test(exec_takes_in_and_out_of_a_name_filter),
		cmocka_unit_test(an_image_is_never_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

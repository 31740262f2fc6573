/*
 * test_calls.c - level live in the model: whose calls, returns and frees are whose blocks, through
 * fork, vfork, exec and exit, and what is not known any more once one was missed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events.h"
#include "model/state.h"
#include "render/names.h"

#define BLOCK (MAP_BASE + 0x1000010)

static void begin(struct world *w, __u32 pid)
{
	struct event_exec x = events__exec(pid, TICK, "program");

	world__take(w, &x);
}

static void open_world(struct world *w)
{
	world__open(w, LEVEL_LIVE, NULL);
	begin(w, 7);
}

static void give(struct world *w, __u32 pid, __u64 addr, __u64 size)
{
	struct event_call call = events__call(pid, size, 0), ret = events__return(pid, addr);

	world__take(w, &call);
	world__take(w, &ret);
}

static void take_back(struct world *w, __u32 pid, __u64 addr)
{
	struct event_call e = events__free(pid, addr);

	world__take(w, &e);
}

/* As a snapshot has it, of the latest of this PID. */
static const struct process_stats *row(struct world *w, __u32 pid)
{
	const struct process_stats *found = NULL;
	struct snapshot s;

	assert_int_equal(model__snapshot(w->m, &s), 0);
	for (size_t i = 0; i < s.count; i++)
		if (s.processes[i]->pid == pid)
			found = s.processes[i];
	assert_non_null(found);
	return found;
}

static void expect_live(struct world *w, __u32 pid, __u64 blocks, __u64 bytes)
{
	const struct process_stats *s = row(w, pid);

	assert_true(s->paired.known);
	assert_int_equal(stats__live_blocks(s), blocks);
	assert_int_equal(stats__live_bytes(s), bytes);
}

static void expect_unknown(struct world *w, __u32 pid)
{
	assert_false(row(w, pid)->paired.known);
}

static void a_block_is_outstanding_until_its_free(void **state)
{
	struct world w;
	const struct process_stats *s;

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	give(&w, 7, BLOCK + 256, 50);
	take_back(&w, 7, BLOCK);
	expect_live(&w, 7, 1, 50);
	s = row(&w, 7);
	assert_int_equal(s->malloc.calls, 2);
	assert_int_equal(s->malloc.bytes, 150);
	assert_int_equal(s->paired.frees, 1);
	assert_int_equal(s->paired.frees_unknown, 0);
	assert_int_equal(s->paired.peak_bytes, 150);
	assert_true(s->paired.complete);
	world__close(&w);
}

/* Five-level paging has such addresses, and so has whoever calls a function of his malloc. */
static void an_address_beyond_what_is_kept_is_not_want_of_memory(void **state)
{
	struct world w;

	open_world(&w);
	give(&w, 7, 1ull << 48, 100);
	expect_unknown(&w, 7);
	assert_int_equal(row(&w, 7)->paired.why, UNPAIRED_BEYOND);
	assert_string_equal(unpaired__name(UNPAIRED_BEYOND),
			    "a block's address or size is beyond what is kept");
	assert_int_equal(row(&w, 7)->malloc.calls, 1);
	world__close(&w);
}

static void its_route_is_told_by_its_address(void **state)
{
	struct world w;
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 33 * PAGE);
	struct event_map map = events__mmap(7, MAP_BASE, 40 * PAGE, EVENT_F_ANON, IN_GLIBC);
	struct event_map arena = events__mmap(7, MAP_BASE + (64 << 20), 64 << 20,
					      EVENT_F_ANON | EVENT_F_NORESERVE | EVENT_F_RESERVE,
					      IN_GLIBC);
	struct event_map direct = events__mmap(7, MAP_BASE + (256 << 20), PAGE, EVENT_F_ANON,
					       IN_APP);
	const struct process_stats *s;

	open_world(&w);
	events__serve(&map, 40 * PAGE - 16);
	world__take(&w, &grow);
	world__take(&w, &map);
	world__take(&w, &arena);
	world__take(&w, &direct);
	give(&w, 7, BRK_BASE + 16, 1);
	give(&w, 7, BRK_BASE + 33 * PAGE, 2); /* just behind it */
	give(&w, 7, MAP_BASE + 16, 4);
	give(&w, 7, MAP_BASE + (64 << 20) + 16, 8);
	give(&w, 7, MAP_BASE + (256 << 20) + 16, 16);
	s = row(&w, 7);
	assert_int_equal(s->paired.live[ROUTE_HEAP].bytes, 1);
	assert_int_equal(s->paired.live[ROUTE_MMAP].bytes, 4);
	assert_int_equal(s->paired.live[ROUTE_ARENA].bytes, 8);
	assert_int_equal(s->paired.live[ROUTE_UNKNOWN].bytes, 2 + 16);
	assert_int_equal(s->paired.had[ROUTE_ARENA].calls, 1);
	/* It stays what it was when the block was given. */
	map = events__munmap(7, MAP_BASE, 40 * PAGE);
	world__take(&w, &map);
	assert_int_equal(row(&w, 7)->paired.live[ROUTE_MMAP].bytes, 4);
	give(&w, 7, MAP_BASE + 32, 4);
	assert_int_equal(row(&w, 7)->paired.live[ROUTE_UNKNOWN].bytes, 2 + 16 + 4);
	world__close(&w);
}

static const struct heap_marks *marks(struct world *w, __u32 pid)
{
	return &model__find(w->m, pid)->marks;
}

static void resize(struct world *w, __u64 old, __u64 addr, __u64 size)
{
	struct event_call call = events__call(7, size, old), ret = events__return(7, addr);

	world__take(w, &call);
	world__take(w, &ret);
}

/* Each way to free a block of the heap: what can be cached of them ends there. */
static void what_is_freed_leaves_marks(void **state)
{
	struct event_call aligned = events__call(7, 5000, 0), ret;
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 64 * PAGE);
	struct event_brk shrink = events__brk(7, BRK_BASE + 64 * PAGE, BRK_BASE + 2 * PAGE);
	struct event_exec exec = events__exec(7, TICK, "other");
	struct world w;

	open_world(&w);
	world__take(&w, &grow);
	give(&w, 7, BRK_BASE + 16, 24);
	give(&w, 7, MAP_BASE + 16, 24);
	take_back(&w, 7, MAP_BASE + 16);
	assert_int_equal(marks(&w, 7)->tcache_end, 0);
	take_back(&w, 7, BRK_BASE + 16);
	assert_int_equal(marks(&w, 7)->fastbin_end, BRK_BASE + 32);
	/* by a realloc that moves it, that cuts it, and that frees it */
	give(&w, 7, BRK_BASE + 0x1010, 1000);
	resize(&w, BRK_BASE + 0x1010, BRK_BASE + 0x2010, 2000);
	assert_int_equal(marks(&w, 7)->tcache_end, BRK_BASE + 0x1000 + 1008);
	resize(&w, BRK_BASE + 0x2010, BRK_BASE + 0x2010, 1992 - 64);
	assert_int_equal(marks(&w, 7)->fastbin_end, BRK_BASE + 0x2000 + 2016);
	give(&w, 7, BRK_BASE + 0x3010, 100);
	resize(&w, BRK_BASE + 0x3010, 0, 0);
	assert_int_equal(marks(&w, 7)->fastbin_end, BRK_BASE + 0x3000 + 112);
	/* what is left beside an aligned one */
	aligned.e.op = FN_POSIX_MEMALIGN;
	ret = events__return(7, BRK_BASE + 0x5000);
	world__take(&w, &aligned);
	world__take(&w, &ret);
	assert_int_equal(marks(&w, 7)->tcache_end, BRK_BASE + 0x5000 - 16 + 5008 + 1040);
	assert_int_equal(marks(&w, 7)->heap_request, 5000);
	world__take(&w, &shrink);
	assert_int_equal(marks(&w, 7)->tcache_end, BRK_BASE + 2 * PAGE);
	world__take(&w, &exec);
	assert_int_equal(marks(&w, 7)->tcache_end, 0);
	assert_int_equal(marks(&w, 7)->heap_request, 0);
	world__close(&w);
}

/* The threshold is the free's, and the fork's child has it as well. */
static void large_blocks_in_the_heap_leave_marks(void **state)
{
	struct event_map map = events__mmap(7, MAP_BASE, 256 * PAGE, EVENT_F_ANON, IN_GLIBC);
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 256 * PAGE);
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct world w;

	open_world(&w);
	events__serve(&map, 256 * PAGE - 16);
	world__take(&w, &grow);
	world__take(&w, &map);
	give(&w, 7, BRK_BASE + 16, 64 * PAGE - 8);
	assert_int_equal(marks(&w, 7)->by_large, 0);
	give(&w, 7, MAP_BASE + 16, 256 * PAGE - 16);
	take_back(&w, 7, MAP_BASE + 16);
	assert_int_equal(marks(&w, 7)->mapping_freed, 256 * PAGE);
	give(&w, 7, BRK_BASE + 64 * PAGE + 16, 64 * PAGE - 8);
	assert_int_equal(marks(&w, 7)->by_large, 64 * PAGE);
	fork.e.object = 7;
	fork.brk_start = BRK_BASE;
	fork.brk_end = BRK_BASE + 256 * PAGE;
	world__take(&w, &fork);
	assert_int_equal(marks(&w, 8)->by_large, 64 * PAGE);
	world__close(&w);
}

static void a_fork_inherits_blocks_and_diverges(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct event_call call = events__call(7, 30, BLOCK), ret = events__return(7, BLOCK + 512);

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	give(&w, 7, BLOCK + 256, 50);
	/* In the middle of a realloc of another thread than the one that forks. */
	call.e.tid = ret.e.tid = 77;
	world__take(&w, &call);
	fork.e.object = 7;
	world__take(&w, &fork);
	expect_live(&w, 8, 2, 150);
	assert_int_equal(row(&w, 8)->malloc.calls, 0);
	assert_int_equal(row(&w, 8)->paired.frees, 0);
	world__take(&w, &ret);
	expect_live(&w, 7, 2, 80);
	take_back(&w, 8, BLOCK);
	take_back(&w, 8, BLOCK + 256);
	take_back(&w, 8, BLOCK + 512);
	expect_live(&w, 8, 0, 0);
	assert_int_equal(row(&w, 8)->paired.frees_unknown, 1);
	expect_live(&w, 7, 2, 80);
	world__close(&w);
}

/* A PID of which something was heard before its fork. */
static void a_fork_replaces_what_there_was(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	give(&w, 8, BLOCK + 256, 50);
	world__take(&w, &fork);
	expect_live(&w, 8, 1, 100);
	world__close(&w);
}

static void who_forks_in_a_call_has_it_on_both_sides(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct event_call call = events__call(7, 30, 0), ret = events__return(7, BLOCK);
	struct event_call other = events__return(8, BLOCK);

	open_world(&w);
	call.e.tid = ret.e.tid = fork.e.object = 77;
	world__take(&w, &call);
	world__take(&w, &fork);
	world__take(&w, &other);
	expect_live(&w, 8, 1, 30);
	expect_live(&w, 7, 0, 0);
	world__take(&w, &ret);
	expect_live(&w, 7, 1, 30);
	world__close(&w);
}

static void a_vfork_child_has_its_parents_blocks(void **state)
{
	struct world w;
	struct event_task vfork = events__fork(8, 7, 5 * TICK), exit = events__exit(8, 5 * TICK);
	struct event_exec exec = events__exec(8, 5 * TICK, "another");

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	vfork.e.flags = EVENT_F_SHARED_MM;
	world__take(&w, &vfork);
	take_back(&w, 8, BLOCK);
	give(&w, 8, BLOCK + 256, 7);
	expect_live(&w, 7, 1, 7);
	expect_live(&w, 8, 1, 7);
	assert_int_equal(row(&w, 8)->paired.frees, 1);
	assert_int_equal(row(&w, 7)->paired.frees, 0);
	assert_int_equal(row(&w, 8)->malloc.calls, 1);
	world__take(&w, &exec);
	expect_live(&w, 8, 0, 0);
	give(&w, 8, BLOCK, 9);
	expect_live(&w, 8, 1, 9);
	expect_live(&w, 7, 1, 7);
	world__take(&w, &exit);
	expect_live(&w, 8, 1, 9);
	take_back(&w, 7, BLOCK + 256);
	expect_live(&w, 7, 0, 0);
	world__close(&w);
}

/* The lender goes first: who it was lent to has the blocks. */
static void blocks_are_handed_on(void **state)
{
	struct world w;
	struct event_task vfork = events__fork(8, 7, 5 * TICK), exit = events__exit(7, TICK);

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	vfork.e.flags = EVENT_F_SHARED_MM;
	world__take(&w, &vfork);
	world__take(&w, &exit);
	expect_live(&w, 7, 1, 100);
	expect_live(&w, 8, 1, 100);
	take_back(&w, 8, BLOCK);
	expect_live(&w, 8, 0, 0);
	world__close(&w);
}

static void exec_drops_blocks_and_open_calls(void **state)
{
	struct world w;
	struct event_exec exec = events__exec(7, TICK, "another");
	struct event_call call = events__call(7, 30, 0), ret = events__return(7, BLOCK);

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	world__take(&w, &call);
	world__take(&w, &exec);
	expect_live(&w, 7, 0, 0);
	world__take(&w, &ret);
	expect_live(&w, 7, 0, 0);
	take_back(&w, 7, BLOCK);
	assert_int_equal(row(&w, 7)->paired.frees_unknown, 1);
	assert_int_equal(row(&w, 7)->malloc.calls, 2);
	world__close(&w);
}

static void an_exit_freezes_what_was_outstanding(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK);

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	world__take(&w, &exit);
	expect_live(&w, 7, 1, 100);
	world__close(&w);
}

/* Each of the three: counted, and the blocks are unknown, in whoever shares or inherits them. */
static void a_spilled_event_makes_blocks_unknown(void **state)
{
	const struct event_call events[] = {events__call(7, 30, 0), events__return(7, BLOCK),
					    events__free(7, BLOCK)};
	struct event_task fork = events__fork(8, 7, 5 * TICK), vfork = events__fork(9, 7, 5 * TICK);
	struct event_exec exec = events__exec(7, TICK, "another");
	struct world w;

	vfork.e.flags = EVENT_F_SHARED_MM;
	for (int i = 0; i < 3; i++) {
		open_world(&w);
		give(&w, 7, BLOCK, 100);
		world__take(&w, &vfork);
		world__spill(&w, &events[i], TICK);
		world__take(&w, &fork);
		expect_unknown(&w, 7);
		expect_unknown(&w, 8);
		expect_unknown(&w, 9);
		assert_int_equal(row(&w, 7)->malloc.calls, 1 + (i == 0));
		assert_int_equal(row(&w, 7)->malloc.bytes, 100 + (i == 0 ? 30 : 0));
		assert_int_equal(row(&w, 7)->paired.frees, i == 2);
		/* Another program begins anew; who runs in the old address space does not. */
		world__take(&w, &exec);
		expect_live(&w, 7, 0, 0);
		expect_unknown(&w, 9);
		world__close(&w);
	}
}

/* The spill is read later: the fork's own event says that there was one. */
static void a_child_of_what_was_missed_knows_its_blocks_no_better(void **state)
{
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct event_exec exec = events__exec(8, 5 * TICK, "another");
	struct world w;

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	fork.e.flags = EVENT_F_MISSED;
	world__take(&w, &fork);
	expect_unknown(&w, 8);
	expect_live(&w, 7, 1, 100);
	world__take(&w, &exec);
	expect_live(&w, 8, 0, 0);
	world__close(&w);
}

/* It has left the address space by the time that the spill is read. */
static void what_a_vfork_child_missed_its_parent_has(void **state)
{
	struct event_task vfork = events__fork(8, 7, 5 * TICK);
	struct event_exec exec = events__exec(8, 5 * TICK, "another");
	struct event_call freed = events__free(8, BLOCK);
	struct world w;

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	vfork.e.flags = EVENT_F_SHARED_MM;
	world__take(&w, &vfork);
	world__take(&w, &exec);
	world__spill(&w, &freed, 5 * TICK);
	expect_unknown(&w, 7);
	world__close(&w);
}

/* The kernel's table of processes was full. */
static void a_call_of_nobody_knows_whom_makes_all_blocks_unknown(void **state)
{
	struct event_call freed = events__free(7, BLOCK);
	struct world w;

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	world__spill(&w, &freed, 0);
	expect_unknown(&w, 7);
	world__close(&w);
}

/* What the first program's calls had is missing in the sums of both. */
static void routes_by_address_stay_unknown_after_an_exec(void **state)
{
	const struct event_call missed = events__return(7, BLOCK), call = events__call(7, 30, 0);
	struct event_exec exec = events__exec(7, TICK, "another");
	struct world w;

	open_world(&w);
	give(&w, 7, BLOCK, 100);
	world__spill(&w, &missed, TICK);
	world__take(&w, &call);
	world__take(&w, &exec);
	give(&w, 7, BLOCK, 9);
	expect_live(&w, 7, 1, 9);
	assert_false(row(&w, 7)->paired.had_known);
	world__close(&w);
}

static void a_return_that_is_not_waited_for_makes_blocks_unknown(void **state)
{
	struct world w;
	struct event_call call = events__call(7, 30, 0), ret = events__return(7, BLOCK);

	open_world(&w);
	call.e.flags = EVENT_F_NO_RETURN | EVENT_F_IMPOSSIBLE;
	call.e.size = 0;
	world__take(&w, &call);
	expect_live(&w, 7, 0, 0);
	assert_int_equal(row(&w, 7)->paired.failed, 1);
	assert_int_equal(row(&w, 7)->malloc.impossible, 1);
	call.e.flags = EVENT_F_NO_RETURN;
	call.e.size = 30;
	world__take(&w, &call);
	world__take(&w, &ret);
	expect_unknown(&w, 7);
	assert_int_equal(row(&w, 7)->malloc.calls, 2);
	world__close(&w);
}

static void frees_of_older_blocks_are_unknown(void **state)
{
	struct world w;
	struct event_call call = events__call(7, 70, BLOCK + 512),
			  ret = events__return(7, BLOCK + 512);

	world__open(&w, LEVEL_LIVE, NULL);
	assert_non_null(model__add(w.m, 7, TICK));
	give(&w, 7, BLOCK, 100);
	take_back(&w, 7, BLOCK + 256);
	world__take(&w, &call);
	world__take(&w, &ret);
	expect_live(&w, 7, 2, 170);
	assert_int_equal(row(&w, 7)->paired.frees_unknown, 1);
	assert_false(row(&w, 7)->paired.complete);
	world__close(&w);
}

/* At a level that does not pair, nothing is said of blocks. */
static void below_live_no_block_is_known(void **state)
{
	struct world w;
	struct event e = events__malloc(7, FN_MALLOC, 100);

	world__open(&w, LEVEL_SIZES, NULL);
	begin(&w, 7);
	world__take(&w, &e);
	expect_unknown(&w, 7);
	world__close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_outstanding_until_its_free),
		cmocka_unit_test(an_address_beyond_what_is_kept_is_not_want_of_memory),
		cmocka_unit_test(its_route_is_told_by_its_address),
		cmocka_unit_test(what_is_freed_leaves_marks),
		cmocka_unit_test(large_blocks_in_the_heap_leave_marks),
		cmocka_unit_test(a_fork_inherits_blocks_and_diverges),
		cmocka_unit_test(a_fork_replaces_what_there_was),
		cmocka_unit_test(who_forks_in_a_call_has_it_on_both_sides),
		cmocka_unit_test(a_vfork_child_has_its_parents_blocks),
		cmocka_unit_test(blocks_are_handed_on),
		cmocka_unit_test(exec_drops_blocks_and_open_calls),
		cmocka_unit_test(an_exit_freezes_what_was_outstanding),
		cmocka_unit_test(a_spilled_event_makes_blocks_unknown),
		cmocka_unit_test(a_child_of_what_was_missed_knows_its_blocks_no_better),
		cmocka_unit_test(what_a_vfork_child_missed_its_parent_has),
		cmocka_unit_test(a_call_of_nobody_knows_whom_makes_all_blocks_unknown),
		cmocka_unit_test(routes_by_address_stay_unknown_after_an_exec),
		cmocka_unit_test(a_return_that_is_not_waited_for_makes_blocks_unknown),
		cmocka_unit_test(frees_of_older_blocks_are_unknown),
		cmocka_unit_test(below_live_no_block_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_space.c - ledgers against the kernel's count, address spaces that processes share, and calls
 * that failed but did something.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events.h"
#include "model/space.h"
#include "model/state.h"

#define ANON EVENT_F_ANON
/* What events__exec says that exec mapped, without the stack. */
#define IMAGE (20 * PAGE)
#define STACK (33 * PAGE)

/* Known whole, with 4 pages at MAP_BASE. */
static struct process *begin(struct world *w, __u32 pid)
{
	struct event_exec x = events__exec(pid, TICK, "program");
	struct event_map map = events__mmap(pid, MAP_BASE, 4 * PAGE, ANON, IN_APP);

	world__take(w, &x);
	world__take(w, &map);
	return model__find(w->m, pid);
}

static __s64 unexplained(struct process *p, __u64 bytes)
{
	space__check(p, bytes, STACK);
	assert_true(p->stats.space.known);
	return stats__unexplained(&p->stats);
}

static __u64 direct(struct world *w, __u32 pid)
{
	return world__stats(w, pid)->mapped[CAUSE_DIRECT].live_bytes;
}

/* What the program unmaps of its heap, or moves away, is there no more; the break stays. */
static void a_heap_with_holes(void **state)
{
	struct world w;
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 20 * PAGE);
	struct event_brk shrink = events__brk(7, BRK_BASE + 20 * PAGE, BRK_BASE + 5 * PAGE);
	struct event_brk again = events__brk(7, BRK_BASE + 5 * PAGE, BRK_BASE + 20 * PAGE);
	struct event_map unmap = events__munmap(7, BRK_BASE + 4 * PAGE, 2 * PAGE);
	struct event_map over = events__mmap(7, BRK_BASE + 5 * PAGE, PAGE, ANON, IN_APP);
	struct event_map move = events__mremap(7, BRK_BASE + 10 * PAGE, PAGE, MAP_BASE + 100 * PAGE,
					       3 * PAGE, IN_APP);
	struct event_map below = events__munmap(7, BRK_BASE - 9 * PAGE, 10 * PAGE);
	struct process *p;

	world__open(&w, LEVEL_SYSCALLS, NULL);
	p = begin(&w, 7);
	world__take(&w, &grow);
	world__take(&w, &unmap);
	assert_int_equal(unexplained(p, IMAGE + STACK + (4 + 18) * PAGE), 0);
	assert_int_equal(p->stats.heap.unmapped_bytes, 2 * PAGE);
	assert_int_equal(stats__heap_bytes(&p->stats), 20 * PAGE);
	world__take(&w, &over);
	assert_int_equal(unexplained(p, IMAGE + STACK + (4 + 19) * PAGE), 0);
	assert_int_equal(p->stats.heap.unmapped_bytes, PAGE);
	/* No doubt: what was there is known. */
	world__take(&w, &move);
	assert_true(p->stats.live_known);
	assert_int_equal(direct(&w, 7), (4 + 1 + 3) * PAGE);
	assert_int_equal(unexplained(p, IMAGE + STACK + (4 + 18 + 3) * PAGE), 0);
	assert_int_equal(p->stats.heap.unmapped_bytes, 2 * PAGE);
	world__take(&w, &below);
	assert_int_equal(p->stats.heap.unmapped_bytes, 3 * PAGE);
	/* A child has what its parent has. */
	struct event_task fork = events__fork(8, 7, 2 * TICK);

	fork.brk_start = BRK_BASE;
	fork.brk_end = BRK_BASE + 20 * PAGE;
	world__take(&w, &fork);
	assert_int_equal(world__stats(&w, 8)->heap.unmapped_bytes, 3 * PAGE);
	/* What the break comes back to is mapped anew. */
	world__take(&w, &shrink);
	world__take(&w, &again);
	assert_int_equal(p->stats.heap.unmapped_bytes, 2 * PAGE);
	assert_int_equal(world__stats(&w, 8)->heap.unmapped_bytes, 3 * PAGE);
	world__close(&w);
}

/* The list shows a hole as nothing between two parts. */
static void holes_in_the_list(void **state)
{
	struct world w;
	struct mapping maps[] = {
		{.start = BRK_BASE + 2 * PAGE, .end = BRK_BASE + 4 * PAGE, .kind = MAPPING_HEAP},
		{.start = BRK_BASE + 6 * PAGE, .end = BRK_BASE + 9 * PAGE, .kind = MAPPING_HEAP},
	};
	struct process *p;

	world__open(&w, LEVEL_SYSCALLS, NULL);
	p = model__add(w.m, 7, TICK);
	assert_int_equal(model__seed(w.m, p, maps, 2, BRK_BASE, 5), 0);
	assert_int_equal(stats__heap_bytes(&p->stats), 9 * PAGE);
	assert_int_equal(p->stats.heap.unmapped_bytes, 4 * PAGE);
	assert_int_equal(unexplained(p, STACK + 5 * PAGE), 0);
	assert_int_equal(model__seed(w.m, p, maps, 1, BRK_BASE + 2 * PAGE, 6), 0);
	assert_int_equal(p->stats.heap.unmapped_bytes, 0);
	world__close(&w);
}

static void all_is_explained(void **state)
{
	struct world w;
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 3 * PAGE);
	struct process *p;

	world__open(&w, LEVEL_SYSCALLS, NULL);
	p = begin(&w, 7);
	world__take(&w, &grow);
	assert_int_equal(unexplained(p, IMAGE + STACK + 7 * PAGE), 0);
	assert_int_equal(p->stats.space.bytes, IMAGE + STACK + 7 * PAGE);
	assert_int_equal(p->stats.space.explained_bytes, IMAGE + STACK + 7 * PAGE);
	/* Something mapped that was not seen, and something gone. */
	assert_int_equal(unexplained(p, IMAGE + STACK + 9 * PAGE), 2 * PAGE);
	assert_int_equal(unexplained(p, IMAGE + STACK + 6 * PAGE), -(int)PAGE);
	world__close(&w);
}

static void what_grows_by_faults_is_taken_from_the_kernel(void **state)
{
	struct world w;
	struct event_map down = events__mmap(7, MAP_BASE + 0x100000, 2 * PAGE, ANON, IN_APP);
	struct process *p;

	world__open(&w, LEVEL_SYSCALLS, NULL);
	p = begin(&w, 7);
	down.flags = 0x122; /* MAP_GROWSDOWN | MAP_ANONYMOUS | MAP_PRIVATE */
	world__take(&w, &down);
	/* 2 pages were mapped, and 5 have come: the kernel has all 7 among its stacks. */
	space__check(p, IMAGE + STACK + 11 * PAGE, STACK + 7 * PAGE);
	assert_int_equal(stats__unexplained(&p->stats), 0);
	world__close(&w);
}

static void what_is_not_known_is_not_compared(void **state)
{
	struct world w;
	struct process *p;

	world__open(&w, LEVEL_SYSCALLS, NULL);
	p = begin(&w, 7);
	p->stale = true;
	process__update_live(p);
	space__check(p, 100 * PAGE, STACK);
	assert_false(p->stats.space.known);
	p->stale = false;
	process__update_live(p);
	p->stack_is_code = true;
	space__check(p, 100 * PAGE, STACK);
	assert_false(p->stats.space.known);
	p->stack_is_code = false;
	space__check(p, 0, 0); /* nothing could be read */
	assert_false(p->stats.space.known);
	world__close(&w);
}

static void an_exit_is_compared(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK);

	exit.e.flags = EVENT_F_MM;
	exit.total_vm = (IMAGE + STACK) / PAGE + 4 + 1;
	exit.stack_vm = STACK / PAGE;
	exit.e.size = 1; /* a page for probes */
	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	world__take(&w, &exit);
	assert_true(w.m->all[0]->stats.space.known);
	assert_int_equal(stats__unexplained(&w.m->all[0]->stats), 0);
	world__close(&w);

	exit.e.flags = 0; /* its address space had gone by then */
	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	world__take(&w, &exit);
	assert_false(w.m->all[0]->stats.space.known);
	world__close(&w);
}

/* Another thread mapped something between the copy and the event of the fork. */
static void a_copy_that_differs_is_read(void **state)
{
	struct world w;
	struct event_task same = events__fork(8, 7, 2 * TICK), other = events__fork(9, 7, 3 * TICK);

	same.total_vm = (IMAGE + STACK) / PAGE + 4;
	same.stack_vm = STACK / PAGE;
	other.total_vm = same.total_vm - 1;
	other.stack_vm = same.stack_vm;
	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	world__take(&w, &same);
	assert_int_equal(w.wanted - w.images, 0);
	assert_true(world__stats(&w, 8)->live_known);
	world__take(&w, &other);
	assert_int_equal(w.wanted - w.images, 1);
	assert_int_equal(w.last_wanted, 9);
	assert_false(world__stats(&w, 9)->live_known);
	world__close(&w);
}

/* A process that runs in the address space of 7. */
static void share(struct world *w, __u32 pid)
{
	struct event_task fork = events__fork(pid, 7, pid * TICK);

	fork.e.flags = EVENT_F_SHARED_MM;
	world__take(w, &fork);
}

static void snapshot(struct world *w)
{
	struct snapshot s;

	assert_int_equal(model__snapshot(w->m, &s), 0);
}

static void who_shares_shows_the_same(void **state)
{
	struct world w;
	struct event_map more = events__mmap(7, MAP_BASE + 0x100000, 2 * PAGE, ANON, IN_APP);
	struct event_brk grow = events__brk(8, BRK_BASE, BRK_BASE + PAGE);
	struct event_task exit = events__exit(8, 8 * TICK);

	exit.brk_end = BRK_BASE + PAGE;
	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	share(&w, 8);
	world__take(&w, &more);
	world__take(&w, &grow);
	snapshot(&w);
	assert_int_equal(direct(&w, 8), 6 * PAGE);
	assert_int_equal(stats__heap_bytes(world__stats(&w, 8)), PAGE);
	assert_int_equal(stats__heap_bytes(world__stats(&w, 7)), PAGE);
	world__take(&w, &exit);
	assert_int_equal(w.m->borrowers, 0);
	assert_int_equal(direct(&w, 7), 6 * PAGE);
	world__close(&w);
}

static void who_is_left_keeps_the_address_space(void **state)
{
	struct world w;
	struct event_task exit = events__exit(7, TICK);
	struct event_map unmap;

	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	share(&w, 8);
	share(&w, 9);
	assert_int_equal(w.m->borrowers, 2);
	world__take(&w, &exit);
	assert_int_equal(w.m->borrowers, 1);
	unmap = events__munmap(9, MAP_BASE, PAGE);
	world__take(&w, &unmap);
	snapshot(&w);
	for (__u32 pid = 8; pid <= 9; pid++) {
		assert_true(world__stats(&w, pid)->live_known);
		assert_int_equal(direct(&w, pid), 3 * PAGE);
	}
	assert_int_equal(unexplained(model__find(w.m, 8), IMAGE + STACK + 3 * PAGE), 0);
	world__close(&w);
}

static void exec_leaves_what_was_shared_to_the_others(void **state)
{
	struct world w;
	struct event_exec x = events__exec(7, TICK, "other");

	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	share(&w, 8);
	world__take(&w, &x);
	snapshot(&w);
	assert_int_equal(w.m->borrowers, 0);
	assert_int_equal(direct(&w, 7), 0);
	assert_int_equal(direct(&w, 8), 4 * PAGE);
	world__close(&w);
}

static struct event_map refused(struct event_map e, int error)
{
	e.e.op = e.e.type == EVENT_MREMAP ? (int)REMAP_REFUSED : (int)MAP_REFUSED;
	e.e.size = 0;
	e.result = -(__s64)error;
	return e;
}

static void mprotect_fails_behind_what_it_changed(void **state)
{
	struct world w;
	struct event_map no = refused(events__mprotect(7, MAP_BASE + PAGE, 8 * PAGE, 0), ENOMEM);
	struct event_map nothing = refused(events__mprotect(7, MAP_BASE, 4 * PAGE, 0), EINVAL);

	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	world__take(&w, &nothing);
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_DIRECT].usable_bytes, 4 * PAGE);
	world__take(&w, &no);
	assert_int_equal(world__stats(&w, 7)->mapped[CAUSE_DIRECT].usable_bytes, PAGE);
	assert_true(world__stats(&w, 7)->live_known);
	world__close(&w);
}

static void a_failed_move_to_a_fixed_place_is_looked_at(void **state)
{
	struct world w;
	struct event_map no = refused(
		events__mremap(7, MAP_BASE, PAGE, MAP_BASE + 0x100000, PAGE, IN_APP), EFAULT);
	struct mapping there = {.start = MAP_BASE, .end = MAP_BASE + 2 * PAGE, .writable = true};

	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	world__take(&w, &no); /* not fixed: nothing has changed */
	assert_int_equal(w.wanted - w.images, 0);
	no.flags = 3; /* MREMAP_MAYMOVE | MREMAP_FIXED */
	world__take(&w, &no);
	assert_int_equal(w.wanted - w.images, 1);
	assert_false(world__stats(&w, 7)->live_known);
	/* Again at once: the list that is asked for will tell of both. */
	world__take(&w, &no);
	assert_int_equal(w.wanted - w.images, 1);
	assert_int_equal(model__seed(w.m, model__find(w.m, 7), &there, 1, 0, no.e.ts_ns + 1), 0);
	assert_true(world__stats(&w, 7)->live_known);
	assert_int_equal(direct(&w, 7), 2 * PAGE);
	assert_int_equal(world__stats(&w, 7)->space.rereads, 1);
	world__close(&w);
}

static void a_break_that_moved_before_is_not_counted(void **state)
{
	struct world w;
	struct event_brk late = events__brk(7, BRK_BASE + PAGE, BRK_BASE + PAGE);

	late.e.flags = EVENT_F_LATE;
	world__open(&w, LEVEL_SYSCALLS, NULL);
	begin(&w, 7);
	world__take(&w, &late);
	assert_int_equal(stats__heap_bytes(world__stats(&w, 7)), PAGE);
	assert_int_equal(world__stats(&w, 7)->heap.query_calls, 0);
	world__close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_explained),
		cmocka_unit_test(what_grows_by_faults_is_taken_from_the_kernel),
		cmocka_unit_test(what_is_not_known_is_not_compared),
		cmocka_unit_test(an_exit_is_compared),
		cmocka_unit_test(a_copy_that_differs_is_read),
		cmocka_unit_test(who_shares_shows_the_same),
		cmocka_unit_test(who_is_left_keeps_the_address_space),
		cmocka_unit_test(exec_leaves_what_was_shared_to_the_others),
		cmocka_unit_test(mprotect_fails_behind_what_it_changed),
		cmocka_unit_test(a_failed_move_to_a_fixed_place_is_looked_at),
		cmocka_unit_test(a_break_that_moved_before_is_not_counted),
		cmocka_unit_test(a_heap_with_holes),
		cmocka_unit_test(holes_in_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

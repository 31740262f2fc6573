/*
 * test_callers.c - who called mmap: numbered once, counted once, and never without limit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "model/callers.h"
#include "model/state.h"

static void a_place_has_one_number(void **state)
{
	struct call_sites *c = call_sites__new();
	struct site a = {.ino = 1, .dev = 2, .off = 3}, s;
	__u32 first = call_sites__add(c, &a);

	assert_true(first >= CALLER_FIRST);
	assert_int_equal(call_sites__add(c, &a), first);
	assert_memory_equal(call_sites__at(c, first), &a, sizeof(a));
	for (int i = 0; i < 3; i++) {
		s = a;
		*(i == 0 ? &s.dev : &s.off) += i + 1;
		s.ino += i == 2;
		assert_int_equal(call_sites__find(c, &s), CALLER_UNKNOWN);
		assert_int_equal(call_sites__add(c, &s), first + 1 + i);
	}
	assert_int_equal(call_sites__count(c), first + 4);
	assert_null(call_sites__at(c, CALLER_UNKNOWN));
	assert_null(call_sites__at(c, CALLER_OTHERS));
	assert_null(call_sites__at(c, first + 4));
	/* In no file is a place, too. */
	assert_int_equal(call_sites__add(c, &(struct site){}), first + 4);
	call_sites__free(c);
	call_sites__free(NULL);
}

static void places_have_a_limit(void **state)
{
	struct call_sites *c = call_sites__new();
	struct site s = {.ino = 1};

	for (__u32 i = CALLER_FIRST; i < CALLERS_MOST; i++) {
		s.off = i * 16;
		assert_int_equal(call_sites__add(c, &s), i);
	}
	s.off = 1;
	assert_int_equal(call_sites__add(c, &s), CALLER_OTHERS);
	assert_int_equal(call_sites__find(c, &s), CALLER_UNKNOWN);
	for (__u32 i = CALLER_FIRST; i < CALLERS_MOST; i++) {
		s.off = i * 16;
		assert_int_equal(call_sites__find(c, &s), i);
	}
	call_sites__free(c);
}

/* NULL: it has none. */
static const struct caller_stats *stats_of(struct world *w, const struct process_stats *p,
					   enum place place, enum cause cause)
{
	struct site site = events__site(place);
	const struct site *at;

	for (size_t i = 0; i < p->n_callers; i++) {
		at = model__caller_site(w->m, p->callers[i].caller);
		if (p->callers[i].cause == cause && (place == AT_ADDRESS ? !at : at != NULL) &&
		    (!at || !memcmp(at, &site, sizeof(site))))
			return &p->callers[i];
	}
	return NULL;
}

static void assert_caller(struct world *w, __u32 pid, enum place place, enum cause cause,
			  struct caller_stats want)
{
	const struct caller_stats *c = stats_of(w, world__stats(w, pid), place, cause);

	assert_non_null(c);
	assert_int_equal(c->calls, want.calls);
	assert_int_equal(c->bytes, want.bytes);
	assert_int_equal(c->live_bytes, want.live_bytes);
	assert_int_equal(c->live_regions, want.live_regions);
}

static void open_with_program(struct world *w, __u32 pid)
{
	struct event_exec exec = events__exec(pid, TICK, "program");

	world__open(w, LEVEL_SIZES, NULL);
	world__take(w, &exec);
}

static void take_mmap(struct world *w, __u32 pid, unsigned int page, unsigned int n,
		      enum place caller)
{
	struct event_map e = events__mmap(pid, MAP_BASE + page * PAGE, n * PAGE, EVENT_F_ANON,
					  caller);

	world__take(w, &e);
}

static void each_caller_has_what_it_called_for(void **state)
{
	struct world w;
	struct event_map file = events__mmap(7, MAP_BASE + 90 * PAGE, PAGE, 0, IN_APP);
	struct event_map inlined = events__mmap(7, MAP_BASE + 91 * PAGE, PAGE, EVENT_F_ANON,
						IN_MUSL);
	struct event_map no = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_LOADER);
	struct event_map unmap;

	open_with_program(&w, 7);
	take_mmap(&w, 7, 0, 4, IN_APP);
	take_mmap(&w, 7, 4, 1, IN_APP);
	take_mmap(&w, 7, 10, 2, NOWHERE);
	take_mmap(&w, 7, 20, 3, IN_GLIBC);
	take_mmap(&w, 7, 30, 5, AT_ADDRESS);
	world__take(&w, &file);
	/* The system call stands in the code itself. */
	inlined.ip = events__site(IN_APP);
	world__take(&w, &inlined);
	no.e.op = MAP_REFUSED;
	no.e.size = 0;
	no.result = -12;
	world__take(&w, &no);
	unmap = events__munmap(7, MAP_BASE + PAGE, PAGE);
	world__take(&w, &unmap);
	assert_int_equal(model__update_callers(w.m), 0);
	/* The hole makes two of the first four pages. */
	assert_caller(&w, 7, IN_APP, CAUSE_DIRECT,
		      (struct caller_stats){0, 0, 3, 6 * PAGE, 5 * PAGE, 4});
	assert_caller(&w, 7, NOWHERE, CAUSE_DIRECT,
		      (struct caller_stats){0, 0, 1, 2 * PAGE, 2 * PAGE, 1});
	assert_caller(&w, 7, IN_GLIBC, CAUSE_MALLOC,
		      (struct caller_stats){0, 0, 1, 3 * PAGE, 3 * PAGE, 1});
	assert_caller(&w, 7, IN_APP, CAUSE_FILE, (struct caller_stats){0, 0, 1, PAGE, PAGE, 1});
	assert_caller(&w, 7, AT_ADDRESS, CAUSE_UNATTRIBUTED,
		      (struct caller_stats){0, 0, 1, 5 * PAGE, 5 * PAGE, 1});
	/* What exec mapped nobody called for. */
	assert_caller(&w, 7, AT_ADDRESS, CAUSE_LOADER,
		      (struct caller_stats){0, 0, 0, 0, 20 * PAGE, 4});
	assert_null(stats_of(&w, world__stats(&w, 7), IN_LOADER, CAUSE_LOADER));
	assert_int_equal(world__stats(&w, 7)->n_callers, 6);
	world__close(&w);
}

/* Room for a caller is made before it is known whether there is one to count. */
static void a_table_that_moves_is_followed(void **state)
{
	struct world w;

	open_with_program(&w, 7);
	for (__u32 i = 0; i < 100; i++) {
		struct event_map e = events__mmap(7, MAP_BASE, PAGE, EVENT_F_ANON, IN_APP);

		e.caller.off += 8 * (i / 2);
		e.e.op = i % 2 ? MAP_REFUSED : MAP_OK;
		e.result = i % 2 ? -12ull : MAP_BASE;
		world__take(&w, &e);
		assert_ptr_equal(world__stats(&w, 7)->callers,
				 model__find(w.m, 7)->callers.entries);
	}
	assert_int_equal(world__stats(&w, 7)->n_callers, 50);
	world__close(&w);
}

static void what_mremap_adds_is_the_callers(void **state)
{
	struct world w;
	struct event_map own, block;

	open_with_program(&w, 7);
	take_mmap(&w, 7, 0, 2, IN_APP);
	take_mmap(&w, 7, 10, 2, IN_GLIBC);
	own = events__mremap(7, MAP_BASE, 2 * PAGE, MAP_BASE + 50 * PAGE, 9 * PAGE, IN_GLIBC_REST);
	block = events__mremap(7, MAP_BASE + 10 * PAGE, 2 * PAGE, MAP_BASE + 70 * PAGE, 6 * PAGE,
			       IN_GLIBC);
	events__serve(&block, 5 * PAGE);
	world__take(&w, &own);
	world__take(&w, &block);
	assert_int_equal(model__update_callers(w.m), 0);
	assert_caller(&w, 7, IN_APP, CAUSE_DIRECT,
		      (struct caller_stats){0, 0, 1, 2 * PAGE, 9 * PAGE, 1});
	assert_caller(&w, 7, IN_GLIBC, CAUSE_MALLOC,
		      (struct caller_stats){0, 0, 1, 2 * PAGE, 6 * PAGE, 1});
	assert_int_equal(world__stats(&w, 7)->n_callers, 3);
	world__close(&w);
}

/* Events in one, cells in the other. */
static void a_cell_has_a_caller_as_well(void **state)
{
	struct world w;
	struct event_map e = events__mmap(7, MAP_BASE, 2 * PAGE, EVENT_F_ANON, IN_APP);

	open_with_program(&w, 7);
	world__take(&w, &e);
	world__spill(&w, &e, TICK);
	world__spill(&w, &e, TICK);
	assert_caller(&w, 7, IN_APP, CAUSE_DIRECT, (struct caller_stats){0, 0, 3, 6 * PAGE, 0, 0});
	/* Of those that have no row of their own. */
	world__spill(&w, &e, 0);
	assert_int_equal(stats_of(&w, &w.m->others->stats, IN_APP, CAUSE_DIRECT)->calls, 1);
	world__close(&w);
}

/* The kernel adds a call, then its bytes: a reading may come between the two. */
static void bytes_may_come_after_their_call(void **state)
{
	struct world w;
	struct event_map e = events__mmap(7, MAP_BASE, 2 * PAGE, EVENT_F_ANON, IN_APP);
	struct cell_key keys[2];
	struct cell cells[2];

	open_with_program(&w, 7);
	events__spill(&e, TICK, keys, cells);
	assert_int_equal(model__cell(w.m, &keys[0], &(struct cell){0, 2 * PAGE}), 0);
	assert_int_equal(model__update_callers(w.m), 0);
	assert_int_equal(model__cell(w.m, &keys[0], &(struct cell){1, 0}), 0);
	assert_caller(&w, 7, IN_APP, CAUSE_DIRECT, (struct caller_stats){0, 0, 1, 2 * PAGE, 0, 0});
	world__close(&w);
}

static void a_child_has_what_it_inherits_and_called_nothing(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 2 * TICK);
	struct event_map unmap;

	open_with_program(&w, 7);
	take_mmap(&w, 7, 0, 4, IN_APP);
	world__take(&w, &fork);
	assert_int_equal(model__update_callers(w.m), 0);
	assert_caller(&w, 8, IN_APP, CAUSE_DIRECT, (struct caller_stats){0, 0, 0, 0, 4 * PAGE, 1});
	assert_caller(&w, 7, IN_APP, CAUSE_DIRECT,
		      (struct caller_stats){0, 0, 1, 4 * PAGE, 4 * PAGE, 1});
	unmap = events__munmap(8, MAP_BASE, 4 * PAGE);
	world__take(&w, &unmap);
	assert_int_equal(model__update_callers(w.m), 0);
	assert_null(stats_of(&w, world__stats(&w, 8), IN_APP, CAUSE_DIRECT));
	assert_caller(&w, 7, IN_APP, CAUSE_DIRECT,
		      (struct caller_stats){0, 0, 1, 4 * PAGE, 4 * PAGE, 1});
	world__close(&w);
}

static void exit_keeps_the_last_numbers(void **state)
{
	struct world w;
	struct event_task end = events__exit(7, TICK);
	struct process *p;

	open_with_program(&w, 7);
	take_mmap(&w, 7, 0, 4, IN_APP);
	p = model__find(w.m, 7);
	world__take(&w, &end);
	assert_int_equal(model__update_callers(w.m), 0);
	assert_int_equal(stats_of(&w, &p->stats, IN_APP, CAUSE_DIRECT)->live_bytes, 4 * PAGE);
	assert_int_equal(stats_of(&w, &p->stats, IN_APP, CAUSE_DIRECT)->bytes, 4 * PAGE);
	world__close(&w);
}

/* Each exec, mmap and exit; the oldest rows go into the others'. */
static void a_folded_row_keeps_its_callers(void **state)
{
	const __u32 folded = 5;
	struct world w;
	struct process_stats *others;

	world__open(&w, LEVEL_SIZES, NULL);
	for (__u32 pid = 10; pid < 10 + MOST_EXITED + folded + 1; pid++) {
		struct event_exec exec = events__exec(pid, TICK, "program");
		struct event_task end = events__exit(pid, TICK);

		world__take(&w, &exec);
		take_mmap(&w, pid, 0, 1 + pid % 2, IN_APP);
		world__take(&w, &end);
	}
	assert_non_null(w.m->others);
	others = &w.m->others->stats;
	assert_int_equal(others->mapped[CAUSE_DIRECT].calls, folded);
	assert_int_equal(others->n_callers, 1);
	assert_int_equal(stats_of(&w, others, IN_APP, CAUSE_DIRECT)->calls, folded);
	assert_int_equal(stats_of(&w, others, IN_APP, CAUSE_DIRECT)->bytes,
			 others->mapped[CAUSE_DIRECT].bytes);
	world__close(&w);
}

/* A process whose every call comes from somewhere else; one beside it is told as ever. */
static void endless_callers_are_one(void **state)
{
	const __u32 more = 1000;
	struct world w;
	struct event_exec other = events__exec(8, TICK, "other");
	const struct process_stats *p;
	__u64 calls = 0, bytes = 0, live = 0;

	open_with_program(&w, 7);
	world__take(&w, &other);
	for (__u32 i = 0; i < CALLERS_MOST_EACH + more; i++) {
		struct event_map e = events__mmap(7, MAP_BASE + i * PAGE, PAGE, EVENT_F_ANON,
						  IN_APP);

		e.caller.off += i * 8;
		world__take(&w, &e);
	}
	assert_int_equal(model__caller_count(w.m), CALLER_FIRST + CALLERS_MOST_EACH);
	take_mmap(&w, 8, 0, 1, IN_LOADER);
	assert_int_equal(stats_of(&w, world__stats(&w, 8), IN_LOADER, CAUSE_LOADER)->calls, 1);
	assert_int_equal(model__update_callers(w.m), 0);
	p = world__stats(&w, 7);
	assert_true(p->n_callers <= CALLERS_MOST_EACH + 2 * CAUSE_COUNT);
	for (size_t i = 0; i < p->n_callers; i++) {
		const struct caller_stats *c = &p->callers[i];

		calls += c->calls;
		bytes += c->bytes;
		live += c->cause == CAUSE_DIRECT ? c->live_bytes : 0;
		if (c->caller == CALLER_OTHERS)
			assert_int_equal(c->calls, more);
	}
	assert_int_equal(calls, p->mapped[CAUSE_DIRECT].calls);
	assert_int_equal(bytes, p->mapped[CAUSE_DIRECT].bytes);
	assert_int_equal(live, p->mapped[CAUSE_DIRECT].live_bytes);
	world__close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_has_one_number),
		cmocka_unit_test(places_have_a_limit),
		cmocka_unit_test(each_caller_has_what_it_called_for),
		cmocka_unit_test(a_table_that_moves_is_followed),
		cmocka_unit_test(what_mremap_adds_is_the_callers),
		cmocka_unit_test(a_cell_has_a_caller_as_well),
		cmocka_unit_test(bytes_may_come_after_their_call),
		cmocka_unit_test(a_child_has_what_it_inherits_and_called_nothing),
		cmocka_unit_test(exit_keeps_the_last_numbers),
		cmocka_unit_test(a_folded_row_keeps_its_callers),
		cmocka_unit_test(endless_callers_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

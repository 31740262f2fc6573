/*
 * test_model.c - what the model makes of its events: causes, live numbers, rows and snapshots.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "events.h"
#include "model/state.h"

#define ANON EVENT_F_ANON

static void begin(struct world *w, __u32 pid)
{
	struct event_exec x = events__exec(pid, TICK, "program");

	world__open(w, LEVEL_SIZES, NULL);
	world__take(w, &x);
}

static const struct mapped *mapped(struct world *w, enum cause cause)
{
	return &world__stats(w, 7)->mapped[cause];
}

static enum cause noted(struct world *w, const void *event)
{
	const struct event *e = event;
	struct note note;

	assert_int_equal(model__event(w->m, e, events__size(e->type), &note), 0);
	assert_ptr_equal(note.process, model__find(w->m, e->tgid));
	return note.cause;
}

static void a_mapping_lives_until_it_is_unmapped(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, 3 * PAGE + 1, ANON, IN_GLIBC);
	struct event_map part = events__munmap(7, MAP_BASE + PAGE, PAGE);
	struct event_map rest = events__munmap(7, MAP_BASE, 4 * PAGE);

	begin(&w, 7);
	events__serve(&map, 3 * PAGE + 1 - 16);
	assert_int_equal(noted(&w, &map), CAUSE_MALLOC);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, 4 * PAGE);
	assert_int_equal(world__stats(&w, 7)->malloc.route_mmap.bytes, 3 * PAGE + 1 - 16);
	assert_int_equal(noted(&w, &part), CAUSE_MALLOC);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, 3 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_regions, 2);
	world__take(&w, &rest);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, 0);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->peak_bytes, 4 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->calls, 1);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->bytes, 4 * PAGE);
	assert_int_equal(world__stats(&w, 7)->munmap.calls, 2);
	/* Nothing is known there any more. */
	assert_int_equal(noted(&w, &part), CAUSE_COUNT);
	world__close(&w);
}

static void a_refused_mapping_is_no_region(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, -ENOMEM, 4 * PAGE, ANON, IN_APP);

	begin(&w, 7);
	map.e.op = MAP_REFUSED;
	map.e.size = 0;
	world__take(&w, &map);
	assert_int_equal(mapped(&w, CAUSE_DIRECT)->live_bytes, 0);
	assert_int_equal(mapped(&w, CAUSE_DIRECT)->calls, 0);
	assert_int_equal(world__stats(&w, 7)->mmap_failed, 1);
	world__close(&w);
}

static void an_arena_opens_by_mprotect(void **state)
{
	struct world w;
	__u64 size = 64ull << 20;
	struct event_map map = events__mmap(7, MAP_BASE, 2 * size, ANON | EVENT_F_RESERVE,
					    IN_GLIBC);
	struct event_map trim = events__munmap(7, MAP_BASE + size, size);
	struct event_map open = events__mprotect(7, MAP_BASE, 33 * PAGE, 3);
	struct event_map take_back = events__mmap(7, MAP_BASE + 30 * PAGE, 3 * PAGE,
						  ANON | EVENT_F_RESERVE, IN_GLIBC);

	begin(&w, 7);
	assert_int_equal(noted(&w, &map), CAUSE_ARENA);
	world__take(&w, &trim);
	world__take(&w, &open);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->live_bytes, size);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->usable_bytes, 33 * PAGE);
	/* shrink_heap maps over a part of its own. */
	take_back.addr = take_back.result;
	take_back.flags |= MAP_FIXED;
	world__take(&w, &take_back);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->live_bytes, size);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->usable_bytes, 30 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->live_regions, 1);
	assert_false(world__stats(&w, 7)->malloc.arena_split);
	world__close(&w);
}

/* A thread trims its new arena, and before its munmap has returned another one has an arena there.
 */
static void an_arena_where_another_was_trimmed(void **state)
{
	const __u64 size = 64 << 20;
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, 2 * size, ANON | EVENT_F_RESERVE,
					    IN_GLIBC);
	struct event_map trim = events__munmap(7, MAP_BASE + size, size);
	struct event_map other = events__mmap(7, MAP_BASE + size, size, ANON | EVENT_F_RESERVE,
					      IN_GLIBC);

	begin(&w, 7);
	/* new_heap asks for the place that would be aligned. */
	other.addr = other.result;
	world__take(&w, &map);
	world__take(&w, &other);
	trim.begin_ns = other.e.ts_ns - 1;
	trim.e.ts_ns = other.e.ts_ns + 1;
	world__take(&w, &trim);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->live_bytes, 2 * size);
	assert_int_equal(mapped(&w, CAUSE_ARENA)->live_regions, 2);
	world__close(&w);
}

static void mremap_moves_a_block(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, 50 * PAGE, ANON, IN_GLIBC);
	struct event_map move = events__mremap(7, MAP_BASE, 50 * PAGE, MAP_BASE + 0x1000000,
					       80 * PAGE, IN_GLIBC);
	struct event_map by_app = events__mremap(7, MAP_BASE + 0x1000000, 80 * PAGE,
						 MAP_BASE + 0x1000000, 60 * PAGE, IN_APP);
	struct region at;

	begin(&w, 7);
	events__serve(&map, 50 * PAGE - 16);
	events__serve(&move, 80 * PAGE - 16);
	world__take(&w, &map);
	assert_int_equal(noted(&w, &move), CAUSE_MALLOC);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, 80 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_regions, 1);
	assert_true(ledger__find(model__find(w.m, 7)->ledger, MAP_BASE + 0x1000000, &at));
	assert_int_equal(at.request, 80 * PAGE - 16);
	assert_int_equal(world__stats(&w, 7)->malloc.route_mmap.calls, 2);
	assert_int_equal(noted(&w, &by_app), CAUSE_MALLOC);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, 60 * PAGE);
	assert_int_equal(world__stats(&w, 7)->malloc.route_mmap.calls, 2);
	assert_int_equal(world__stats(&w, 7)->mremap.grow_bytes, 30 * PAGE);
	assert_int_equal(world__stats(&w, 7)->mremap.shrink_bytes, 20 * PAGE);
	world__close(&w);
}

/* Another thread's mmap was given the room before the munmap's event came. */
static void a_late_munmap_spares_what_is_newer(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, 4 * PAGE, ANON, IN_APP);
	struct event_map unmap = events__munmap(7, MAP_BASE, 4 * PAGE);
	struct event_map newer = events__mmap(7, MAP_BASE + PAGE, PAGE, ANON, IN_GLIBC);

	begin(&w, 7);
	world__take(&w, &map);
	world__take(&w, &newer);
	unmap.begin_ns = newer.e.ts_ns - 1;
	unmap.e.ts_ns = newer.e.ts_ns + 1;
	world__take(&w, &unmap);
	assert_int_equal(mapped(&w, CAUSE_DIRECT)->live_bytes, 0);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, PAGE);
	world__close(&w);
}

static void an_address_is_looked_up(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, PAGE, ANON, AT_ADDRESS);

	begin(&w, 7);
	assert_int_equal(noted(&w, &map), CAUSE_UNATTRIBUTED);
	assert_int_equal(w.resolved, 1);
	w.place_of_address = IN_GLIBC;
	assert_int_equal(noted(&w, &map), CAUSE_MALLOC);
	map.ip = events__site(AT_ADDRESS);
	assert_int_equal(noted(&w, &map), CAUSE_MALLOC);
	assert_int_equal(w.resolved, 4);
	map.ip = events__site(IN_GLIBC_WRAPPER);
	map.caller = events__site(IN_APP);
	assert_int_equal(noted(&w, &map), CAUSE_DIRECT);
	assert_int_equal(w.resolved, 4);
	world__close(&w);
}

static void ranges_that_wrap_are_counted_and_not_kept(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, -4 * PAGE, 8 * PAGE, ANON, IN_APP);
	struct event_map unmap = events__munmap(7, -4 * PAGE, 8 * PAGE);
	struct event_map move = events__mremap(7, -PAGE, 8 * PAGE, -PAGE, ~0ull, IN_APP);
	struct event_map protect = events__mprotect(7, -PAGE, 8 * PAGE, 0);

	begin(&w, 7);
	world__take(&w, &map);
	world__take(&w, &unmap);
	world__take(&w, &move);
	world__take(&w, &protect);
	assert_int_equal(mapped(&w, CAUSE_DIRECT)->calls, 1);
	assert_int_equal(mapped(&w, CAUSE_DIRECT)->live_bytes, 0);
	world__close(&w);
}

static const struct mapping image[] = {
	{.start = 0x400000,
	 .end = 0x405000,
	 .ino = 9,
	 .dev = 1,
	 .kind = MAPPING_FILE,
	 .readable = true,
	 .executable = true},
	{.start = BRK_BASE,
	 .end = BRK_BASE + 6 * PAGE,
	 .kind = MAPPING_HEAP,
	 .readable = true,
	 .writable = true},
	{.start = MAP_BASE,
	 .end = MAP_BASE + 8 * PAGE,
	 .kind = MAPPING_ANON,
	 .readable = true,
	 .writable = true},
};

static void a_seed_is_what_was_there_before(void **state)
{
	struct world w;
	struct process *p;
	struct snapshot s;

	world__open(&w, LEVEL_SIZES, NULL);
	p = model__add(w.m, 7, TICK);
	assert_false(p->stats.live_known);
	assert_int_equal(model__seed(w.m, p, image, 3, BRK_BASE, 0), 0);
	assert_true(p->stats.live_known);
	assert_int_equal(mapped(&w, CAUSE_LOADER)->live_bytes, 5 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_UNATTRIBUTED)->live_bytes, 8 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_UNATTRIBUTED)->calls, 0);
	assert_true(p->stats.heap.known);
	assert_int_equal(stats__heap_bytes(&p->stats), 6 * PAGE);
	/* And no growth. */
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(p->stats.window.growth_bytes, 0);
	world__close(&w);
}

static void a_seed_keeps_the_causes_that_fit(void **state)
{
	struct world w;
	struct event_map map = events__mmap(7, MAP_BASE, 4 * PAGE, ANON, IN_GLIBC);
	struct event_map gone = events__mmap(7, MAP_BASE + 0x100000, PAGE, ANON, IN_GLIBC);
	struct process *p;
	struct snapshot s;

	begin(&w, 7);
	world__take(&w, &map);
	world__take(&w, &gone);
	p = model__find(w.m, 7);
	p->stale = true;
	assert_int_equal(model__seed(w.m, p, image, 3, 0, 0), 0);
	assert_true(p->stats.live_known);
	assert_int_equal(mapped(&w, CAUSE_MALLOC)->live_bytes, 4 * PAGE);
	assert_int_equal(mapped(&w, CAUSE_UNATTRIBUTED)->live_bytes, 4 * PAGE);
	/* What came since the exec is growth, however it became known. */
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(p->stats.window.growth_bytes, 10 * PAGE);
	/* exec's own, by now from the list */
	assert_int_equal(mapped(&w, CAUSE_LOADER)->live_bytes, 5 * PAGE);
	assert_int_equal(stats__heap_bytes(&p->stats), 6 * PAGE);
	world__close(&w);
}

static void malloc_is_known_if_it_was_probed_or_seen(void **state)
{
	static const struct {
		enum level level;
		unsigned int calls;
		bool probed, known;
	} rules[] = {
		{LEVEL_SYSCALLS, 0, true, false}, {LEVEL_SYSCALLS, 1, true, false},
		{LEVEL_SIZES, 0, false, false},	  {LEVEL_SIZES, 1, false, true},
		{LEVEL_SIZES, 0, true, true},
	};
	struct event call = events__malloc(7, FN_MALLOC, 1);
	struct snapshot s;
	struct world w;

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		world__open(&w, rules[i].level, NULL);
		model__add(w.m, 7, TICK)->stats.allocator_probed = rules[i].probed;
		for (unsigned int k = 0; k < rules[i].calls; k++)
			world__take(&w, &call);
		assert_int_equal(model__snapshot(w.m, &s), 0);
		assert_int_equal(s.processes[0]->malloc_known, rules[i].known);
		assert_null(s.others);
		world__close(&w);
	}
}

static void a_window_is_what_came_since_the_last(void **state)
{
	struct world w;
	struct event_brk grow = events__brk(7, BRK_BASE, BRK_BASE + 9 * PAGE);
	struct event_map map = events__mmap(7, MAP_BASE, 4 * PAGE, ANON, IN_GLIBC);
	struct event_map unmap = events__munmap(7, MAP_BASE, 4 * PAGE);
	struct event call = events__malloc(7, FN_MALLOC, 100);
	const struct process_stats *p;
	struct snapshot s;

	begin(&w, 7);
	p = world__stats(&w, 7);
	world__take(&w, &grow);
	world__take(&w, &map);
	world__take(&w, &call);
	world__take(&w, &call);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(p->window.brk_calls, 1);
	assert_int_equal(p->window.mmap_calls, 1);
	assert_int_equal(p->window.malloc_calls, 2);
	assert_int_equal(p->window.growth_bytes, 13 * PAGE);
	world__take(&w, &unmap);
	world__take(&w, &call);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(p->window.brk_calls, 0);
	assert_int_equal(p->window.mmap_calls, 0);
	assert_int_equal(p->window.malloc_calls, 1);
	assert_int_equal(p->window.growth_bytes, -4 * (__s64)PAGE);
	assert_int_equal(p->malloc.calls, 3);
	world__close(&w);
}

/* A child's share of what its parent has, and a program's of what was before, is not growth. */
static void fork_and_exec_are_no_growth(void **state)
{
	struct world w;
	struct event_task fork = events__fork(8, 7, 5 * TICK);
	struct event_exec exec = events__exec(7, TICK, "another");
	struct event_map map = events__mmap(7, MAP_BASE, 4 * PAGE, ANON, IN_GLIBC);
	struct snapshot s;

	begin(&w, 7);
	world__take(&w, &map);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	world__take(&w, &fork);
	world__take(&w, &exec);
	assert_int_equal(model__snapshot(w.m, &s), 0);
	assert_int_equal(world__stats(&w, 7)->window.growth_bytes, 0);
	assert_int_equal(world__stats(&w, 8)->window.growth_bytes, 0);
	world__close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_lives_until_it_is_unmapped),
		cmocka_unit_test(a_refused_mapping_is_no_region),
		cmocka_unit_test(an_arena_opens_by_mprotect),
		cmocka_unit_test(an_arena_where_another_was_trimmed),
		cmocka_unit_test(mremap_moves_a_block),
		cmocka_unit_test(a_late_munmap_spares_what_is_newer),
		cmocka_unit_test(an_address_is_looked_up),
		cmocka_unit_test(ranges_that_wrap_are_counted_and_not_kept),
		cmocka_unit_test(a_seed_is_what_was_there_before),
		cmocka_unit_test(a_seed_keeps_the_causes_that_fit),
		cmocka_unit_test(malloc_is_known_if_it_was_probed_or_seen),
		cmocka_unit_test(a_window_is_what_came_since_the_last),
		cmocka_unit_test(fork_and_exec_are_no_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

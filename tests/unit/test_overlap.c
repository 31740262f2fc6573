/*
 * test_overlap.c - calls of several threads that overlapped: events come in the order of their
 * ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/state.h"

#define PAGE 4096ull
#define HERE 0x7f0000000000ull

struct fixture {
	struct cause_table *causes;
	struct model *model;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct model_config config = {.page_size = PAGE, .level = LEVEL_SYSCALLS};

	f.causes = cause_table__new();
	config.causes = f.causes;
	f.model = model__new(&config);
	*state = &f;
	return f.causes && f.model ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	model__free(f->model);
	cause_table__free(f->causes);
	return 0;
}

/* A call of PID 7 from begin to end. */
static void call(void **state, enum event_type type, __u64 addr, __u64 pages, __u64 begin,
		 __u64 end)
{
	struct event_map e = {.e = {.ts_ns = end,
				    .size = pages * PAGE,
				    .tgid = 7,
				    .type = type,
				    .flags = type == EVENT_MMAP ? EVENT_F_ANON : 0},
			      .addr = type == EVENT_MMAP ? 0 : addr,
			      .length = pages * PAGE,
			      .result = type == EVENT_MMAP ? addr : 0,
			      .prot = 3,
			      .begin_ns = begin};
	struct fixture *f = *state;

	assert_int_equal(model__event(f->model, &e.e, sizeof(e), NULL), 0);
}

static __u64 live_bytes(void **state)
{
	struct fixture *f = *state;

	return model__find(f->model, 7)->stats.mapped[CAUSE_DIRECT].live_bytes;
}

static void a_mapping_in_room_just_made_stays(void **state)
{
	call(state, EVENT_MMAP, HERE, 4, 10, 11);
	/* munmap entered at 20 and ended at 40; another thread got the room at 30. */
	call(state, EVENT_MMAP, HERE + PAGE, 2, 25, 30);
	call(state, EVENT_MUNMAP, HERE, 4, 20, 40);
	assert_int_equal(live_bytes(state), 2 * PAGE);
}

static void a_mapping_from_before_goes(void **state)
{
	call(state, EVENT_MMAP, HERE, 4, 10, 20);
	call(state, EVENT_MUNMAP, HERE, 4, 20, 40);
	assert_int_equal(live_bytes(state), 0);
}

static void what_surrounds_it_goes(void **state)
{
	for (__u64 i = 0; i < 5; i++)
		call(state, EVENT_MMAP, HERE + i * PAGE, 1, 10 + i, 10 + i);
	call(state, EVENT_MMAP, HERE + PAGE, 1, 50, 51);
	call(state, EVENT_MMAP, HERE + 3 * PAGE, 1, 52, 53);
	call(state, EVENT_MUNMAP, HERE, 5, 45, 60);
	assert_int_equal(live_bytes(state), 2 * PAGE);
	call(state, EVENT_MUNMAP, HERE, 5, 70, 71);
	assert_int_equal(live_bytes(state), 0);
}

static void mremap_leaves_what_took_its_old_place(void **state)
{
	struct event_map move = {
		.e = {.ts_ns = 40, .tgid = 7, .type = EVENT_MREMAP, .op = REMAP_SAME},
		.addr = HERE,
		.offset = 2 * PAGE,
		.length = 2 * PAGE,
		.result = HERE + 16 * PAGE,
		.begin_ns = 20};
	struct fixture *f = *state;

	call(state, EVENT_MMAP, HERE, 2, 10, 11);
	call(state, EVENT_MMAP, HERE, 2, 25, 30);
	assert_int_equal(model__event(f->model, &move.e, sizeof(move), NULL), 0);
	assert_int_equal(live_bytes(state), 2 * PAGE);
	assert_int_equal(model__find(f->model, 7)->stats.mapped[CAUSE_UNATTRIBUTED].live_bytes,
			 2 * PAGE);
}

/* The kernel's list, seen at 30, with pages that two threads may have had one after the other. */
static struct process *seed(void **state)
{
	const struct mapping list = {.start = HERE,
				     .end = HERE + 2 * PAGE,
				     .read_ns = 30,
				     .kind = MAPPING_ANON,
				     .readable = true};
	struct fixture *f = *state;
	struct process *p = model__add(f->model, 7, 0);

	assert_int_equal(model__seed_later(f->model, p, &list, 1, 0, 29), 0);
	assert_int_equal(model__settle_before(f->model, p, 29), 0);
	assert_false(p->doubtful);
	return p;
}

static void what_is_listed_during_a_munmap_is_in_doubt(void **state)
{
	struct process *p = seed(state);

	call(state, EVENT_MUNMAP, HERE + 2 * PAGE, 2, 20, 40);
	assert_false(p->doubtful);
	call(state, EVENT_MUNMAP, HERE + PAGE, 1, 30, 40);
	assert_false(p->doubtful);
	call(state, EVENT_MUNMAP, HERE, 1, 20, 40);
	assert_true(p->doubtful);
}

static void so_it_is_if_the_munmap_began_before_all(void **state)
{
	struct process *p = seed(state);

	call(state, EVENT_MUNMAP, HERE, 2, 0, 40);
	assert_true(p->doubtful);
}

static void what_is_listed_during_an_mremap_is_in_doubt(void **state)
{
	struct event_map move = {
		.e = {.ts_ns = 29, .tgid = 7, .type = EVENT_MREMAP, .op = REMAP_SAME},
		.addr = HERE,
		.offset = 2 * PAGE,
		.length = 2 * PAGE,
		.result = HERE,
		.begin_ns = 20};
	struct process *p = seed(state);
	struct fixture *f = *state;

	/* Where it was. */
	assert_int_equal(model__event(f->model, &move.e, sizeof(move), NULL), 0);
	assert_false(p->doubtful);
	/* It has begun since. */
	move.result = HERE + 16 * PAGE;
	move.begin_ns = 30;
	move.e.ts_ns = 31;
	assert_int_equal(model__event(f->model, &move.e, sizeof(move), NULL), 0);
	assert_false(p->doubtful);
	move.addr = move.result;
	move.result = HERE;
	move.begin_ns = 20;
	move.e.ts_ns = 40;
	assert_int_equal(model__event(f->model, &move.e, sizeof(move), NULL), 0);
	assert_true(p->doubtful);
}

/* Also where an event had told of it before, and the list was read because another had not come. */
static void so_it_is_what_was_known_before(void **state)
{
	const struct mapping list = {.start = HERE,
				     .end = HERE + 2 * PAGE,
				     .read_ns = 30,
				     .kind = MAPPING_ANON,
				     .readable = true};
	struct fixture *f = *state;
	struct process *p;

	call(state, EVENT_MMAP, HERE, 2, 5, 10);
	p = model__find(f->model, 7);
	p->stale = true;
	assert_int_equal(model__seed_later(f->model, p, &list, 1, 0, 29), 0);
	assert_int_equal(model__settle_before(f->model, p, 29), 0);
	call(state, EVENT_MUNMAP, HERE, 2, 20, 40);
	assert_true(p->doubtful);
}

/* A block is resized at 20, and its pages are gone by the time of the list, which is read at 30. */
static void a_list_waits_for_what_is_older(void **state)
{
	const struct mapping list = {.start = HERE + 16 * PAGE,
				     .end = HERE + 17 * PAGE,
				     .read_ns = 30,
				     .kind = MAPPING_ANON};
	struct event_map resize = {
		.e = {.ts_ns = 20, .tgid = 7, .type = EVENT_MREMAP, .op = REMAP_GROW},
		.addr = HERE,
		.offset = 2 * PAGE,
		.length = 5 * PAGE,
		.result = HERE,
		.begin_ns = 19};
	struct fixture *f = *state;

	for (int early = 0; early < 2; early++) {
		struct process *p = model__add(f->model, 7 + early, 0);

		resize.e.tgid = 7 + early;
		assert_int_equal(model__seed_later(f->model, p, &list, 1, 0, 29), 0);
		/* What was there by 19 has been read, and then all that was there by 29. */
		assert_int_equal(model__settle_until(f->model, early ? 29 : 19), 0);
		assert_int_equal(p->unseen, !early);
		assert_int_equal(model__event(f->model, &resize.e, sizeof(resize), NULL), 0);
		assert_int_equal(model__settle_until(f->model, 29), 0);
		assert_false(p->unseen);
		assert_int_equal(p->doubtful, early);
		assert_int_equal(p->stats.mapped[CAUSE_UNATTRIBUTED].live_bytes,
				 early ? 6 * PAGE : PAGE);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mapping_in_room_just_made_stays),
		TEST(a_mapping_from_before_goes),
		TEST(what_surrounds_it_goes),
		TEST(mremap_leaves_what_took_its_old_place),
		TEST(what_is_listed_during_a_munmap_is_in_doubt),
		TEST(so_it_is_if_the_munmap_began_before_all),
		TEST(so_it_is_what_was_known_before),
		TEST(what_is_listed_during_an_mremap_is_in_doubt),
		TEST(a_list_waits_for_what_is_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

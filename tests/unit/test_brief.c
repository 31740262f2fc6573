/*
 * test_brief.c - brief records are the events that they stand for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/brief.h"

static struct event_call expanded_event(const struct event *e)
{
	const struct brief_event b = brief_event__of(e->size, e->tgid, e->op, e->flags, e->object);
	struct event_call out;
	size_t size = sizeof(b);

	memset(&out, 0xa5, sizeof(out));
	assert_ptr_equal(brief__expand(&b, &size, &out), &out.e);
	assert_int_equal(size, sizeof(struct event));
	return out;
}

static bool holds(const struct event *e)
{
	return brief_event__holds(e->size, e->tgid, e->flags, e->object);
}

static void assert_held(const struct event *e)
{
	struct event_call out = expanded_event(e);

	assert_true(holds(e));
	assert_memory_equal(&out.e, e, sizeof(*e));
}

static struct event a_call(void)
{
	return (struct event){.type = EVENT_MALLOC, .op = FN_CALLOC, .size = 24, .tgid = 7};
}

static void a_malloc_is_what_it_was(void **state)
{
	struct event e = a_call();

	assert_held(&e);
	for (e.op = 0; e.op < FN_COUNT; e.op++)
		assert_held(&e);
}

static void the_most_that_it_holds(void **state)
{
	struct event e = {.type = EVENT_MALLOC,
			  .op = FN_COUNT - 1,
			  .size = (1 << 27) - 1,
			  .tgid = (1 << 22) - 1,
			  .flags = EVENT_F_TOLD | EVENT_F_ARENA,
			  .object = 255};

	assert_held(&e);
	e.size = 0;
	assert_held(&e);
	e.tgid = 0;
	assert_held(&e);
}

static void what_does_not_fit_is_not_held(void **state)
{
	for (int bit = 0; bit < 64; bit++) {
		struct event size = a_call(), tgid = a_call(), flags = a_call(), object = a_call();

		size.size |= 1ull << bit;
		assert_int_equal(holds(&size), bit < 27);
		tgid.tgid |= bit < 32 ? 1u << bit : 0;
		assert_int_equal(holds(&tgid), bit < 22 || bit >= 32);
		flags.flags = bit < 16 ? 1u << bit : 0;
		assert_int_equal(holds(&flags), bit == 4 || bit == 5 || bit >= 16);
		object.object = bit < 32 ? 1u << bit : 0;
		assert_int_equal(holds(&object), bit < 8 || bit >= 32);
	}
}

static __u64 draw(void)
{
	static __u64 random = 88172645463325252ull;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	return random;
}

static void whatever_is_held_is_what_it_was(void **state)
{
	int held = 0;

	for (int i = 0; i < 100000; i++) {
		struct event e = {.type = EVENT_MALLOC,
				  .op = draw() % FN_COUNT,
				  .size = draw() >> (draw() % 64),
				  .tgid = (__u32)draw() >> draw() % 32,
				  .flags = draw() % 4 ? draw() % 4 << 4 : draw() & 0xffff,
				  .object = (__u32)draw() >> draw() % 32};

		if (!holds(&e))
			continue;
		assert_held(&e);
		held++;
	}
	assert_in_range(held, 1000, 99000);
}

static struct event_call expanded(enum event_type type)
{
	const struct brief_call b = {type, FN_MALLOC, EVENT_F_NO_RETURN, 3, 0x1000,
				     7,	   8,	      1ull << 40};
	struct event_call out;
	size_t size = sizeof(b);

	assert_ptr_equal(brief__expand(&b, &size, &out), &out.e);
	assert_int_equal(size, sizeof(struct event_call));
	assert_int_equal(out.e.type, type);
	assert_int_equal(out.e.op, FN_MALLOC);
	assert_int_equal(out.e.flags, EVENT_F_NO_RETURN);
	assert_int_equal(out.e.object, 3);
	assert_int_equal(out.e.tgid, 7);
	assert_int_equal(out.e.tid, 8);
	return out;
}

static void a_call_has_a_size_and_no_address(void **state)
{
	struct event_call c = expanded(EVENT_CALL);

	assert_int_equal(c.e.size, 1ull << 40);
	assert_int_equal(c.addr, 0);
	assert_int_equal(c.call, 0x1000);
}

static void a_return_and_a_free_have_an_address_and_no_size(void **state)
{
	static const enum event_type types[] = {EVENT_RETURN, EVENT_FREE};

	for (int i = 0; i < 2; i++) {
		struct event_call c = expanded(types[i]);

		assert_int_equal(c.e.size, 0);
		assert_int_equal(c.addr, 1ull << 40);
		assert_int_equal(c.call, 0x1000);
	}
}

static void a_block_has_both_and_no_call(void **state)
{
	struct event_call c = expanded(EVENT_BLOCK);

	assert_int_equal(c.e.size, 0x1000);
	assert_int_equal(c.addr, 1ull << 40);
	assert_int_equal(c.call, 0);
}

static void others_are_what_they_are(void **state)
{
	struct event_map map = {.e = {.type = EVENT_MMAP}};
	struct event_call room;
	size_t size = sizeof(map);

	assert_ptr_equal(brief__expand(&map, &size, &room), &map);
	assert_int_equal(size, sizeof(map));
	size = sizeof(struct event) - 1;
	assert_null(brief__expand(&map, &size, &room));
	size = 0;
	assert_null(brief__expand(&map, &size, &room));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_malloc_is_what_it_was),
		cmocka_unit_test(the_most_that_it_holds),
		cmocka_unit_test(what_does_not_fit_is_not_held),
		cmocka_unit_test(whatever_is_held_is_what_it_was),
		cmocka_unit_test(a_call_has_a_size_and_no_address),
		cmocka_unit_test(a_return_and_a_free_have_an_address_and_no_size),
		cmocka_unit_test(a_block_has_both_and_no_call),
		cmocka_unit_test(others_are_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

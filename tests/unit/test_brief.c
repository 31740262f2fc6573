/*
 * test_brief.c - brief records are the events that they stand for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/brief.h"

static void a_malloc(void **state)
{
	const struct brief_event b = {EVENT_MALLOC, FN_CALLOC, EVENT_F_TOLD, 255, 0xffffffff, 7, 8};
	struct event_call out;
	size_t size = sizeof(b);
	const struct event *e = brief__expand(&b, &size, &out);

	assert_ptr_equal(e, &out.e);
	assert_int_equal(size, sizeof(struct event));
	assert_int_equal(e->type, EVENT_MALLOC);
	assert_int_equal(e->op, FN_CALLOC);
	assert_int_equal(e->flags, EVENT_F_TOLD);
	assert_int_equal(e->object, 255);
	assert_int_equal(e->size, 0xffffffff);
	assert_int_equal(e->tgid, 7);
	assert_int_equal(e->tid, 8);
	assert_int_equal(e->ts_ns, 0);
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
		cmocka_unit_test(a_malloc),
		cmocka_unit_test(a_call_has_a_size_and_no_address),
		cmocka_unit_test(a_return_and_a_free_have_an_address_and_no_size),
		cmocka_unit_test(a_block_has_both_and_no_call),
		cmocka_unit_test(others_are_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

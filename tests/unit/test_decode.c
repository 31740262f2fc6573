/*
 * test_decode.c - which records and keys are taken for what they say that they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/decode.h"

/* Said here once more, and not asked of the code. */
static const struct {
	size_t size;
	__u8 ops;
} shapes[] = {
	[EVENT_MALLOC] = {32, 15}, [EVENT_BRK] = {64, 4},     [EVENT_MMAP] = {160, 2},
	[EVENT_MUNMAP] = {160, 2}, [EVENT_MREMAP] = {160, 4}, [EVENT_MPROTECT] = {160, 2},
	[EVENT_FORK] = {128, 1},   [EVENT_EXEC] = {256, 1},   [EVENT_EXIT] = {128, 1},
	[EVENT_SHMAT] = {160, 1},  [EVENT_SHMDT] = {160, 1},  [EVENT_CALL] = {48, 15},
	[EVENT_RETURN] = {48, 1},  [EVENT_FREE] = {48, 1},    [EVENT_BLOCK] = {48, 15},
};

#define TYPES	(sizeof(shapes) / sizeof(*shapes))
#define LARGEST sizeof(struct event_exec)

/* On the heap, and as long as it says: a read behind its end is a sanitizer's find. */
static bool valid(__u8 type, __u8 op, size_t size)
{
	size_t room = size > sizeof(struct event) ? size : sizeof(struct event);
	struct event *e = calloc(1, room);
	bool good;

	assert_non_null(e);
	e->type = type;
	e->op = op;
	good = event__valid(e, size);
	free(e);
	return good;
}

static void a_type_has_one_size(void **state)
{
	for (__u8 type = 1; type < TYPES; type++)
		for (size_t size = 0; size <= LARGEST + 32; size++)
			if (valid(type, 0, size) != (size && size == shapes[type].size))
				fail_msg("type %d of %zu bytes", type, size);
}

static void other_types_are_none(void **state)
{
	for (int type = 0; type < 256; type++)
		for (size_t size = 0; size <= LARGEST; size += 8)
			if ((type == 0 || (size_t)type >= TYPES) && valid(type, 0, size))
				fail_msg("type %d of %zu bytes", type, size);
	/* Counted in cells only; where a record of it came from nobody knows. */
	assert_false(valid(EVENT_ROUTE, 0, sizeof(struct event_map)));
}

static void an_op_is_one_of_its_type(void **state)
{
	for (__u8 type = 1; type < TYPES; type++)
		for (int op = 0; op < 256; op++)
			if (valid(type, op, shapes[type].size) != (op < shapes[type].ops))
				fail_msg("type %d, op %d", type, op);
}

static void less_than_a_header_is_not_read(void **state)
{
	struct event *nothing = malloc(1);

	assert_non_null(nothing);
	assert_false(event__valid(nothing, 0));
	assert_false(event__valid(nothing, 1));
	free(nothing);
}

static void a_comm_ends(void **state)
{
	static const __u8 types[] = {EVENT_FORK, EVENT_EXIT, EVENT_EXEC};
	struct event_exec x = {0};

	for (int i = 0; i < 3; i++) {
		x.t.e.type = types[i];
		memset(x.t.comm, 'c', sizeof(x.t.comm));
		/* What follows the comm in the record is 0, and does not count. */
		assert_false(event__valid(&x.t.e, shapes[types[i]].size));
		x.t.comm[15] = 0;
		assert_true(event__valid(&x.t.e, shapes[types[i]].size));
		x.t.comm[0] = 0;
		assert_true(event__valid(&x.t.e, shapes[types[i]].size));
	}
}

static void a_path_ends(void **state)
{
	struct event_exec x = {.t.e.type = EVENT_EXEC};

	memset(x.path, 'p', sizeof(x.path));
	assert_false(event__valid(&x.t.e, sizeof(x)));
	x.path[EXEC_PATH_MAX - 1] = 0;
	assert_true(event__valid(&x.t.e, sizeof(x)));
}

/* By type: as many ops as a record has, and these flags. */
static void a_key_has_what_its_type_has(void **state)
{
	static const __u8 flags[] = {
		[EVENT_MALLOC] = 255, [EVENT_MMAP] = 0x7f, [EVENT_MREMAP] = 0x30,
		[EVENT_FORK] = 3,     [EVENT_EXEC] = 2,	   [EVENT_EXIT] = 2,
		[EVENT_ROUTE] = 0x7f, [EVENT_BLOCK] = 0};

	for (int type = 1; type < EVENT_TYPE_END; type++) {
		int ops = type == EVENT_ROUTE			      ? 4 /* of two bursts */
			  : type == EVENT_CALL || type == EVENT_BLOCK ? 0
								      : shapes[type].ops;

		for (int i = 0; i < 256; i++) {
			struct cell_key op = {.type = type, .op = i};
			struct cell_key flag = {.type = type, .flags = i};
			struct cell_key bucket = {.type = type, .bucket = i};

			assert_int_equal(cell__valid(&op), i < ops);
			assert_int_equal(cell__valid(&flag), ops && !(i & ~flags[type]));
			assert_int_equal(cell__valid(&bucket), ops && i < 64);
		}
	}
}

static void a_key_has_a_type(void **state)
{
	for (int type = 0; type < 256; type++) {
		struct cell_key key = {.type = type};

		/* A call that spills, or a block, is a MALLOC. */
		assert_int_equal(cell__valid(&key),
				 type >= 1 && type <= EVENT_FREE && type != EVENT_CALL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_has_one_size),
		cmocka_unit_test(other_types_are_none),
		cmocka_unit_test(an_op_is_one_of_its_type),
		cmocka_unit_test(less_than_a_header_is_not_read),
		cmocka_unit_test(a_comm_ends),
		cmocka_unit_test(a_path_ends),
		cmocka_unit_test(a_key_has_what_its_type_has),
		cmocka_unit_test(a_key_has_a_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

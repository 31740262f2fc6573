/*
 * test_cause.c - the cause of a mapping, from its flags and from the code behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "events.h"

#define ANON	  EVENT_F_ANON
#define STACK	  EVENT_F_STACK
#define RESERVE	  EVENT_F_RESERVE
#define FOR_HEAP  EVENT_F_FOR_HEAP
#define REQUEST	  EVENT_F_REQUEST
#define LARGE	  EVENT_F_LARGE
#define NORESERVE EVENT_F_NORESERVE

struct rule {
	const char *what;
	enum place ip, caller;
	__u8 flags;
	enum cause cause;
};

static void assert_rules(const struct rule *rules, size_t n)
{
	struct cause_table *t = events__causes();

	for (size_t i = 0; i < n; i++) {
		const struct rule *r = &rules[i];
		struct site ip = events__site(r->ip), caller = events__site(r->caller);
		enum cause cause = cause_of(t, r->flags, &ip, &caller);

		if (cause != r->cause)
			fail_msg("%s: %s, not %s", r->what, cause__name(cause),
				 cause__name(r->cause));
	}
	cause_table__free(t);
}

#define ASSERT_RULES(rules) assert_rules(rules, sizeof(rules) / sizeof(*(rules)))

static void glibc_maps_blocks_and_heaps(void **state)
{
	static const struct rule rules[] = {
		{"sysmalloc", IN_GLIBC_WRAPPER, IN_GLIBC, ANON, CAUSE_MALLOC},
		{"with a request", IN_GLIBC_WRAPPER, IN_GLIBC, ANON | REQUEST, CAUSE_MALLOC},
		{"a small request", IN_GLIBC_WRAPPER, IN_GLIBC, ANON | REQUEST, CAUSE_MALLOC},
		{"large", IN_GLIBC_WRAPPER, IN_GLIBC, ANON | REQUEST | LARGE, CAUSE_MALLOC},
		{"new_heap", IN_GLIBC_WRAPPER, IN_GLIBC, ANON | RESERVE, CAUSE_ARENA},
		{"new_heap for a request", IN_GLIBC_WRAPPER, IN_GLIBC,
		 ANON | RESERVE | REQUEST | LARGE, CAUSE_ARENA},
		{"the brk has failed", IN_GLIBC_WRAPPER, IN_GLIBC, ANON | FOR_HEAP, CAUSE_ARENA},
	};

	ASSERT_RULES(rules);
}

static void musl_maps_blocks_and_groups(void **state)
{
	static const struct rule rules[] = {
		{"large", IN_MUSL_WRAPPER, IN_MUSL, ANON | REQUEST | LARGE, CAUSE_MALLOC},
		{"a group", IN_MUSL_WRAPPER, IN_MUSL, ANON | REQUEST, CAUSE_ARENA},
		{"no request seen", IN_MUSL_WRAPPER, IN_MUSL, ANON, CAUSE_MALLOC},
		{"meta pages", IN_MUSL_WRAPPER, IN_MUSL, ANON | RESERVE, CAUSE_ARENA},
		{"reserved, large", IN_MUSL_WRAPPER, IN_MUSL, ANON | RESERVE | REQUEST | LARGE,
		 CAUSE_ARENA},
		{"a failed brk is no matter", IN_MUSL_WRAPPER, IN_MUSL,
		 ANON | FOR_HEAP | REQUEST | LARGE, CAUSE_MALLOC},
	};

	ASSERT_RULES(rules);
}

static void an_allocator_maps_blocks_and_all_else(void **state)
{
	static const struct rule rules[] = {
		{"a large block", IN_GLIBC_WRAPPER, IN_ALLOCATOR, ANON | REQUEST | LARGE,
		 CAUSE_MALLOC},
		{"for a small one", IN_GLIBC_WRAPPER, IN_ALLOCATOR, ANON | REQUEST, CAUSE_ARENA},
		{"for none", IN_GLIBC_WRAPPER, IN_ALLOCATOR, ANON, CAUSE_ARENA},
		{"room", IN_GLIBC_WRAPPER, IN_ALLOCATOR, ANON | RESERVE, CAUSE_ARENA},
		{"its own system call", IN_ALLOCATOR, NOWHERE, ANON | REQUEST | LARGE,
		 CAUSE_MALLOC},
		{"a thread's stack", IN_GLIBC_WRAPPER, IN_ALLOCATOR, ANON | STACK, CAUSE_STACK},
		{"a file", IN_GLIBC_WRAPPER, IN_ALLOCATOR, REQUEST | LARGE, CAUSE_FILE},
		{"an application, through its mmap()", IN_ALLOCATOR_WRAPPER, IN_APP, ANON,
		 CAUSE_DIRECT},
		{"itself, through its mmap()", IN_ALLOCATOR_WRAPPER, IN_ALLOCATOR,
		 ANON | REQUEST | LARGE, CAUSE_MALLOC},
		{"somebody, through its mmap()", IN_GLIBC_WRAPPER, IN_ALLOCATOR_WRAPPER, ANON,
		 CAUSE_UNATTRIBUTED},
		{"refmalloc's block", IN_GLIBC_WRAPPER, IN_REFMALLOC, ANON, CAUSE_MALLOC},
		{"refmalloc's heap", IN_GLIBC_WRAPPER, IN_REFMALLOC,
		 ANON | NORESERVE | REQUEST | LARGE, CAUSE_ARENA},
		{"a nameless program", IN_NAMELESS, NOWHERE, ANON, CAUSE_UNATTRIBUTED},
		{"a nameless program's file", IN_NAMELESS, NOWHERE, 0, CAUSE_FILE},
	};

	ASSERT_RULES(rules);
}

static void without_a_wrapper_the_code_itself_asks(void **state)
{
	static const struct rule rules[] = {
		{"malloc's own", IN_GLIBC, IN_APP, ANON, CAUSE_MALLOC},
		{"musl's own", IN_MUSL, IN_APP, ANON | REQUEST, CAUSE_ARENA},
		{"ld.so's own", IN_LOADER, IN_APP, 0, CAUSE_LOADER},
		{"an application's", IN_APP, IN_GLIBC, ANON, CAUSE_DIRECT},
		{"syscall(2)", IN_GLIBC_REST, IN_GLIBC, ANON, CAUSE_DIRECT},
		{"a JIT's", NOWHERE, IN_GLIBC, ANON, CAUSE_DIRECT},
		{"a wrapper's wrapper is not followed", IN_GLIBC_WRAPPER, IN_GLIBC_WRAPPER, ANON,
		 CAUSE_DIRECT},
	};

	ASSERT_RULES(rules);
}

static void the_loader_maps_whatever_it_maps(void **state)
{
	static const struct rule rules[] = {
		{"a library", IN_LOADER, NOWHERE, 0, CAUSE_LOADER},
		{"its bss", IN_LOADER, NOWHERE, ANON, CAUSE_LOADER},
		{"room for it", IN_LOADER, NOWHERE, ANON | RESERVE, CAUSE_LOADER},
		{"through a wrapper", IN_GLIBC_WRAPPER, IN_LOADER, ANON | STACK, CAUSE_LOADER},
	};

	ASSERT_RULES(rules);
}

static void all_others_are_told_by_their_flags(void **state)
{
	static const struct rule rules[] = {
		{"direct", IN_GLIBC_WRAPPER, IN_APP, ANON, CAUSE_DIRECT},
		{"reserved", IN_GLIBC_WRAPPER, IN_APP, ANON | RESERVE, CAUSE_DIRECT},
		{"after a brk", IN_GLIBC_WRAPPER, IN_APP, ANON | FOR_HEAP, CAUSE_DIRECT},
		{"inside a call of malloc", IN_GLIBC_WRAPPER, IN_APP, ANON | REQUEST | LARGE,
		 CAUSE_DIRECT},
		{"from a JIT", IN_GLIBC_WRAPPER, NOWHERE, ANON, CAUSE_DIRECT},
		{"allocate_stack", IN_GLIBC_WRAPPER, IN_GLIBC_REST, ANON | STACK | RESERVE,
		 CAUSE_STACK},
		{"a stack of the application's own", IN_GLIBC_WRAPPER, IN_APP, ANON | STACK,
		 CAUSE_STACK},
		{"a file", IN_GLIBC_WRAPPER, IN_APP, 0, CAUSE_FILE},
		{"a file as a stack", IN_GLIBC_WRAPPER, IN_APP, STACK, CAUSE_FILE},
		{"a locale", IN_GLIBC_WRAPPER, IN_GLIBC_REST, 0, CAUSE_FILE},
	};

	ASSERT_RULES(rules);
}

static void what_could_not_be_read_is_not_guessed(void **state)
{
	static const struct rule rules[] = {
		{"the caller", IN_GLIBC_WRAPPER, AT_ADDRESS, ANON, CAUSE_UNATTRIBUTED},
		{"the instruction", AT_ADDRESS, IN_GLIBC, ANON, CAUSE_UNATTRIBUTED},
		{"reserved", IN_GLIBC_WRAPPER, AT_ADDRESS, ANON | RESERVE, CAUSE_UNATTRIBUTED},
		{"for a request", IN_GLIBC_WRAPPER, AT_ADDRESS, ANON | REQUEST | LARGE,
		 CAUSE_UNATTRIBUTED},
		/* Flags alone tell these two. */
		{"a file", IN_GLIBC_WRAPPER, AT_ADDRESS, 0, CAUSE_FILE},
		{"a stack", IN_GLIBC_WRAPPER, AT_ADDRESS, ANON | STACK, CAUSE_STACK},
	};

	ASSERT_RULES(rules);
}

/* One file, two offsets beside each other: all is decided by the range. */
static void ranges_end_where_they_end(void **state)
{
	struct cause_table *t = events__causes();
	struct site wrapper = events__site(IN_GLIBC_WRAPPER), at = events__site(IN_GLIBC);
	static const struct {
		__u32 off;
		enum cause cause;
	} edges[] = {
		{0xfff, CAUSE_DIRECT},
		{0x1000, CAUSE_MALLOC},
		{0x1fff, CAUSE_MALLOC},
		{0x2000, CAUSE_DIRECT},
	};

	for (int i = 0; i < 4; i++) {
		at.off = edges[i].off;
		assert_int_equal(cause_of(t, ANON, &wrapper, &at), edges[i].cause);
	}
	at.off = 0x1000;
	at.dev++;
	assert_int_equal(cause_of(t, ANON, &wrapper, &at), CAUSE_DIRECT);
	at.dev--;
	at.ino++;
	assert_int_equal(cause_of(t, ANON, &wrapper, &at), CAUSE_DIRECT);
	cause_table__free(t);
}

static void an_allocator_moves_its_own_blocks(void **state)
{
	static const struct {
		enum place ip, caller;
		bool is;
	} rules[] = {
		{IN_GLIBC_WRAPPER, IN_GLIBC, true},
		{IN_MUSL_WRAPPER, IN_MUSL, true},
		{IN_GLIBC, NOWHERE, true},
		{IN_GLIBC_WRAPPER, IN_APP, false},
		{IN_GLIBC_WRAPPER, IN_LOADER, false},
		{IN_GLIBC_WRAPPER, AT_ADDRESS, false},
		{IN_GLIBC_WRAPPER, IN_ALLOCATOR, true},
		{IN_GLIBC_WRAPPER, IN_REFMALLOC, true},
		{IN_ALLOCATOR_WRAPPER, IN_APP, false},
		{IN_GLIBC_WRAPPER, IN_ALLOCATOR_WRAPPER, false},
		{IN_NAMELESS, NOWHERE, false},
		{IN_APP, IN_GLIBC, false},
		{AT_ADDRESS, IN_GLIBC, false},
	};
	struct cause_table *t = events__causes();

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct site ip = events__site(rules[i].ip);
		struct site caller = events__site(rules[i].caller);

		assert_int_equal(!!cause_is_allocator(t, &ip, &caller), rules[i].is);
	}
	cause_table__free(t);
}

/* More than its first room, and none of them lost. */
static void a_table_grows(void **state)
{
	struct cause_table *t = cause_table__new();
	struct site nowhere = {0};

	assert_non_null(t);
	for (int i = 0; i < 200; i++) {
		struct code_range r = {.ino = 1 + i % 100, .dev = 1, .lo = 10, .hi = 20};

		r.kind = CODE_LOADER;
		assert_int_equal(cause_table__add(t, &r), 0);
	}
	for (int i = 0; i < 101; i++) {
		struct site at = {.ino = 1 + i, .dev = 1, .off = 10};

		assert_int_equal(cause_of(t, ANON, &at, &nowhere),
				 i < 100 ? CAUSE_LOADER : CAUSE_DIRECT);
	}
	cause_table__free(t);
	cause_table__free(NULL);
}

static void causes_have_names(void **state)
{
	static const char *const names[] = {"malloc", "arena",	"direct",      "stack",
					    "file",   "loader", "unattributed"};

	for (int i = 0; i < CAUSE_COUNT; i++)
		assert_string_equal(cause__name(i), names[i]);
	assert_string_equal(cause__name(CAUSE_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(glibc_maps_blocks_and_heaps),
		cmocka_unit_test(musl_maps_blocks_and_groups),
		cmocka_unit_test(an_allocator_maps_blocks_and_all_else),
		cmocka_unit_test(without_a_wrapper_the_code_itself_asks),
		cmocka_unit_test(the_loader_maps_whatever_it_maps),
		cmocka_unit_test(all_others_are_told_by_their_flags),
		cmocka_unit_test(what_could_not_be_read_is_not_guessed),
		cmocka_unit_test(ranges_end_where_they_end),
		cmocka_unit_test(an_allocator_moves_its_own_blocks),
		cmocka_unit_test(a_table_grows),
		cmocka_unit_test(causes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_demangle.c - C++ names as they were written, and those that are left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/demangle.h"

static void names_are_as_they_were_written(void **state)
{
	static const struct {
		const char *mangled, *name;
	} names[] = {
		{"_ZN2os17pd_reserve_memoryEmb", "os::pd_reserve_memory"},
		{"_ZN2v84base2OS8AllocateEPvmmNS1_16MemoryPermissionE", "v8::base::OS::Allocate"},
		{"_Z3addii", "add"},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi",
		 "std::vector<int, std::allocator<int> >::push_back"},
		/* What the compiler has split off. */
		{"_ZN2os17pd_reserve_memoryEmb.cold", "os::pd_reserve_memory"},
	};
	char out[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_true(demangle(names[i].mangled, out, sizeof(out)));
		assert_string_equal(out, names[i].name);
	}
	assert_true(demangle(names[0].mangled, out, 5));
	assert_string_equal(out, "os::");
}

static void other_names_are_left_alone(void **state)
{
	static const char *const names[] = {"",	    "_",       "_Z",
					    "mmap", "_Zfoo",   "_ZN",
					    "_R",   "Z3addii", "_ZN9999999999999999999999foo",
					    "_ZS_", "_ZT_"};
	char out[8] = "before";

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_false(demangle(names[i], out, sizeof(out)));
	assert_string_equal(out, "before");
}

/* Of base 36, at most two digits */
static char *put_reference(char *end, unsigned int n)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	*end++ = 'S';
	if (n >= 36)
		*end++ = digits[n / 36];
	*end++ = digits[n % 36];
	*end++ = '_';
	return end;
}

/* f<a<c, c>, a<X, X>, ...>, each X the one before: 2^levels characters. */
static void nested_name(char name[1024], unsigned int levels)
{
	char *end = stpcpy(name, "_Z1fI1aIccE");

	/* f, then for each a<...> its name and itself can be referred to. */
	for (unsigned int i = 0; i < levels; i++) {
		end = stpcpy(end, "1aI");
		end = put_reference(put_reference(end, 1 + 2 * i), 1 + 2 * i);
		*end++ = 'E';
	}
	strcpy(end, "Evv");
}

static void a_name_does_not_unfold_without_end(void **state)
{
	char name[1024], out[64];

	nested_name(name, 2);
	assert_true(demangle(name, out, sizeof(out)));
	assert_string_equal(out, "f<a<char, char>, a<a<char, char>, a<char, char> >, a<a<a<char, ");
	nested_name(name, 60);
	assert_false(demangle(name, out, sizeof(out)));
}

/* No more than that: it ends, and keeps within its bounds. */
static void any_bytes_do_no_harm(void **state)
{
	static const char letters[] = "_ZNSTIEKPRJLXDdstaibvmz0123456789.@$()";
	unsigned long seed = 1;
	char name[80], out[32];

	for (int round = 0; round < 200000; round++) {
		size_t length = 3 + round % 70;

		strcpy(name, "_Z");
		for (size_t i = 2; i < length; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			name[i] = letters[(seed >> 33) % (sizeof(letters) - 1)];
		}
		name[length] = 0;
		memset(out, 'x', sizeof(out));
		if (demangle(name, out, sizeof(out)))
			assert_true(memchr(out, 0, sizeof(out)) && *out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_they_were_written),
		cmocka_unit_test(other_names_are_left_alone),
		cmocka_unit_test(a_name_does_not_unfold_without_end),
		cmocka_unit_test(any_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

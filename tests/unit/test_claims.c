/*
 * test_claims.c - what workloads say, as they say it and as nobody should.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "claims.h"

static int parse(struct claims *c, const char *text, size_t *line)
{
	return claims__parse(c, text, strlen(text), line);
}

static void blocks(void **state)
{
	struct claims c;
	size_t line;

	assert_int_equal(parse(&c,
			       "process fork 12 0\nexpect malloc.calls 7\n"
			       "want heap.bytes 18446744073709551615\nend\n"
			       "process fork-child 13 12\nend\n"
			       "process refmalloc 14 0\nskip there is none\nend\n"
			       "process glibc 15 0\nfailed glibc.c:3: x = %s\nend\n",
			       &line),
			 0);
	assert_int_equal(c.n_claimants, 4);
	assert_int_equal(c.n_claims, 2);
	assert_string_equal(c.claimants[0].label, "fork");
	assert_int_equal(c.claimants[0].pid, 12);
	assert_int_equal(c.claimants[0].count, 2);
	assert_string_equal(c.all[0].quantity, "malloc.calls");
	assert_int_equal(c.all[0].value, 7);
	assert_false(c.all[0].optional);
	assert_true(c.all[1].value == UINT64_MAX);
	assert_true(c.all[1].optional);
	assert_int_equal(c.claimants[1].parent, 12);
	assert_int_equal(c.claimants[1].first, 2);
	assert_int_equal(c.claimants[1].count, 0);
	assert_true(c.claimants[2].skipped && !c.claimants[2].failed);
	assert_string_equal(c.claimants[2].reason, "there is none");
	assert_true(c.claimants[3].failed && !c.claimants[3].skipped);
	assert_ptr_equal(claims__find(&c, "glibc"), &c.claimants[3]);
	assert_null(claims__find(&c, "gli"));
	claims__clear(&c);
	assert_int_equal(parse(&c, "", &line), 0);
	claims__clear(&c);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} cases[] = {
		{"end\n", 1},
		{"expect malloc.calls 7\n", 1},
		{"process\n", 1},
		{"process a\n", 1},
		{"process a 1\n", 1},
		{"process a 0 0\nend\n", 1},
		{"process a -1 0\nend\n", 1},
		{"process a 1 0 0\nend\n", 1},
		{"process a 4194305 0\nend\n", 1},
		{"process A 1 0\nend\n", 1},
		{"process \033[31m 1 0\nend\n", 1},
		{"process aaaaaaaaaaaaaaaaaaaaaaaa 1 0\nend\n", 1},
		{"process a 1 0\n", 1},
		{"process a 1 0\nend", 2},
		{"process a 1 0\nprocess b 2 0\nend\n", 2},
		{"process a 1 0\nexpect malloc.calls\nend\n", 2},
		{"process a 1 0\nexpect malloc.calls x\nend\n", 2},
		{"process a 1 0\nexpect malloc.calls 1x\nend\n", 2},
		{"process a 1 0\nexpect malloc.calls +1\nend\n", 2},
		{"process a 1 0\nexpect malloc.calls 18446744073709551616\nend\n", 2},
		{"process a 1 0\nexpect malloc.calls 1 1\nend\n", 2},
		{"process a 1 0\nexpect mal%sloc 1\nend\n", 2},
		{"process a 1 0\nskip\nend\n", 2},
		{"process a 1 0\nskip \nend\n", 2},
		{"process a 1 0\nskip a\x9b\nend\n", 2},
		{"process a 1 0\nnonsense 1\nend\n", 2},
		{"process a 1 0\n\nend\n", 2},
	};
	struct claims c;
	size_t line;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (parse(&c, cases[i].text, &line) != -EINVAL || line != cases[i].line)
			fail_msg("line %zu of: %s", line, cases[i].text);
		claims__clear(&c);
	}
}

/* What is too much, or holds a NUL, ends the reading and nothing else. */
static void bounded(void **state)
{
	static const char block[] = "process a 1 0\nend\n", nul[] = "process a\0 1 0\nend\n";
	static char text[200000];
	struct claims c;
	size_t line, n = 0;

	assert_int_equal(claims__parse(&c, nul, sizeof(nul) - 1, &line), -EINVAL);
	claims__clear(&c);
	for (int i = 0; i < 101; i++, n += sizeof(block) - 1)
		strcpy(text + n, block);
	assert_int_equal(claims__parse(&c, text, n, &line), -EINVAL);
	assert_int_equal(line, 201);
	assert_int_equal(c.n_claimants, 100);
	claims__clear(&c);
	n = sprintf(text, "process a 1 0\n");
	for (int i = 0; i < 5001; i++)
		n += sprintf(text + n, "expect execs %d\n", i);
	assert_int_equal(claims__parse(&c, text, n, &line), -EINVAL);
	assert_int_equal(line, 5002);
	claims__clear(&c);
	n = sprintf(text, "process a 1 0\nskip ");
	memset(text + n, 'x', 300);
	strcpy(text + n + 300, "\nend\n");
	assert_int_equal(parse(&c, text, &line), -EINVAL);
	claims__clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(refused),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}

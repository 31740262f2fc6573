/*
 * test_smaps.c - the text of /proc/PID/smaps, as kernels write it and as nobody should.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/smaps.h"

struct seen {
	char text[1024];
	size_t used;
	int stop_after;
};

static int see(const struct smap *m, void *arg)
{
	struct seen *s = arg;

	s->used += snprintf(s->text + s->used, sizeof(s->text) - s->used,
			    "%s%llx-%llx %s %llu %llu %llu%s%s %s", s->used ? ", " : "",
			    m->map.start, m->map.end, m->map.perms, m->rss, m->anonymous, m->swap,
			    m->accounted ? " ac" : "", m->grows_down ? " gd" : "", m->map.path);
	assert_true(s->used < sizeof(s->text));
	return s->stop_after && !--s->stop_after ? 7 : 0;
}

/* The text is written to: a copy of its own, whose end a sanitizer watches. */
static int parse(const char *text, struct seen *s)
{
	char *copy = strdup(text);
	int err;

	assert_non_null(copy);
	s->used = 0;
	s->text[0] = 0;
	err = smaps__parse(copy, see, s);
	free(copy);
	return err;
}

static void assert_seen(const char *text, const char *wanted)
{
	struct seen s = {};

	assert_int_equal(parse(text, &s), 0);
	assert_string_equal(s.text, wanted);
}

#define HEAP "55b473488000-55b4734a9000 rw-p 00000000 00:00 0                          [heap]\n"

static void what_linux_6_18_writes(void **state)
{
	assert_seen(HEAP "Size:                132 kB\nKernelPageSize:        4 kB\n"
			 "Rss:                  16 kB\nPss:                  16 kB\n"
			 "Pss_Dirty:             0 kB\nAnonymous:            12 kB\n"
			 "AnonHugePages:         0 kB\nShared_Hugetlb:        0 kB\n"
			 "Swap:                  8 kB\nSwapPss:               8 kB\n"
			 "THPeligible:           0\nProtectionKey:         0\n"
			 "VmFlags: rd wr mr mw me ac sd \n"
			 "7fff7c210000-7fff7c231000 rw-p 00000000 00:00 0          [stack]\n"
			 "Rss:                   4 kB\nVmFlags: rd wr gd ac \n"
			 "7fff7c3b3000-7fff7c3b7000 r--p 00001000 08:01 5  /a b/lib.so (deleted)\n"
			 "Rss:                   0 kB\nVmFlags: rd mr\n",
		    "55b473488000-55b4734a9000 rw-p 16384 12288 8192 ac [heap], "
		    "7fff7c210000-7fff7c231000 rw-p 4096 0 0 ac gd [stack], "
		    "7fff7c3b3000-7fff7c3b7000 r--p 0 0 0 /a b/lib.so (deleted)");
	assert_seen("", "");
}

/* A name may look like anything, in its own line. */
static void names_are_only_names(void **state)
{
	assert_seen("1000-2000 r--p 00000000 08:01 5  Rss: 4 kB\nRss: 8 kB\nVmFlags: xac\n"
		    "2000-3000 r--p 00000000 08:01 5  1000-2000 rw-p 00000000 08:01 5 x\n"
		    "Rss: 0 kB\nVmFlags: gda\n",
		    "1000-2000 r--p 8192 0 0 Rss: 4 kB, "
		    "2000-3000 r--p 0 0 0 1000-2000 rw-p 00000000 08:01 5 x");
}

static void what_is_no_smaps_is_refused(void **state)
{
	static const char *const wrong[] = {
		"Rss: 4 kB\n",			       /* of which mapping? */
		HEAP,				       /* cut short */
		HEAP "Size: 4 kB\n",		       /* the same */
		HEAP "Rss:\n",			       /* no number */
		HEAP "Rss: -4 kB\n",		       /* a negative one */
		HEAP "Rss: 4\n",		       /* no unit */
		HEAP "Rss: 4 MB\n",		       /* another */
		HEAP "Rss: 18014398509481984 kB\n",    /* 2^64 bytes */
		HEAP "Rss: 99999999999999999999 kB\n", /* more than any number */
		HEAP "Rss: 4 kB\nSwap: x kB\n",	       /* another line's */
		"2000-1000 rw-p 00000000 00:00 0 \n",  /* backwards */
		"1000-1000 rw-p 00000000 00:00 0 \n",  /* empty */
		"1000 rw-p\nRss: 4 kB\n",	       /* no range */
		"\nRss: 4 kB\n",		       /* an empty line */
		"deadbeef\n",
	};
	struct seen s = {};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse(wrong[i], &s), -EINVAL);
	/* As much as fits is a number. */
	assert_seen(HEAP "Rss: 18014398509481983 kB\n",
		    "55b473488000-55b4734a9000 rw-p 18446744073709550592 0 0 [heap]");
}

static void a_visitor_ends_it(void **state)
{
	struct seen s = {.stop_after = 2};

	assert_int_equal(parse("1000-2000 r--p 0 00:00 0\nRss: 0 kB\n"
			       "2000-3000 r--p 0 00:00 0\nRss: 0 kB\n"
			       "3000-4000 r--p 0 00:00 0\nRss: 0 kB\n",
			       &s),
			 7);
	assert_string_equal(s.text, "1000-2000 r--p 0 0 0 , 2000-3000 r--p 0 0 0 ");
}

/* Any bytes: refused or not, nothing is read that is not there. */
static void any_bytes_are_survived(void **state)
{
	static const char sample[] = HEAP "Rss: 16 kB\nAnonymous: 4 kB\nVmFlags: rd gd ac\n" HEAP
					  "Rss: 16 kB\nVmFlags: ac gd";
	struct seen s = {};
	uint64_t seed = 1;
	char text[sizeof(sample)];

	for (int i = 0; i < 100000; i++) {
		memcpy(text, sample, sizeof(sample));
		for (int k = 0; k < 3; k++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			text[(seed >> 33) % (sizeof(text) - 1)] = (char)(seed >> 24);
		}
		parse(text, &s);
	}
}

/* The list says what /proc/PID/maps says, and the sum what the rollup does. */
struct sum {
	__u64 bytes, rss;
	size_t n;
};

static int add_smap(const struct smap *m, void *arg)
{
	struct sum *s = arg;

	s->bytes += m->map.end - m->map.start;
	s->rss += m->rss;
	s->n++;
	return 0;
}

static int add_map(const struct proc_map *m, void *arg)
{
	struct sum *s = arg;

	s->bytes += m->end - m->start;
	s->n++;
	return 0;
}

static void a_process_that_stands_still(void **state)
{
	struct sum by_smaps = {}, by_maps = {};
	pid_t pid = fork();
	__u64 rollup;

	assert_true(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	assert_int_equal(smaps__read(pid, add_smap, &by_smaps), 0);
	assert_int_equal(procfs__maps(pid, add_map, &by_maps), 0);
	assert_true(by_smaps.n > 5);
	assert_int_equal(by_smaps.n, by_maps.n);
	assert_int_equal(by_smaps.bytes, by_maps.bytes);
	assert_int_equal(smaps__rollup(pid, &rollup), 0);
	assert_true(rollup > 0 && by_smaps.rss > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(smaps__read(UINT32_MAX, add_smap, &by_smaps), -ESRCH);
	assert_int_equal(smaps__rollup(UINT32_MAX, &rollup), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_linux_6_18_writes),
		cmocka_unit_test(names_are_only_names),
		cmocka_unit_test(what_is_no_smaps_is_refused),
		cmocka_unit_test(a_visitor_ends_it),
		cmocka_unit_test(any_bytes_are_survived),
		cmocka_unit_test(a_process_that_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_options.c - the command line: every option, every wrong value, and what is said of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd_options.h"

#define MOST 24

static const struct option_set report = {
	.command = "report", .letters = "pncdljrso", .takes_command = true, .takes_budget = true};
static const struct option_set top = {
	.command = "top", .letters = "pncdlrsbCTo", .interval_and_count = true};
static const struct option_set probes = {.command = "probes", .letters = ""};

/* The words behind the command's name, with blanks between them; "''" is an empty one. */
struct line {
	char text[256];
	char *argv[MOST + 1];
	int argc;
};

static void split(struct line *l, const char *command, const char *words)
{
	char *save = NULL, *word;

	snprintf(l->text, sizeof(l->text), "%s %s", command, words);
	l->argc = 0;
	for (word = strtok_r(l->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(l->argc < MOST);
		l->argv[l->argc++] = strcmp(word, "''") ? word : "";
	}
	l->argv[l->argc] = NULL;
}

static enum parsed parse(struct options *o, struct line *l, const struct option_set *set,
			 const char *words)
{
	split(l, set->command, words);
	return options__parse(o, set, l->argc, l->argv);
}

/* stderr meanwhile, into text. */
static enum parsed parse_aloud(struct options *o, struct line *l, const struct option_set *set,
			       const char *words, char *text, size_t size)
{
	int old = dup(STDERR_FILENO), said = memfd_create("stderr", 0);
	enum parsed parsed;
	ssize_t n;

	assert_true(old >= 0 && said >= 0);
	fflush(stderr);
	dup2(said, STDERR_FILENO);
	parsed = parse(o, l, set, words);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	n = pread(said, text, size - 1, 0);
	text[n < 0 ? 0 : n] = 0;
	close(old);
	close(said);
	return parsed;
}

/* Refused, in one line that names the command and the part. */
static void assert_wrong(const struct option_set *set, const char *words, const char *part)
{
	char said[1024], begin[64];
	struct options o;
	struct line l;
	enum parsed parsed = parse_aloud(&o, &l, set, words, said, sizeof(said));

	snprintf(begin, sizeof(begin), "brkscope: %s: ", set->command);
	if (parsed != PARSED_WRONG)
		fail_msg("%s %s: taken", set->command, words);
	if (strncmp(said, begin, strlen(begin)) || !strstr(said, part) || !strchr(said, '\n') ||
	    strchr(said, '\n')[1])
		fail_msg("%s %s: said '%s', not '%s'", set->command, words, said, part);
	options__clear(&o);
}

static void assert_taken(struct options *o, struct line *l, const struct option_set *set,
			 const char *words)
{
	char said[1024];
	enum parsed parsed = parse_aloud(o, l, set, words, said, sizeof(said));

	if (parsed != PARSED_RUN || said[0])
		fail_msg("%s %s: not taken: %s", set->command, words, said);
}

static void without_options_all_is_the_default(void **state)
{
	struct options o;
	struct line l;

	assert_taken(&o, &l, &report, "");
	assert_true(o.interval == 1 && o.seconds == 0 && o.count == 0);
	assert_int_equal(o.rows, -1);
	assert_int_equal(o.level, LEVEL_SIZES);
	assert_int_equal(o.ring_pages, 4096);
	assert_int_equal(o.max_processes, 0);
	assert_false(o.json || o.sort_given || o.no_clear || o.timestamps || o.batch || o.verbose);
	assert_true(!o.pids && !o.comm && !o.cgroup && !o.output && !o.command);
	options__clear(&o);
}

static void every_option_is_taken(void **state)
{
	/* The same, short and long. */
	static const char *const lines[] = {
		"-p 1,22,4194304 -n name -c /a -d 2.5 -l syscalls -j -r 7 -s pid -o f -v",
		"--pid=1,22,4194304 --comm=name --cgroup=/a --duration=2.5 --level=syscalls --json "
		"--rows=7 --sort=pid --output=f --verbose",
		"-p1 -p22 -p4194304 -nname -c/a -d2.5 -lsyscalls -jvr7 -spid -of",
	};
	struct options o;
	struct line l;

	for (int i = 0; i < 3; i++) {
		assert_taken(&o, &l, &report, lines[i]);
		assert_int_equal(o.n_pids, 3);
		assert_int_equal(o.pids[0], 1);
		assert_int_equal(o.pids[1], 22);
		assert_int_equal(o.pids[2], 4194304);
		assert_string_equal(o.comm, "name");
		assert_string_equal(o.cgroup, "/a");
		assert_true(o.seconds == 2.5);
		assert_int_equal(o.level, LEVEL_SYSCALLS);
		assert_true(o.json && o.verbose && o.sort_given);
		assert_int_equal(o.rows, 7);
		assert_int_equal(o.sort, SORT_PID);
		assert_string_equal(o.output, "f");
		assert_null(o.command);
		options__clear(&o);
	}
}

static void flags_of_top_and_sizes_of_the_kernel(void **state)
{
	struct options o;
	struct line l;

	assert_taken(&o, &l, &top, "-bCT --ring-pages 64 --max-processes 1");
	assert_true(o.batch && o.no_clear && o.timestamps);
	assert_false(o.json);
	assert_int_equal(o.ring_pages, 64);
	assert_int_equal(o.max_processes, 1);
	options__clear(&o);
	assert_taken(&o, &l, &top, "--ring-pages=262144 --max-processes=1048576 -r 0 -l sizes");
	assert_int_equal(o.ring_pages, 262144);
	assert_int_equal(o.max_processes, 1048576);
	assert_int_equal(o.rows, 0);
	assert_int_equal(o.level, LEVEL_SIZES);
	options__clear(&o);
}

static void wrong_values_are_refused(void **state)
{
	static const struct {
		const char *option;
		const char *values[14];
	} rules[] = {
		{"-p",
		 {"''", ",", "x", "1,x", "0", "-1", "+1", "4194305", "1.5", "0x10",
		  "99999999999999999999", "1,2,-3"}},
		{"-n", {"''"}},
		{"-c", {"''"}},
		{"-d", {"''", "x", "0", "-1", "1s", "nan", "inf", "1e10", "1,5"}},
		{"-l", {"''", "lives", "Sizes", "size", "1"}},
		{"-r", {"''", "x", "-1", "1000001", "1.5", "+5"}},
		{"-s", {"''", "Heap", "size", "0"}},
		{"-o", {"''"}},
		{"--ring-pages", {"''", "0", "3", "524288", "-4", "x", "4k"}},
		{"--max-processes", {"''", "0", "1048577", "-1", "x"}},
		{"--budget", {"''", "0", "-1", "x", "5%", "nan", "inf", "2e6"}},
	};
	char words[64], part[64];

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		for (int k = 0; rules[i].values[k]; k++) {
			const char *value = rules[i].values[k];

			snprintf(words, sizeof(words), "%s %s", rules[i].option, value);
			snprintf(part, sizeof(part), "%s '%s': it takes ", rules[i].option,
				 strcmp(value, "''") ? value : "");
			assert_wrong(&report, words, part);
		}
	assert_wrong(&report, "-p 1 -p ,", "-p ','");
	assert_wrong(&report, "--budget 5 -l live", "--budget goes with level sizes only");
	assert_wrong(&report, "-l syscalls --budget 5", "--budget goes with level sizes only");
	assert_wrong(&top, "--budget 5", "--budget is no option");
	assert_wrong(&report, "-s outstanding", "-s outstanding goes with level live only");
	assert_wrong(&top, "-l syscalls -s bytes", "-s calls and bytes are not seen at level sys");
}

static void options_that_there_are_not(void **state)
{
	assert_wrong(&report, "-x", "-x is no option");
	assert_wrong(&report, "-jx", "-x is no option");
	assert_wrong(&report, "--bogus", "--bogus is no option");
	assert_wrong(&report, "--bogus=1", "--bogus=1 is no option");
	/* Another command's. */
	assert_wrong(&report, "-b", "-b is no option");
	assert_wrong(&report, "--batch", "--batch is no option");
	assert_wrong(&top, "-j", "-j is no option");
	assert_wrong(&probes, "-p 1", "-p is no option");
	assert_wrong(&probes, "--ring-pages 4", "--ring-pages is no option");
	assert_wrong(&report, "-d", "-d needs a value");
	assert_wrong(&report, "-jd", "-d needs a value");
	assert_wrong(&report, "--ring-pages", "--ring-pages needs a value");
	assert_wrong(&report, "--json=1", "-j takes no value");
}

/* top takes its words in any order, and still says which of them was wrong. */
static void the_wrong_word_is_named(void **state)
{
	assert_wrong(&top, "5 --bogus", "--bogus is no option");
	assert_wrong(&top, "5 3 -r x", "-r 'x'");
	assert_wrong(&top, "5 --ring-pages=3", "--ring-pages '3'");
	assert_wrong(&top, "-b 5 --rows x", "-r 'x'");
}

static void top_takes_an_interval_and_a_count(void **state)
{
	static const char *const lines[] = {"-b -r 3 2.5 4", "2.5 4 -b -r 3", "2.5 -b 4 -r3"};
	struct options o;
	struct line l;

	for (int i = 0; i < 3; i++) {
		assert_taken(&o, &l, &top, lines[i]);
		assert_true(o.interval == 2.5 && o.count == 4 && o.batch && o.rows == 3);
		options__clear(&o);
	}
	assert_taken(&o, &l, &top, "10");
	assert_true(o.interval == 10 && o.count == 0);
	options__clear(&o);
	assert_wrong(&top, "x", "x is no interval");
	assert_wrong(&top, "0", "0 is no interval");
	assert_wrong(&top, "1 0", "0 is no number of updates");
	assert_wrong(&top, "1 1.5", "1.5 is no number of updates");
	assert_wrong(&top, "1 2 3", "3 is not expected");
}

static void a_command_comes_behind_two_dashes(void **state)
{
	struct options o;
	struct line l;

	assert_taken(&o, &l, &report, "-j -- ls -p --bogus -- x");
	assert_true(o.json);
	assert_non_null(o.command);
	assert_string_equal(o.command[0], "ls");
	assert_string_equal(o.command[1], "-p");
	assert_string_equal(o.command[2], "--bogus");
	assert_string_equal(o.command[3], "--");
	assert_string_equal(o.command[4], "x");
	assert_null(o.command[5]);
	options__clear(&o);
	assert_taken(&o, &l, &top, "-b --");
	assert_null(o.command);
	options__clear(&o);

	assert_wrong(&report, "-j --", "-- needs a command behind it");
	assert_wrong(&report, "ls", "ls is not expected: a command comes behind --");
	assert_wrong(&report, "-j ls -- x", "ls is not expected");
	assert_wrong(&report, "-p 1 -- ls", "-p does not go with a command");
	assert_wrong(&top, "-- ls", "ls is not expected: it takes no command");
	assert_wrong(&probes, "ls", "ls is not expected");
}

static void help_ends_the_line(void **state)
{
	static const struct option_set *const sets[] = {&report, &top, &probes};
	struct options o;
	struct line l;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(parse(&o, &l, sets[i], "-v --help --bogus"), PARSED_HELP);
		options__clear(&o);
		assert_int_equal(parse(&o, &l, sets[i], "-h"), PARSED_HELP);
		options__clear(&o);
	}
	/* Of the command, not of brkscope. */
	assert_int_equal(parse(&o, &l, &report, "-- ls --help"), PARSED_RUN);
	options__clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_all_is_the_default),
		cmocka_unit_test(every_option_is_taken),
		cmocka_unit_test(flags_of_top_and_sizes_of_the_kernel),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(options_that_there_are_not),
		cmocka_unit_test(the_wrong_word_is_named),
		cmocka_unit_test(top_takes_an_interval_and_a_count),
		cmocka_unit_test(a_command_comes_behind_two_dashes),
		cmocka_unit_test(help_ends_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

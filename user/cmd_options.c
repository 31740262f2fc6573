/*
 * cmd_options.c - the command line, the same for every subcommand that takes an option.
 *
 * One table says each option's letter, its long name, its argument and its
 * help; a subcommand names the letters that it takes.
 */
#include "cmd_options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

enum { OPT_RING_PAGES = 1000, OPT_MAX_PROCESSES, OPT_BUDGET };

static const struct described {
	int letter;
	const char *name;
	const char *argument;
	const char *help;
} described[] = {
	{'p', "pid", "PID[,PID...]", "only these processes"},
	{'n', "comm", "COMM", "only processes of this name (the first 15 characters)"},
	{'c', "cgroup", "PATH", "only processes in this cgroup v2 directory, and below"},
	{'d', "duration", "SECONDS", "stop after so long"},
	{'l', "level", "LEVEL",
	 "what is probed: syscalls (brk and mmap alone), sizes (the default), or live (and frees)"},
	{'j', "json", NULL, "JSON, schema "},
	{'r', "rows", "ROWS", "at most so many rows; 0: all"},
	{'s', "sort", "KEY", "sort by"},
	{'b', "batch", NULL, "plain output that scrolls, also on a terminal"},
	{'C', "no-clear", NULL, "do not clear the screen"},
	{'T', "timestamps", NULL, "the time before each table"},
	{'o', "output", "FILE", "write there; stdout is left to the command"},
	{'v', "verbose", NULL, "say what is done, and what libbpf says"},
	{OPT_RING_PAGES, "ring-pages", "N",
	 "size of the ring buffer in pages, a power of two (4096)"},
	{OPT_MAX_PROCESSES, "max-processes", "N",
	 "processes that the kernel counts apart when the ring is full (4096)"},
	{OPT_BUDGET, "budget", "PERCENT",
	 "of one CPU, for all of brkscope: malloc is seen in bursts, and estimated"},
	{'h', "help", NULL, "this"},
};

#define N_DESCRIBED (sizeof(described) / sizeof(*described))

/* Those that every collecting command takes have no letter, or -v and -h. */
static bool taken(const struct option_set *set, const struct described *d)
{
	if (d->letter == 'h' || d->letter == 'v')
		return true;
	if (d->letter == OPT_BUDGET)
		return set->takes_budget;
	if (d->letter >= OPT_RING_PAGES)
		return strchr(set->letters, 'l') != NULL;
	return strchr(set->letters, d->letter) != NULL;
}

static void build_tables(const struct option_set *set, char *short_options,
			 struct option *long_options)
{
	if (set->takes_command)
		*short_options++ = '+'; /* options end where the command begins */
	*short_options++ = ':';
	for (size_t i = 0; i < N_DESCRIBED; i++) {
		const struct described *d = &described[i];

		if (!taken(set, d))
			continue;
		*long_options++ = (struct option){d->name, d->argument != NULL, NULL, d->letter};
		if (d->letter >= OPT_RING_PAGES)
			continue;
		*short_options++ = d->letter;
		if (d->argument)
			*short_options++ = ':';
	}
	*short_options = 0;
	*long_options = (struct option){};
}

static bool parse_count(const char *text, unsigned long least, unsigned long most,
			unsigned long *out)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value < least || value > most)
		return false;
	*out = value;
	return true;
}

/* Above 0, and not without end. */
static bool parse_amount(const char *text, double most, double *out)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !(value > 0 && value <= most))
		return false;
	*out = value;
	return true;
}

static bool parse_seconds(const char *text, double *out)
{
	return parse_amount(text, 1e9, out);
}

static bool parse_pids(struct options *o, const char *text)
{
	char *copy = strdup(text), *save = NULL, *word;
	unsigned long pid;
	bool good = copy && *copy;
	size_t before = o->n_pids;
	__u32 *more;

	for (word = good ? strtok_r(copy, ",", &save) : NULL; word && good;
	     word = strtok_r(NULL, ",", &save)) {
		good = parse_count(word, 1, 4194304, &pid); /* PID_MAX_LIMIT */
		more = good ? realloc(o->pids, (o->n_pids + 1) * sizeof(*more)) : NULL;
		if (!more)
			good = false;
		else {
			o->pids = more;
			o->pids[o->n_pids++] = pid;
		}
	}
	free(copy);
	return good && o->n_pids > before;
}

static bool parse_level(const char *text, enum level *level)
{
	if (!strcmp(text, "syscalls"))
		*level = LEVEL_SYSCALLS;
	else if (!strcmp(text, "sizes"))
		*level = LEVEL_SIZES;
	else if (!strcmp(text, "live"))
		*level = LEVEL_LIVE;
	else
		return false;
	return true;
}

/* NULL, or what would have been right. */
static const char *take(struct options *o, int letter, const char *value)
{
	unsigned long n = 0;

	switch (letter) {
	case 'p':
		return parse_pids(o, value) ? NULL : "process ids, separated by commas";
	case 'n':
		o->comm = value;
		return *value ? NULL : "the name of a program";
	case 'c':
		o->cgroup = value;
		return *value ? NULL : "the directory of a cgroup v2";
	case 'd':
		return parse_seconds(value, &o->seconds) ? NULL : "a number of seconds above 0";
	case 'l':
		o->level_given = true;
		return parse_level(value, &o->level) ? NULL : "syscalls, sizes or live";
	case 'j':
		o->json = true;
		return NULL;
	case 'r':
		if (!parse_count(value, 0, 1000000, &n))
			return "a number of rows; 0 for all";
		o->rows = n;
		return NULL;
	case 's':
		o->sort_given = true;
		return !sort_key__parse(value, &o->sort) ? NULL
							 : "one of the keys that --help lists";
	case 'b':
		o->batch = true;
		return NULL;
	case 'C':
		o->no_clear = true;
		return NULL;
	case 'T':
		o->timestamps = true;
		return NULL;
	case 'o':
		o->output = value;
		return *value ? NULL : "a file to write";
	case 'v':
		o->verbose = true;
		return NULL;
	case OPT_RING_PAGES:
		if (!parse_count(value, 1, 1 << 18, &n) || n & (n - 1))
			return "a power of two, from 1 to 262144";
		o->ring_pages = n;
		return NULL;
	case OPT_MAX_PROCESSES:
		if (!parse_count(value, 1, 1 << 20, &n))
			return "a number from 1 to 1048576";
		o->max_processes = n;
		return NULL;
	case OPT_BUDGET:
		return parse_amount(value, 1e6, &o->budget) ? NULL
							    : "a percentage of one CPU, above 0";
	}
	return "an option that there is";
}

/* One line; value NULL: it is not about one. */
static enum parsed wrong(const struct option_set *set, const char *option, const char *value,
			 const char *why)
{
	if (value)
		log__error("%s: %s '%s': it takes %s; see: brkscope help %s", set->command, option,
			   value, why, set->command);
	else
		log__error("%s: %s %s; see: brkscope help %s", set->command, option, why,
			   set->command);
	return PARSED_WRONG;
}

static enum parsed take_pids(struct options *o, const struct option_set *set, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!parse_pids(o, argv[i]))
			return wrong(set, argv[i], NULL, "is no process id");
	return o->n_pids ? PARSED_RUN : wrong(set, "PID", NULL, "is missing: whose map?");
}

static enum parsed take_words(struct options *o, const struct option_set *set, int argc,
			      char **argv, bool command)
{
	if (command && (argc || set->takes_command)) {
		if (!set->takes_command)
			return wrong(set, argv[0], NULL, "is not expected: it takes no command");
		if (!argc)
			return wrong(set, "--", NULL, "needs a command behind it");
		if (o->n_pids)
			return wrong(set, "-p", NULL, "does not go with a command");
		o->command = argv;
		return PARSED_RUN;
	}
	if (set->takes_pids)
		return take_pids(o, set, argc, argv);
	if (set->interval_and_count && argc >= 1) {
		if (!parse_seconds(argv[0], &o->interval))
			return wrong(set, argv[0], NULL, "is no interval in seconds above 0");
		argv++;
		argc--;
	}
	if (set->interval_and_count && argc >= 1) {
		if (!parse_count(argv[0], 1, 1000000000, &o->count))
			return wrong(set, argv[0], NULL, "is no number of updates");
		argv++;
		argc--;
	}
	if (argc)
		return wrong(set, argv[0], NULL,
			     set->takes_command ? "is not expected: a command comes behind --"
						: "is not expected");
	return PARSED_RUN;
}

static const struct described *described_by(int letter)
{
	for (size_t i = 0; i < N_DESCRIBED; i++)
		if (described[i].letter == letter)
			return &described[i];
	return NULL;
}

/* An option as one would write it; letter 0: getopt knows none, and word is what there is. */
static void spell(char *text, size_t size, int letter, const char *word)
{
	if (letter >= OPT_RING_PAGES)
		snprintf(text, size, "--%s", described_by(letter)->name);
	else if (letter)
		snprintf(text, size, "-%c", letter);
	else
		snprintf(text, size, "%.60s", word);
}

/* What goes with some levels only; NULL: all is well. */
static const char *level_wrong(const struct options *o, const char **option)
{
	/* Blocks can be paired only where every call is seen; without malloc's there is no choice.
	 */
	*option = "--budget";
	if (o->budget && o->level != LEVEL_SIZES)
		return "goes with level sizes only";
	*option = "-s";
	if (!o->sort_given)
		return NULL;
	if (o->sort == SORT_OUTSTANDING && o->level != LEVEL_LIVE)
		return "outstanding goes with level live only";
	if ((o->sort == SORT_CALLS || o->sort == SORT_BYTES) && o->level == LEVEL_SYSCALLS)
		return "calls and bytes are not seen at level syscalls";
	return NULL;
}

enum parsed options__parse(struct options *o, const struct option_set *set, int argc, char **argv)
{
	struct option long_options[N_DESCRIBED + 1];
	char short_options[2 * N_DESCRIBED + 4], option[64];
	const struct described *d;
	const char *wanted, *at_level;
	int letter;

	*o = (struct options){
		.interval = 1, .rows = -1, .level = LEVEL_SIZES, .ring_pages = RING_PAGES_DEFAULT};
	build_tables(set, short_options, long_options);
	opterr = 0;
	optind = 0;
	for (;;) {
		letter = getopt_long(argc, argv, short_options, long_options, NULL);
		if (letter == -1)
			break;
		if (letter == 'h')
			return PARSED_HELP;
		spell(option, sizeof(option), letter == '?' || letter == ':' ? optopt : letter,
		      argv[optind - 1]);
		d = described_by(optopt);
		if (letter == '?')
			return wrong(set, option, NULL,
				     d && taken(set, d) ? "takes no value" : "is no option of it");
		if (letter == ':')
			return wrong(set, option, NULL, "needs a value");
		wanted = take(o, letter, optarg);
		if (wanted)
			return wrong(set, option, optarg, wanted);
	}
	wanted = level_wrong(o, &at_level);
	if (wanted)
		return wrong(set, at_level, NULL, wanted);
	return take_words(o, set, argc - optind, argv + optind,
			  optind > 1 && !strcmp(argv[optind - 1], "--"));
}

void options__clear(struct options *o)
{
	free(o->pids);
	memset(o, 0, sizeof(*o));
}

void options__help(const struct option_set *set)
{
	char left[64];

	for (size_t i = 0; i < N_DESCRIBED; i++) {
		const struct described *d = &described[i];

		if (!taken(set, d))
			continue;
		if (d->letter < OPT_RING_PAGES)
			snprintf(left, sizeof(left), "-%c, --%s%s%s", d->letter, d->name,
				 d->argument ? " " : "", d->argument ? d->argument : "");
		else
			snprintf(left, sizeof(left), "    --%s %s", d->name, d->argument);
		printf("  %-26s %s%s\n", left, d->help,
		       d->letter != 'j' ? ""
		       : set->schema	? set->schema
					: "brkscope.report/1");
		for (int k = 0; d->letter == 's' && k < SORT_KEY_COUNT; k++)
			printf("  %-26s   %-12s %s\n", "", sort_key__name(k), sort_key__help(k));
	}
}

/*
 * main.c - which subcommand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "brkscope/selftest.h"
#include "brkscope/version.h"
#include "commands.h"
#include "log.h"
#include "selftest/workload.h"

static const struct subcommand *const subcommands[] = {
	&cmd_top, &cmd_report, &cmd_trace, &cmd_map, &cmd_probes, &cmd_selftest,
};

#define N_SUBCOMMANDS (sizeof(subcommands) / sizeof(*subcommands))

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		if (!strcmp(subcommands[i]->options.command, name))
			return subcommands[i];
	return NULL;
}

static int usage(FILE *out, int status)
{
	fprintf(out, "brkscope " BRKSCOPE_VERSION
		     ": where a process's memory comes from, the heap (brk) or mmap, live\n\n"
		     "usage: brkscope COMMAND [OPTIONS]\n\n");
	for (size_t i = 0; i < N_SUBCOMMANDS; i++)
		fprintf(out, "  %-9s %s\n", subcommands[i]->options.command,
			subcommands[i]->summary);
	fprintf(out, "  %-9s %s\n\n", "help", "what a command does, and its options");
	fprintf(out, "brkscope help COMMAND says more.\n");
	return status;
}

static int help(const struct subcommand *c)
{
	printf("brkscope %s: %s\n\nusage: brkscope %s %s\n\n", c->options.command, c->summary,
	       c->options.command, c->arguments);
	options__help(&c->options);
	printf("\nexamples:\n%s", c->examples);
	return STATUS_DONE;
}

static int run(const struct subcommand *c, int argc, char **argv)
{
	struct options o;
	int status;

	switch (options__parse(&o, &c->options, argc, argv)) {
	case PARSED_HELP:
		status = help(c);
		break;
	case PARSED_WRONG:
		status = STATUS_USAGE;
		break;
	default:
		log__set_verbose(o.verbose);
		status = c->run(&o);
	}
	options__clear(&o);
	return status;
}

/*
 * A descriptor of ours in the place of a closed one of these would be written to as if it were.
 * What is written to a closed stdout fails all the same, as it should.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDERR_FILENO ? O_RDWR : O_RDONLY);
}

static int main_command(int argc, char **argv)
{
	const struct subcommand *c;
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--version") || !strcmp(name, "version")) {
		printf("brkscope " BRKSCOPE_VERSION "\n");
		return STATUS_DONE;
	}
	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h")) {
		if (argc < 3)
			return usage(stdout, STATUS_DONE);
		c = find(argv[2]);
		if (c)
			return help(c);
		name = argv[2];
	} else if (*name) {
		c = find(name);
		if (c)
			return run(c, argc - 1, argv + 1);
	}
	if (!*name)
		return usage(stderr, STATUS_USAGE);
	log__error("%s: there is no such command; see: brkscope help", name);
	return STATUS_USAGE;
}

/* Help that nobody got is none.  What a subcommand writes is its own to check: output.h. */
static int check_written(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	log__error("writing to standard output: %s", strerror(errno));
	return status ? status : STATUS_FAILED;
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();

	/* First of all: what such a process allocates is what it says it does. */
	if (argc > 1 && !strcmp(argv[1], SELFTEST_ENTRY))
		return workload__main(argc - 1, argv + 1);
	return check_written(main_command(argc, argv));
}

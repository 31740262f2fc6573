/*
 * commands.h - the subcommands: one file each, joined here.
 */
#ifndef BRKSCOPE_COMMANDS_H
#define BRKSCOPE_COMMANDS_H

#include "cmd_options.h"

enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct subcommand {
	struct option_set options;
	const char *arguments; /* for the usage line */
	const char *summary;   /* one line */
	const char *examples;
	int (*run)(const struct options *o); /* the exit status */
};

extern const struct subcommand cmd_top;
extern const struct subcommand cmd_report;
extern const struct subcommand cmd_trace;
extern const struct subcommand cmd_map;
extern const struct subcommand cmd_probes;
extern const struct subcommand cmd_selftest;

#endif

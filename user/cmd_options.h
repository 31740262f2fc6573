/*
 * cmd_options.h - the command line, the same for every subcommand that takes an option.
 */
#ifndef BRKSCOPE_CMD_OPTIONS_H
#define BRKSCOPE_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "model/snapshot.h"
#include "render/sort.h"

struct options {
	__u32 *pids;
	size_t n_pids;
	const char *comm;
	const char *cgroup;
	double seconds;	     /* 0: no limit */
	double interval;     /* top */
	unsigned long count; /* top; 0: no limit */
	bool json;
	int rows; /* -1: not given */
	bool sort_given;
	enum sort_key sort;
	bool no_clear;
	bool timestamps;
	bool batch;
	bool verbose;
	bool level_given;
	enum level level;
	const char *output;
	unsigned int ring_pages;
	unsigned int max_processes;
	double budget;	/* percent of one CPU; 0: none */
	char **command; /* NULL, or NULL-terminated: what stands behind -- */
};

/* What a subcommand takes: getopt letters without colons, such as "pncd". */
struct option_set {
	const char *command; /* its name, for messages */
	const char *letters;
	bool interval_and_count; /* two numbers without a letter */
	bool takes_budget;
	bool takes_command; /* -- COMMAND ARGS */
	bool takes_pids;    /* words are PIDs, and there must be one */
	const char *schema; /* of -j; NULL: brkscope.report/1 */
};

enum parsed { PARSED_RUN, PARSED_HELP, PARSED_WRONG };

/* PARSED_WRONG: said on stderr, in one line; the exit status is 2. */
enum parsed options__parse(struct options *o, const struct option_set *set, int argc, char **argv);
void options__clear(struct options *o);
/* A line for each letter of the set. */
void options__help(const struct option_set *set);

#define RING_PAGES_DEFAULT 4096

#endif

/*
 * output.h - where a command writes to: stdout, or the file of -o.
 *
 * A stream of its own, so that what went wrong with a write is known whenever
 * stdio makes it.
 */
#ifndef BRKSCOPE_OUTPUT_H
#define BRKSCOPE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;
	int fd;
	int err; /* of the first write that failed: -errno */
	const char *name;
};

/* path NULL: stdout.  0, or -errno with the error said.  out stays where it is. */
int output__open(struct output *out, const char *path);
/* What the file held goes: not before it is sure that something new comes. */
void output__truncate(struct output *out);
/* Is it still of use to write?  False once the reader has gone, or the disk is full. */
bool output__good(const struct output *out);
/*
 * Flushes and closes.  0; -errno with the error said.  That the reader has gone
 * (a pipe into head) is no error.
 */
int output__close(struct output *out);

#endif

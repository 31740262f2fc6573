/*
 * output.h - where a command writes to: stdout, or the file of -o.
 */
#ifndef BRKSCOPE_OUTPUT_H
#define BRKSCOPE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;
	const char *name;
};

/* path NULL: stdout.  0, or -errno with the error said. */
int output__open(struct output *out, const char *path);
/* Is it still of use to write?  False once the reader has gone, or the disk is full. */
bool output__good(const struct output *out);
/*
 * Flushes and closes.  0; -errno with the error said.  That the reader has gone
 * (a pipe into head) is no error.
 */
int output__close(struct output *out);

#endif

/*
 * output.h - where a command writes to: stdout, or the file of -o.
 *
 * A stream of its own, so that what went wrong with a write is known whenever
 * stdio makes it.  Writing to it never waits for a reader: what a pipe, a
 * socket or a terminal does not take is kept, and written when it does.  While
 * probes are attached every process pays for them, so nobody may wait then.
 */
#ifndef BRKSCOPE_OUTPUT_H
#define BRKSCOPE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <linux/types.h>

enum output_kind {
	OUTPUT_FILE,   /* a write never waits for long: a file, /dev/null */
	OUTPUT_OWN,    /* a pipe or a terminal, opened by us alone: O_NONBLOCK */
	OUTPUT_SHARED, /* one whose open file is others' as well */
	OUTPUT_SOCKET,
};

struct output {
	FILE *file;
	int fd;
	int err; /* of the first write that failed: -errno */
	const char *name;
	enum output_kind kind;
	bool to_file;  /* that of -o */
	bool created;  /* it was not there before */
	bool begun;    /* what is to be in it has come */
	char *waiting; /* what has not been taken yet: n bytes from first on, of size */
	size_t first, n, size;
	__u64 patience_ns; /* for output__has_room, until the next output__flush */
	bool stuck;	   /* it has run out: no more of it before something is taken */
};

/* path NULL: stdout.  0, or -errno with the error said.  out stays where it is. */
int output__open(struct output *out, const char *path);
/*
 * What the file held goes: not before it is sure that something new comes.  Without this, a file
 * that was not there before is removed again by output__close.
 */
void output__truncate(struct output *out);
/* Is it still of use to write?  False once the reader has gone, or the disk is full. */
bool output__good(const struct output *out);
/* Hands over what it takes without waiting. */
void output__flush(struct output *out);
/* Is anything left to hand over? */
bool output__waiting(const struct output *out);
/*
 * For who can do without: may more be written, or is so much waiting that the reader seems to
 * read no more?  Waits for a slow one, but not for long between two calls of output__flush.
 */
bool output__has_room(struct output *out);
/*
 * Hands over the rest and closes.  The reader has all the time it takes, or if `hurry` a second;
 * a signal ends that at once.  0; -errno with the error said.  That the reader has gone (a pipe
 * into head) is no error.
 */
int output__close(struct output *out, bool hurry);

#endif

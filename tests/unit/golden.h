/*
 * golden.h - output compared, byte by byte, with a file of tests/golden.
 *
 * UPDATE_GOLDEN=1 in the environment writes the files instead; what changed is
 * then for git diff and a reader's eyes.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stddef.h>
#include <stdio.h>

/* What is written to it is collected. */
struct output {
	FILE *stream;
	char *text; /* NUL-terminated, after output__finish() */
	size_t size;
};

void output__begin(struct output *o);
void output__finish(struct output *o);
void output__free(struct output *o);

/* Finishes o, and fails the test at the first line that differs. */
void golden__check(const char *name, struct output *o);

#endif

/*
 * ink.h - colours, by what they mean.
 *
 * The same part has the same colour in tables, histograms and trace lines.
 * Only the sixteen colours that a terminal's own theme defines are used.
 */
#ifndef BRKSCOPE_RENDER_INK_H
#define BRKSCOPE_RENDER_INK_H

#include <stdbool.h>
#include <stdio.h>

#include "model/cause.h"

enum ink {
	INK_PLAIN,
	INK_DIM,    /* zeros, what has ended, what is not known */
	INK_STRONG, /* titles */
	INK_NOTICE, /* worth a look */
	INK_ALARM,  /* wrong */
	INK_HEAP,
	INK_CAUSE, /* + enum cause */
	INK_COUNT = INK_CAUSE + CAUSE_COUNT,
};

enum ink ink__of_cause(enum cause cause);

/* Without colour both write nothing. */
void ink__begin(FILE *out, bool colour, enum ink ink);
void ink__end(FILE *out, bool colour, enum ink ink);

void ink__printf(FILE *out, bool colour, enum ink ink, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

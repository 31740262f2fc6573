/*
 * flow.h - short phrases after one another, in lines that do not get too long.
 */
#ifndef BRKSCOPE_RENDER_FLOW_H
#define BRKSCOPE_RENDER_FLOW_H

#include "render/ink.h"
#include "render/style.h"

struct flow {
	FILE *out;
	const struct style *style;
	int indent; /* of the second line on */
	int column;
	bool open; /* a phrase stands before: the next one needs a comma */
};

/* A line that starts with label, which may be "". */
void flow__begin(struct flow *f, FILE *out, const struct style *style, int indent,
		 const char *label);
/* Never broken itself; at most 255 bytes. */
void flow__add(struct flow *f, enum ink ink, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void flow__end(struct flow *f);

/* Columns that text, already safe to print, takes. */
int text__columns(const char *text);

#endif

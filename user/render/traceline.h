/*
 * traceline.h - one event as one line: what strace would print, and why it happened.
 */
#ifndef BRKSCOPE_RENDER_TRACELINE_H
#define BRKSCOPE_RENDER_TRACELINE_H

#include <stdbool.h>
#include <stdio.h>

#include <linux/types.h>

#include "brkscope/event.h"
#include "model/cause.h"
#include "model/request.h"

struct trace_line {
	const struct event *e;	       /* points into the struct that its type says */
	__u64 day_ns;		       /* since midnight, where the reader's clock is */
	const char *comm;	       /* of the process; hostile bytes; NULL: not known */
	const char *by;		       /* who called mmap, safe to print; NULL: not said */
	const struct request *request; /* RETURN, BLOCK: of this one */
	enum cause cause;	       /* of the mapping; CAUSE_COUNT: not known, none is printed */
	__u64 page_size;	       /* 0: not known */
	bool colour;
	bool utf8;
};

void render__trace_event(FILE *out, const struct trace_line *line);

#endif

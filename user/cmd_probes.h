/*
 * cmd_probes.h - what `brkscope probes` has found, for the two ways to print it.
 */
#ifndef BRKSCOPE_CMD_PROBES_H
#define BRKSCOPE_CMD_PROBES_H

#include <stdbool.h>
#include <stdio.h>

#include "kernel/calibrate.h"
#include "kernel/objects.h"

struct found_probes {
	bool asked_live; /* level live was asked for */
	bool live;	 /* and returns and frees are probed: it may be had here */
	const struct features *features;
	const struct objects *objects;
	struct calibration hit;
	/* ns of a system call that is none of those watched, without and with tracepoints */
	double syscall, syscall_traced;
};

/* What a hit costs there, and the one at the return, in ns; < 0: not known. */
double found_probes__cost(const struct found_probes *found, const struct placement *place,
			  bool returns);
const char *found_probes__kind(const struct placement *place);
/* The return of a call of this entry point is probed as well. */
bool found_probes__returns(const struct found_probes *found, int entry);
/* Where calls of this entry point are seen on their way; NULL: at its probe. */
const struct course *found_probes__course(const struct found_probes *found, const struct object *o,
					  int entry);
/* What a station shows of a call: "begin", "end", or, alone, "both". */
const char *found_probes__shows(const struct station *s);
/* Which returns in signal handlers may yet end a process here; NULL: none are probed. */
const char *found_probes__handlers(const struct found_probes *found);
/* The function before it whose code this free has; NULL: it has its own. */
const char *found_probes__same_free(const struct object *o, int entry);
/* The other functions, as bits, that this one may hand a call on to by a jump. */
__u64 found_probes__jumps(const struct object *o, int entry);

void found_probes__print(FILE *out, const struct found_probes *found);
/* Schema brkscope.probes/1.  0; -ENOMEM, and nothing is written; -EIO: out has an error. */
int found_probes__json(FILE *out, const struct found_probes *found);

#endif

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
	bool live; /* returns and frees are probed as well */
	const struct features *features;
	const struct objects *objects;
	struct calibration hit;
	/* ns of a system call that is none of those watched, without and with tracepoints */
	double syscall, syscall_traced;
};

/* Of a call of this entry point. */
const struct placement *found_probes__place(const struct found_probes *found,
					    const struct object *o, int entry);
/* What a hit costs there, and the one at the return, in ns; < 0: not known. */
double found_probes__cost(const struct found_probes *found, const struct placement *place,
			  bool returns);
const char *found_probes__kind(const struct placement *place);
/* Of an allocator that tells of its calls: is this one of its places probed? */
bool found_probes__site(const struct found_probes *found, const struct object *o, int site);

/* Schema brkscope.probes/1.  0; -ENOMEM, and nothing is written; -EIO: out has an error. */
int found_probes__json(FILE *out, const struct found_probes *found);

#endif

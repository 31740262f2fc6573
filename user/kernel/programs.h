/*
 * programs.h - the BPF object, opened: what is loaded of it, and how, is for others to say.
 */
#ifndef BRKSCOPE_PROGRAMS_H
#define BRKSCOPE_PROGRAMS_H

#include <bpf/libbpf.h>

#include "brkscope/event.h"

#include "brkscope.skel.h"
#include "kernel/features.h"

struct programs {
	struct brkscope *skel;
	/* Until it is loaded, unless libbpf does it alone: */
	struct kernel_types *types;
	int types_fd; /* those of them that it is fitted to, or -1 */
};

/* With what this kernel offers.  -errno. */
int programs__open(struct programs *p, struct features *f);
/* -errno; skel is the caller's from then on, either way. */
int programs__load(struct programs *p);

#endif

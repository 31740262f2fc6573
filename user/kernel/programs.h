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
	int types_fd; /* what it is fitted to, until it is loaded; or -1 */
};

/* With what this kernel offers.  -errno. */
int programs__open(struct programs *p, struct features *f);
int programs__load(struct programs *p); /* -errno */
void programs__close(struct programs *p);

#endif

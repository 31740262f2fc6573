/*
 * probes_state.h - what the files that load, attach and run the BPF programs share, and nobody
 * else sees.
 */
#ifndef BRKSCOPE_PROBES_STATE_H
#define BRKSCOPE_PROBES_STATE_H

#include <bpf/libbpf.h>

#include "kernel/probes.h"

#include "brkscope.skel.h"
#include "brkscope/thread.h"
#include "kernel/links.h"
#include "kernel/meter.h"
#include "kernel/places.h"
#include "kernel/uprobe.h"

#define MOST_LINKS  1024
#define MOST_EVENTS 8

struct probes {
	struct brkscope *skel;
	struct features features;
	struct bpf_link *links[MOST_EVENTS];
	size_t n_links;
	__u64 missed; /* by links that have been closed */
	struct uprobes *uprobes[MOST_LINKS];
	size_t n_uprobes;
	struct place_table places;
	struct links *in_bursts; /* where malloc is probed in bursts: instead of uprobes */
	struct meter *meter;
	double syscall_ns; /* that the tracepoints add to a system call of theirs */
	bool live;	   /* returns and frees are probed */
	bool stopped;
};

/* The links of tracepoints, or of the kernel's functions. */
void probes__close_events(struct probes *p);

#endif

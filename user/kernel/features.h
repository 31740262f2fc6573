/*
 * features.h - what this kernel offers, found by trying and not by its version.
 */
#ifndef BRKSCOPE_FEATURES_H
#define BRKSCOPE_FEATURES_H

#include <stdbool.h>

/* May a return probe be put into any process? */
enum returns {
	RETURNS_SAFE,
	RETURNS_SPARE, /* but into those that filter their system calls: it would kill them */
	RETURNS_NONE,  /* it would, and the kernel cannot leave these out */
};

struct features {
	bool find_vma;	      /* bpf_find_vma, Linux 5.17 */
	bool cookie;	      /* bpf_get_attach_cookie, Linux 5.15 */
	bool iter_task;	      /* an iterator over threads, Linux 5.8; known by programs__open */
	bool iter_vma;	      /* and over their mappings, Linux 5.12 */
	bool filter_by_pid;   /* a uprobe_multi link may be for one process */
	bool uprobe_multi;    /* known once a uprobe is attached */
	bool task_storage;    /* a program's own data with a task; to be read by a thread's pidfd */
	bool session;	      /* uprobe.session, Linux 6.13 */
	bool skips_events;    /* a program on a tracepoint is preempted, and skipped, 7.0 */
	bool on_functions;    /* so they are on functions; known once events are attached */
	enum returns returns; /* known by features__probe_returns */
	bool shadow_stacks;   /* processes may have them, and return probes would end those */
	bool stations;	      /* where calls come by is probed instead, where it is known; set by
			       * probes__open */
};

void features__probe(struct features *f);
/* Takes a process or two, of its own, and a millisecond. */
void features__probe_returns(struct features *f);
/* For what cannot be tried. */
bool features__kernel_has(unsigned int major, unsigned int minor);

#endif

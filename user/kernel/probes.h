/*
 * probes.h - the BPF programs: set, loaded, attached, started.
 *
 * Nothing is pinned: whatever ends the process that holds a struct probes ends
 * every probe.  Functions return 0, or -errno with the error said.
 */
#ifndef BRKSCOPE_PROBES_H
#define BRKSCOPE_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "kernel/calibrate.h"
#include "kernel/features.h"
#include "kernel/listing.h"
#include "kernel/object.h"

struct probes_config {
	bool malloc;		    /* uprobes as well as tracepoints */
	bool live;		    /* and of returns and frees, where that does no harm */
	bool bursts;		    /* uprobes come and go, and calls count in bursts */
	bool calibrate;		    /* probes__calibrate will be asked */
	bool times;		    /* of each call of malloc's family as well */
	unsigned int ring_pages;    /* a power of two */
	unsigned int max_processes; /* in the kernel's spill table; 0: its default */
	bool by_pid;		    /* only those that probes__watch names */
	size_t n_pids;		    /* as many, but for those that follow */
	bool follow;		    /* and their children */
	const char *comm;	    /* NULL: any */
	const char *cgroup;	    /* a cgroup v2 directory; NULL: any */
};

struct probes;

int probes__open(struct probes **out, const struct probes_config *config);
void probes__free(struct probes *p); /* NULL is allowed; detaches */

int probes__watch(struct probes *p, __u32 pid);
/* The tracepoints. */
int probes__attach_events(struct probes *p);
/*
 * The allocation functions of one object; its probes report `index`.  pids
 * (n > 0): only in these processes, where the kernel can tell them apart.  An
 * error is not said.
 */
int probes__attach_object(struct probes *p, const struct object *o, unsigned int index,
			  const __u32 *pids, size_t n);

/*
 * Tells the programs that an object need not be shown again, and the frames of its
 * mmap wrappers.  Errors only cost time, and the cause.
 */
void probes__learn_object(struct probes *p, const struct object *o);

/* What a hit costs on this machine; an error is not said, and none of it is known. */
int probes__calibrate(struct probes *p, struct calibration *out);

/*
 * What the probes cost; probes__calibrate_meter, once all is attached, for the kernel's part
 * of it: where the programs were not opened to calibrate that of uprobes is not known.
 */
struct meter;
void probes__calibrate_meter(struct probes *p);
struct meter *probes__meter(struct probes *p);

/*
 * Where config.bursts: attaches all uprobes, and how many could not be; begins to detach them;
 * and the two bursts, [from, to) each, in which calls count.
 */
size_t probes__resume(struct probes *p);
void probes__pause(struct probes *p);
bool probes__attached(const struct probes *p);
void probes__set_burst(struct probes *p, int slot, __u64 from, __u64 to);

/* From here on, until then, events count. */
void probes__start(struct probes *p);
/* Stops collecting, and waits for programs that still run.  Detaching is another matter. */
void probes__stop(struct probes *p);
/* All that is attached; what the programs have counted can still be read. */
void probes__detach(struct probes *p);

__u64 probes__spilled(const struct probes *p);
/* Events counted nowhere, as the programs and the kernel say. */
__u64 probes__lost(const struct probes *p);
/*
 * System calls, traced ones or others, at whose beginning or end the kernel ran no program: since
 * Linux 7.2 it preempts those of system calls, and lets no other task of that CPU run them
 * meanwhile (__bpf_trace_run, kernel/trace/bpf_trace.c).
 */
__u64 probes__skipped(const struct probes *p);

/* Is this thread in the middle of a call that changes its address space? */
bool probes__in_syscall(const struct probes *p, __u32 tid);

/*
 * Where an address that could not be looked up was found to be on another call
 * of the same process.
 */
bool probes__site_seen(const struct probes *p, __u32 pid, __u64 addr, struct site *site);

struct ring;
struct spill;
int probes__ring(struct probes *p, struct ring **out);
int probes__spill(struct probes *p, struct spill **out);

/* Good as long as p is. */
struct lister probes__lister(struct probes *p);

/* Are returns and frees probed? */
bool probes__live(const struct probes *p);
const struct features *probes__features(const struct probes *p);

#endif

/*
 * hits.h - how often the programs have been run, by what the kernel has to do for it.
 *
 * Counted where a process is trapped, whether anybody wants the event or not: that is what
 * brkscope costs.  A CPU counts in a cache line of its own, by atomic adds, for a program may
 * be preempted between any two instructions; CPUs that share one are only slower.
 */
#ifndef BRKSCOPE_HITS_H
#define BRKSCOPE_HITS_H

/* What user/kernel/calibrate.h measures the kernel's part of. */
enum hit_kind {
	HIT_EMULATED, /* a uprobe on an instruction that the kernel emulates */
	HIT_STEPPED,  /* on one that it single-steps */
	HIT_RETURN,   /* of a function: what its return costs beside its entry */
	HIT_SYSCALL,  /* a traced system call, its entry and its exit */
	HIT_KINDS,
};

/* Further counters of the line, for the meter: the traced system calls, and their programs' ns. */
enum {
	HIT_SYSCALL_TIMED = HIT_KINDS, /* those in HIT_SYSCALL that were timed */
	HIT_SYSCALL_NS,
	HIT_COUNTERS,
};

#define HIT_CPUS 64 /* a power of two: by the CPU's number modulo this */
#define HIT_LINE 8  /* counters, a cache line */

_Static_assert(HIT_COUNTERS <= HIT_LINE, "they fit");

#endif

/*
 * hits.h - how often the programs have been run, by what the kernel has to do for it.
 *
 * Counted where a process is trapped, whether anybody wants the event or not: that is what
 * brkscope costs; but for the agent, whose traps are a part of the CPU time that it takes.  A CPU
 * counts in a cache line of its own, by atomic adds, for a program may be preempted between any two
 * instructions; CPUs that share one are only slower.  Of calls that repeat (bpf/again.bpf.h) the
 * events tell.
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

/* Programs whose runs are as long as each other's, more or less. */
enum run_group {
	RUN_ENTRY,
	RUN_RETURN,
	RUN_SYSCALL, /* one at its entry, and one at its exit */
	RUN_CLOCK,   /* of nothing: what has been measured of the clock itself */
	RUN_GROUPS,
};

/*
 * Behind the hits in a line: how many runs of a group have been timed, and their nanoseconds.
 * By the programs themselves, while they are told to: the kernel's own statistics would slow
 * all the system calls down, which pass these programs whether they are traced or not.
 */
#define RUN_COUNT(group) (HIT_KINDS + 2 * (group))
#define RUN_NS(group)	 (RUN_COUNT(group) + 1)

#define HIT_CPUS 64 /* a power of two: by the CPU's number modulo this */
#define HIT_LINE 16 /* counters, two cache lines */

_Static_assert(RUN_COUNT(RUN_GROUPS) <= HIT_LINE, "they fit");

#endif

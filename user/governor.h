/*
 * governor.h - when malloc is probed, so that all of brkscope stays under a budget.
 *
 * Pure: times and measured costs in, plans out; random by a seed.
 *
 * Time is cut into windows of a whole number m of bursts' length b.  In each of them one burst
 * begins, at an instant drawn uniformly, and lasts b, also beyond the window's end.  A call
 * that is seen counts as m calls.  A call at x < b behind a window's beginning is then seen by
 * the window's own burst with chance x/mb, and by the one of the window before (of m' and
 * m'b) with chance (b - x)/m'b: what it counts as is 1 on the average, whatever m and m' are,
 * and later in the window it is 1 as well.  So sums of what calls count as are unbiased, also
 * when m follows from what has happened so far, as long as b stays the same and nobody can
 * know when the next burst is.
 *
 * Where all may be seen m is 1, and one burst follows the other without a gap: then nothing
 * is estimated.  The beginning is seen whole as well.
 */
#ifndef BRKSCOPE_GOVERNOR_H
#define BRKSCOPE_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct burst {
	__u64 from_ns, to_ns;
	__u32 times;   /* what a call in it counts as */
	__u64 late_ns; /* how much later than planned it begins */
};

#define BURST_OPEN (~0ull) /* to_ns: until it is said */

/*
 * One that is told when it should have begun begins then, and is as long as it would have been:
 * what was not seen at its beginning is made up for at its end, be that known yet or not.
 */
void burst__postpone(struct burst *b, __u64 now_ns);
/* Of an open one. */
void burst__end(struct burst *b, __u64 to_ns);

struct governor {
	double budget; /* of one CPU: 0.01 is 1% */
	__u64 start_ns, end_ns;
	__u64 random;
	__u64 burst_ns;	 /* b */
	__u64 next_ns;	 /* where the next window begins */
	__u64 window_ns; /* where the last one does */
	__u32 times;	 /* of the last window */
	__u64 offset_ns; /* and of its burst, in it */
	bool always;	 /* one burst follows the other */
	/* ns of CPU: a ns while malloc is probed, and while it is not; to attach and detach */
	double load, base, overhead;
	double charged; /* what is planned and may not have been paid for */
	double forgone; /* of the budget: what was left of it long ago */
};

/* end_ns 0: not known. */
void governor__init(struct governor *g, double budget, __u64 seed, __u64 start_ns, __u64 end_ns);
/* What things cost as far as it has been measured; below 0: it has not. */
void governor__learn(struct governor *g, double load, double overhead, double base);

struct plan {
	bool drop;    /* not even without malloc does it keep to the budget: probe it no more */
	__u64 end_ns; /* of the burst that was open; 0: it goes on, or none was */
	size_t n;
	struct burst bursts[2]; /* new ones, in order; two at the beginning only */
};

/*
 * Chooses b, and ends the first stretch, in which all was seen, at now_ns; unless all may be
 * seen on: then it is the burst that is open.  spent: ns of CPU since start_ns.
 */
struct plan governor__begin(struct governor *g, __u64 now_ns, double spent);
/* The window that begins at next_ns; that may be some way ahead. */
struct plan governor__next(struct governor *g, __u64 now_ns, double spent);

/* What is not for malloc is known to cost too much, or as good as all: then plans drop it. */
bool governor__is_hopeless(const struct governor *g);

#endif

/*
 * sampled.h - how far off an estimate from bursts may be.
 *
 * What a process was seen to do in the bursts of two windows after each other differs by
 * chance as much as either does from its window (successive differences, as for any
 * systematic sample: Wolter, Introduction to Variance Estimation, chapter 8).
 */
#ifndef BRKSCOPE_MODEL_SAMPLED_H
#define BRKSCOPE_MODEL_SAMPLED_H

#include <stdbool.h>

#include <linux/types.h>

/* Of one process.  All zero is: no window so far. */
struct sampled {
	__u32 windows;			   /* whose burst was not all of it */
	__u32 most;			   /* times that a call counted as */
	double weights, told;		   /* of all windows, and of the differences there are */
	double calls_spread, bytes_spread; /* sums of squares */
	struct {
		double weight;
		__u64 calls, bytes;
	} last;
};

/* A window of `times` bursts, in one of which that was seen; it may be nothing. */
void sampled__window(struct sampled *s, __u32 times, __u64 calls, __u64 bytes);

struct interval {
	bool known;
	bool open; /* high is not known */
	__u64 low, high;
};

struct estimates {
	struct interval calls, bytes; /* 95% */
};

/*
 * The intervals around totals of which that much was seen.  cut: of the window that is
 * under way, how much is over, in (0, 1); times 0: none is.
 */
struct totals {
	__u64 calls, bytes, seen_calls, seen_bytes;
};
struct estimates sampled__intervals(const struct sampled *s, const struct totals *t, __u32 times,
				    double cut);

/*
 * Probed, a process that always has something to do calls less: of the time in bursts
 * `slowed` went into the probes.  One that waits for others calls as much as ever.  Which it
 * is nobody knows: the interval then holds both, or is open where next to nothing was left.
 */
void sampled__slow(struct interval *i, double slowed);

#endif

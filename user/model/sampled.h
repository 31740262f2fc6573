/*
 * sampled.h - how far off an estimate from bursts may be.
 *
 * What a process was seen to do in the bursts of two windows after each other differs by
 * chance as much as either does from its window (successive differences, as for any
 * systematic sample: Wolter, Introduction to Variance Estimation, chapter 8).
 *
 * That speaks of what was seen.  What takes less than 3/n of the time may be in none of n
 * bursts (Hanley and Lippman-Hand, If nothing goes wrong, is everything all right?, 1983).  So in
 * as much of the time there may have been nothing, or as much as was ever seen in a burst's length,
 * be it in a burst or where all was seen; and of few bursts nothing tells how much more than what
 * they saw there was.
 */
#ifndef BRKSCOPE_MODEL_SAMPLED_H
#define BRKSCOPE_MODEL_SAMPLED_H

#include <stdbool.h>

#include <linux/types.h>

/* Fewer windows tell nothing about each other. */
#define WINDOWS_LEAST 3

/* Of one process.  All zero is: no window so far.  A length is a burst's. */
struct sampled {
	__u32 windows;			   /* whose burst was not all of it */
	__u32 most;			   /* times that a call counted as */
	double weights, told;		   /* of all windows, and of the differences there are */
	double calls_spread, bytes_spread; /* sums of squares */
	struct {
		double lengths, squares;	 /* of each window: all but one */
		double calls, bytes;		 /* that they stand for, */
		double calls_crowd, bytes_crowd; /* each as many times as calls were in its burst */
	} unseen;
	double calls_most, bytes_most; /* in any length that was seen */
	struct {
		double weight;
		__u64 calls, bytes;
	} last;
};

/* Were there enough windows to say how far off an estimate may be? */
static inline bool sampled__is_told(const struct sampled *s)
{
	return s->windows >= WINDOWS_LEAST && s->told > 0;
}

/* A window of `times` bursts, in one of which that was seen; it may be nothing. */
void sampled__window(struct sampled *s, __u32 times, __u64 calls, __u64 bytes);
/* A length, or what there is of one, of a time in which all was seen. */
void sampled__slice(struct sampled *s, double calls, double bytes);

struct interval {
	bool known;
	bool open; /* high is not known */
	bool few;  /* because there were too few bursts for that */
	__u64 low, high;
};

struct estimates {
	struct interval calls, bytes; /* 95% */
};

/* All there were by estimate, and what was seen. */
struct totals {
	__u64 calls, bytes, seen_calls, seen_bytes;
	/*
	 * What part of a burst one that is seen takes.  Probed, a process that always has
	 * something to do calls less; one that waits for others calls as much as ever.  Which
	 * it is nobody knows: an interval then holds both, or is open where next to nothing was
	 * left of a burst.
	 */
	double call;
	/* Others want the CPUs: who needs them for longer gets them late, as well. */
	bool contended;
};
/*
 * The intervals around totals.  cut: of the window that is under way, how much is over, in
 * (0, 1); times 0: none is.
 */
struct estimates sampled__intervals(const struct sampled *s, const struct totals *t, __u32 times,
				    double cut);

#endif

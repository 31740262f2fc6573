/*
 * clock.h - the clock that events carry, and what this process has taken: nanoseconds.
 */
#ifndef BRKSCOPE_CLOCK_H
#define BRKSCOPE_CLOCK_H

#include <time.h>

#include <linux/types.h>

static inline __u64 clock__boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* By all of its threads.  Not getrusage: where the kernel counts by ticks that is wrong by as much.
 */
static inline __u64 clock__cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

#endif

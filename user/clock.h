/*
 * clock.h - the clock that events carry: nanoseconds since boot.
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

#endif

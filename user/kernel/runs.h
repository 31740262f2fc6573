/*
 * runs.h - run times of a group of BPF programs, as the kernel takes them: of a hit, and of the
 * taking.
 *
 * A hit may be of two programs, and a program's hits of two groups.
 */
#ifndef BRKSCOPE_RUNS_H
#define BRKSCOPE_RUNS_H

#include <linux/types.h>

struct runs {
	__u64 n, ns; /* of a hit: how many, and all of their programs' */
	__u64 timed; /* runs whose time was taken for this group */
};

enum runs_of {
	RUNS_ARE_HITS,
	RUNS_BEGIN_HITS, /* and another program's are the same hits' ends */
	RUNS_TIMED_ELSEWHERE,
};

static inline void runs__add(struct runs *r, enum runs_of of, __u64 n, __u64 ns)
{
	r->ns += ns;
	r->n += of == RUNS_BEGIN_HITS ? 0 : n;
	r->timed += of == RUNS_TIMED_ELSEWHERE ? 0 : n;
}

#endif

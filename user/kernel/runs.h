/*
 * runs.h - run times of a group of BPF programs, as the kernel takes them: of a hit, and of the
 * taking.
 *
 * A program's hits may be of two groups, and its runs of more than hits.
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
	RUNS_OF_OTHERS, /* and of hits, that are timed otherwise */
	RUNS_TIMED_ELSEWHERE,
};

static inline void runs__add(struct runs *r, enum runs_of of, __u64 n, __u64 ns)
{
	r->ns += of == RUNS_OF_OTHERS ? 0 : ns;
	r->n += of == RUNS_OF_OTHERS ? 0 : n;
	r->timed += of == RUNS_TIMED_ELSEWHERE ? 0 : n;
}

#endif

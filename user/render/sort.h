/*
 * sort.h - the number that each sort key stands for, and rows in its order.
 *
 * A table's columns show these same numbers, so that what is sorted by is what
 * is seen.
 */
#ifndef BRKSCOPE_RENDER_SORT_H
#define BRKSCOPE_RENDER_SORT_H

#include <stdbool.h>

#include "model/snapshot.h"

enum sort_key {
	SORT_MEMORY,
	SORT_GAINED,
	SORT_HEAP,
	SORT_GROWN,
	SORT_MALLOC,
	SORT_ARENA,
	SORT_DIRECT,
	SORT_FILE,
	SORT_UNATTRIBUTED,
	SORT_BRK,
	SORT_MMAP,
	SORT_CALLS,
	SORT_BYTES,
	SORT_OUTSTANDING,
	SORT_RSS,
	SORT_GROWTH,
	SORT_PID,
	SORT_COMM,
	SORT_KEY_COUNT,
};

/* 0, or -EINVAL with *out unchanged */
int sort_key__parse(const char *name, enum sort_key *out);
/* For the help text: key by key until NULL. */
const char *sort_key__name(enum sort_key key);
/* What it sorts by, in a few words; NULL where there is no such key. */
const char *sort_key__help(enum sort_key key);

struct number {
	bool known;
	__u64 value; /* SORT_GROWTH: an __s64 */
};

/* rates: brk, mmap and calls count since the snapshot before. SORT_COMM: not known */
struct number sort_key__number(enum sort_key key, const struct process_stats *p, bool rates);

/* The heap is known and its ends are in order. */
bool heap__known(const struct process_stats *p);

/*
 * The snapshot's processes, most first (pid and comm: least first), unknown
 * numbers behind the known, ties by pid.  To be freed; NULL with errno set.
 */
const struct process_stats **sort__processes(const struct snapshot *s, enum sort_key key,
					     bool rates);

#endif

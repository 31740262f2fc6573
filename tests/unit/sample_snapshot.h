/*
 * sample_snapshot.h - one snapshot with all that a renderer can meet.
 *
 * Numbers are chosen by hand and known: the golden files and the checks of
 * single fields are both against them.
 */
#ifndef TESTS_SAMPLE_SNAPSHOT_H
#define TESTS_SAMPLE_SNAPSHOT_H

#include "model/snapshot.h"

/* In the order of snapshot.processes. */
enum sample_process {
	SAMPLE_TUTORIAL, /* glibc: a heap of 73 pages, one mmap of 147456 bytes */
	SAMPLE_ARENAS,	 /* glibc with threads: heap and arena are not told apart */
	SAMPLE_SPLIT,	 /* the same, but told apart by a better look */
	SAMPLE_EXITED,
	SAMPLE_UNKNOWN, /* nothing is known but its name */
	SAMPLE_HOSTILE, /* every string tries to do something */
	SAMPLE_HUGE,	/* numbers at the ends of their types */
	SAMPLE_JEMALLOC,
	SAMPLE_COUNT,
};

/* The same every time; static, not to be freed. */
const struct snapshot *sample_snapshot(void);
/* At level live. */
const struct snapshot *sample_snapshot__live(void);
/* With a budget. */
const struct snapshot *sample_snapshot__budget(void);
/* With a budget, over before there was a burst. */
const struct snapshot *sample_snapshot__brief(void);
/* Before anything happened: no process, level syscalls. */
const struct snapshot *sample_snapshot__empty(void);

#endif

/*
 * options.h - what the environment (REFMALLOC_OPTIONS) and mallopt() set.
 */
#ifndef REFMALLOC_OPTIONS_H
#define REFMALLOC_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct options {
	/* Written by mallopt and by free in any thread: relaxed atomics. */
	size_t mmap_threshold;
	size_t top_pad;
	size_t trim_threshold;
	size_t mmap_max; /* blocks in mappings of their own at a time */
	bool fixed;	 /* one of these was set: none adapts any more */

	/* From the environment, before the first block. */
	int check; /* 1: bytes behind a block are checked; 2: freed ones as well */
	bool junk;
	int cache; /* 0: one heap for all threads */
	bool stats;
	bool peaks;
};

extern struct options options;
extern char options_stats_file[PATH_MAX]; /* empty: standard error */

#define MMAP_THRESHOLD_MAX ((size_t)32 << 20)

static inline size_t option(const size_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static inline bool options__fixed(void)
{
	return __atomic_load_n(&options.fixed, __ATOMIC_RELAXED);
}

void options__set(size_t *value, size_t n);
/* Once, before the first block. */
void options__read_environment(void);

#endif

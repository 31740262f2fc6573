/*
 * cause.h - why a mapping was made, from the code that asked for it.
 *
 * A table of code ranges (file and offsets) says which code is the loader's,
 * which an allocator's, and which a mere wrapper around the system call.  The
 * caller of each mmap is looked up in it.  Pure: no /proc, no ELF; whoever
 * finds objects adds their ranges.
 */
#ifndef BRKSCOPE_CAUSE_H
#define BRKSCOPE_CAUSE_H

#include <linux/types.h>

#include "brkscope/event.h"

enum cause {
	CAUSE_MALLOC,	    /* the allocator, for one large block */
	CAUSE_ARENA,	    /* the allocator, for a heap of its own */
	CAUSE_DIRECT,	    /* anonymous, by any other code */
	CAUSE_STACK,	    /* MAP_STACK: thread stacks */
	CAUSE_FILE,	    /* backed by a file */
	CAUSE_LOADER,	    /* ld.so, exec */
	CAUSE_UNATTRIBUTED, /* was there before the agent, or the caller could not be read */
	CAUSE_COUNT,
};

const char *cause__name(enum cause cause);

enum code_kind {
	CODE_LOADER,	/* ld.so */
	CODE_GLIBC,	/* glibc's malloc: its own code */
	CODE_MUSL,	/* musl's */
	CODE_REFMALLOC, /* refmalloc's */
	CODE_ALLOCATOR, /* any other's */
	CODE_NAMELESS,	/* an allocator's, or anybody's: it cannot be told */
	CODE_WRAPPER,	/* mmap(2)'s wrapper: the caller is who called it */
};

struct code_range {
	__u64 ino;
	__u32 dev;
	enum code_kind kind;
	__u64 lo, hi; /* offsets in the file, hi exclusive */
};

struct cause_table;

struct cause_table *cause_table__new(void); /* NULL with errno set */
void cause_table__free(struct cause_table *t);
/* 0, or -ENOMEM. The same range twice is one. */
int cause_table__add(struct cause_table *t, const struct code_range *range);

/* Who asked: the wrapper's caller, or, where the system call stands in the code itself, that. */
const struct site *cause_asker(const struct cause_table *t, const struct site *ip,
			       const struct site *caller);
/* flags: event_flags of an mmap. */
enum cause cause_of(const struct cause_table *t, __u8 flags, const struct site *ip,
		    const struct site *caller);
/* Is this mremap malloc's own (a realloc of a large block)? */
int cause_is_allocator(const struct cause_table *t, const struct site *ip,
		       const struct site *caller);

#endif

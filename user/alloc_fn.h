/*
 * alloc_fn.h - the malloc family: its names in every output, and its symbols in an allocator.
 */
#ifndef BRKSCOPE_ALLOC_FN_H
#define BRKSCOPE_ALLOC_FN_H

#include <stdbool.h>
#include <stddef.h>

#include "brkscope/event.h"

/* "malloc", ...; "unknown" for any other number. */
const char *alloc_fn__name(enum alloc_fn fn);

/*
 * A way into an allocator: the first FN_COUNT are the functions themselves, in
 * their order; what comes behind is counted as one of them.  Arguments count
 * from 1, 0 is none.
 */
struct alloc_entry {
	const char *symbol;
	enum alloc_fn fn;
	__u8 size_arg, count_arg; /* the bytes asked for; so many times */
	__u8 block_arg;		  /* the block to be resized */
	bool throws;		  /* a C++ exception, where there is no memory */
};
/* block_arg: the argument points to where the block's address is, and to be put. */
#define BLOCK_BY_POINTER 255

#define ALLOC_ENTRIES 54
/* No way in: where refmalloc comes by that leaves the mapping of a resized block as it is. */
#define ENTRY_KEPT 53

extern const struct alloc_entry alloc_entries[ALLOC_ENTRIES];

/* The ways back, for one block. */
#define FREE_ENTRIES 24

extern const char *const free_entries[FREE_ENTRIES];

#endif

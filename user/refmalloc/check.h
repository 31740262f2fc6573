/*
 * check.h - the checking modes: guards behind blocks, freed blocks that stay as they were left,
 * junk.
 */
#ifndef REFMALLOC_CHECK_H
#define REFMALLOC_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"
#include "span.h"

#define GUARD 16

/* Bytes to add to each request. */
static inline size_t check__guard(void)
{
	return options.check ? GUARD : 0;
}

/* Never used memory, which will be small blocks. */
void check__fresh(void *start, size_t bytes);
/* `usable` bytes at p are now a block of `size`; small: or a block of whole pages. */
void check__taken_now(void *p, size_t size, size_t usable, bool small);
void check__resized(void *p, size_t size, size_t usable);
/* Ends the program if something was written behind the block. */
void check__kept(const void *p, size_t size, size_t usable, const void *caller);
/* As well, and prepares it to lie free. */
void check__freed_now(void *p, size_t size, size_t usable, enum span_kind kind, const void *caller);

static inline void check__taken(void *p, size_t size, size_t usable, bool small)
{
	if (__builtin_expect(options.check || options.junk, 0))
		check__taken_now(p, size, usable, small);
}

static inline void check__freed(void *p, size_t size, size_t usable, enum span_kind kind,
				const void *caller)
{
	if (__builtin_expect(options.check || options.junk, 0))
		check__freed_now(p, size, usable, kind, caller);
}

#endif

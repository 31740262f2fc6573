/*
 * glibc_malloc.h - what glibc's malloc on 64 bits is known to do by default: malloc/malloc.c.
 */
#ifndef BRKSCOPE_GLIBC_MALLOC_H
#define BRKSCOPE_GLIBC_MALLOC_H

#include <linux/types.h>

/* Before what malloc returns; half of it is the chunk's before, if that is in use. */
#define CHUNK_HEADER 16
#define CHUNK_OWN    8
#define CHUNK_ALIGN  16
#define CHUNK_MIN    32
#define CHUNK_STRUCT 48 /* of a free chunk, which malloc_trim leaves */

/* Freed chunks up to these may be kept as they are, and stay in use for what is below them. */
#define CHUNK_FASTBIN 128  /* any number, until a large free or malloc_trim joins them */
#define CHUNK_TCACHE  1040 /* 7 of each size, for each thread */

/* M_MMAP_THRESHOLD and M_TRIM_THRESHOLD as they begin, and how far the first one can rise. */
#define GLIBC_THRESHOLD	    (128ULL << 10)
#define GLIBC_THRESHOLD_MAX (32ULL << 20)
/* M_TOP_PAD: what the heap grows by beyond a request, and what is left of its end by a trim. */
#define GLIBC_TOP_PAD (128ULL << 10)

static inline __u64 glibc_chunk(__u64 size)
{
	__u64 bytes = (size + CHUNK_OWN + CHUNK_ALIGN - 1) & ~(__u64)(CHUNK_ALIGN - 1);

	return bytes < CHUNK_MIN ? CHUNK_MIN : bytes;
}

#endif

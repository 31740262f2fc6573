/*
 * refmalloc.h - what librefmalloc offers beyond malloc and its kin: the truth about its memory.
 *
 * Where each block came from, what was asked of the kernel, and what is live, exact to the byte
 * whenever no other thread is inside the allocator.  Bytes of a block are what its caller asked
 * for; bytes of a mapping are whole pages.
 */
#ifndef REFMALLOC_H
#define REFMALLOC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a block's memory came from. */
enum refmalloc_route {
	REFMALLOC_HEAP,	 /* the heap, by brk */
	REFMALLOC_MMAP,	 /* a mapping of its own */
	REFMALLOC_ARENA, /* a heap that had to be mapped, since brk failed */
	REFMALLOC_ROUTES,
};

enum refmalloc_function {
	REFMALLOC_MALLOC,
	REFMALLOC_CALLOC,
	REFMALLOC_REALLOC,
	REFMALLOC_REALLOCARRAY,
	REFMALLOC_MEMALIGN,
	REFMALLOC_ALIGNED_ALLOC,
	REFMALLOC_POSIX_MEMALIGN,
	REFMALLOC_VALLOC,
	REFMALLOC_PVALLOC,
	REFMALLOC_FUNCTIONS,
};

/* Why refmalloc asked for a mapping. */
enum refmalloc_mapping {
	REFMALLOC_MAP_BLOCK, /* one block of REFMALLOC_MMAP */
	REFMALLOC_MAP_ARENA, /* blocks of REFMALLOC_ARENA */
	REFMALLOC_MAP_TABLE, /* its own records; no block is in one */
	REFMALLOC_MAPPINGS,
};

/* Bucket i counts sizes above 2^(i-1), up to 2^i; the first those up to 1. */
#define REFMALLOC_BUCKETS 64

struct refmalloc_count {
	uint64_t calls, bytes;
};

/*
 * A child by fork inherits what is live.  In all that counts calls, and in peaks, it starts anew if
 * its parent has asked before, by this function, one of malloc's that tells numbers (mallinfo2), or
 * the option stats; else it goes on from its parent's.
 */
struct refmalloc_stats {
	/* Each call, also one that failed; bytes above PTRDIFF_MAX count as 0. */
	struct refmalloc_count function[REFMALLOC_FUNCTIONS];
	uint64_t failed;
	uint64_t frees; /* calls of free with a block */
	uint64_t frees_of_null;
	/* Calls that gave a block, a realloc in place among them, by the route of that block. */
	struct refmalloc_count route[REFMALLOC_ROUTES];
	uint64_t histogram[REFMALLOC_ROUTES][REFMALLOC_BUCKETS];
	struct refmalloc_count live[REFMALLOC_ROUTES]; /* calls: blocks */
	/* The most that was live at a time; known (1) with the option peaks only, else all 0. */
	uint64_t peaks_known;
	struct refmalloc_count live_peak[REFMALLOC_ROUTES];
	/* System calls that succeeded, and what they moved. */
	struct refmalloc_count brk_grow, brk_shrink;
	uint64_t brk_queries, brk_failed;
	struct refmalloc_count mmap[REFMALLOC_MAPPINGS];
	struct refmalloc_count munmap[REFMALLOC_MAPPINGS];
	struct refmalloc_count mremap_grow, mremap_shrink;
	uint64_t mmap_failed, munmap_failed, mremap_failed;
	/* What it has of the kernel now, and the most that it ever had. */
	uint64_t heap_bytes, heap_peak;
	uint64_t mapped[REFMALLOC_MAPPINGS], mapped_peak[REFMALLOC_MAPPINGS];
};

void refmalloc_stats(struct refmalloc_stats *stats);

struct refmalloc_block {
	void *address;
	size_t size;   /* as asked for */
	size_t usable; /* malloc_usable_size() */
	enum refmalloc_route route;
};

/*
 * Visits each live block until a visit returns other than 0, which it returns.  The allocator is
 * locked meanwhile: a visit neither allocates nor frees.
 */
int refmalloc_walk(int (*visit)(const struct refmalloc_block *block, void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif

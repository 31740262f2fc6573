/*
 * retained.h - what a process has freed and malloc has not given back, and what keeps it.
 *
 * A heap gives back only from its end: one block that lives there keeps all that is free below it.
 * So where the live blocks lie says how much is kept, by what, and what would help.
 *
 * Pure: blocks and numbers in, a verdict out.  Plain data, as snapshot.h.
 *
 * What malloc caches of small freed blocks is free in these numbers, as the program has freed it,
 * though glibc's own treat a thread's cache (tcache: 7 blocks of each size up to 1032 bytes) as in
 * use, and such a block keeps what is below it as a live one does; so does one in a fastbin (any
 * number of up to 120 bytes).  Which freed blocks are there is not known, but where none can be
 * (heap_marks.h).  And what malloc has in its heap
 * for itself (the first thread's tcache: 656 bytes of glibc 2.36) counts as free.
 *
 * Where a block from before the agent may lie, what looks free may be in use: such bytes are
 * counted apart (unseen_bytes), and then every number of free bytes is the most that it can be.
 */
#ifndef BRKSCOPE_RETAINED_H
#define BRKSCOPE_RETAINED_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "model/blocks.h"
#include "model/heap_marks.h"
#include "model/snapshot.h"

/* Less than this, or than a quarter of what there is, is nothing to explain. */
#define RETAINED_LITTLE (1ULL << 20)

#define RETAINED_GAPS 5
/* So many blocks are few, wherever they lie; more of them lie at the heap's end if from the lowest
 * one to its end it is at most a quarter of the gap below. */
#define RETAINED_PINS	8
#define RETAINED_ADVICE 4

enum retained_pattern {
	RETAINED_UNKNOWN, /* too much of what looks free may be in use */
	RETAINED_NONE,
	RETAINED_TOP_KEPT,   /* at the heap's end, and not yet enough for malloc to give it back */
	RETAINED_TOP_CACHED, /* there, and enough: small freed blocks in it may be cached, which
				explains it if nobody has set malloc's parameters */
	RETAINED_TOP_PINNED, /* below the blocks at the heap's end */
	RETAINED_INSIDE,     /* below and between live blocks */
	RETAINED_ARENAS,
	RETAINED_THRESHOLD_RAISED, /* large blocks lay in the heap, since the free of one of its own
				      mapping */
	RETAINED_TOP_UNTRIMMED,	   /* at the heap's end, enough, and more than any cached block
				      explains: parameters are set, or the break was moved by
				      another than malloc */
	RETAINED_PATTERN_COUNT,
};

enum retained_advice {
	ADVICE_NONE,
	ADVICE_FREE_PIN,       /* free what is at the end, or allocate it first */
	ADVICE_SEPARATE,       /* keep apart what lives long and what does not */
	ADVICE_TRIM,	       /* malloc_trim(0) */
	ADVICE_TRIM_THRESHOLD, /* M_TRIM_THRESHOLD */
	ADVICE_MMAP_THRESHOLD, /* M_MMAP_THRESHOLD */
	ADVICE_ARENA_MAX,      /* M_ARENA_MAX */
	ADVICE_TCACHE,	       /* glibc.malloc.tcache_count */
	ADVICE_FASTBINS,       /* glibc.malloc.mxfast, and tcache_count: what one does not take the
				  other does */
	ADVICE_TRIM_SETTINGS,  /* what the program itself has set */
	ADVICE_JEMALLOC_DECAY,
	ADVICE_TCMALLOC_RELEASE,
	ADVICE_MIMALLOC_COLLECT,
	ADVICE_COUNT,
};

struct retained_input {
	enum allocator_kind allocator;
	bool complete; /* the process was followed from its first instruction */
	__u64 page_size;
	__u64 heap_start, heap_end; /* equal: there is no heap */
	struct resident heap_resident;
	/* The live ones in the heap, in the order of their addresses. */
	const struct block *blocks;
	size_t n_blocks;
	/*
	 * From here on every live block of the heap is known: its start where complete, else the
	 * lowest break since the agent came.
	 */
	__u64 known_from;
	/* What is open of arenas, and the live blocks in them; chunk_bytes: retained__chunk of
	 * each. */
	struct {
		__u64 usable_bytes, blocks, bytes, chunk_bytes;
		struct resident resident;
	} arenas;
	struct heap_marks marks;
};

struct retained_gap {
	__u64 start, end; /* bytes, not pages */
};

struct retained {
	enum allocator_kind allocator;
	__u64 heap_bytes;
	struct resident heap_resident;
	__u64 live_blocks, live_bytes; /* as asked for */
	bool overhead_known;
	__u64 overhead_bytes; /* that live blocks take beside that: headers, rounding */

	/* The rest of the heap is free: at its end, or below a live block. */
	__u64 free_bytes;
	__u64 top_bytes, inside_bytes;
	__u64 unseen_bytes; /* of free_bytes, those that may be in use */
	/* glibc: of top_bytes, those below where the highest freed block ends that can be cached,
	 * in a thread's cache or in fastbins; and in fastbins. */
	__u64 top_cache_bytes, top_fastbin_bytes;
	__u64 top_page_bytes;	 /* of top_bytes, what malloc_trim(0) gives back */
	__u64 inside_page_bytes; /* of inside_bytes: whole pages; the rest are fragments */
	__u64 gap_count;	 /* below live blocks */
	__u64 large_gap_bytes;	 /* of inside_bytes, gaps of GLIBC_THRESHOLD and more */
	__u64 large_live_bytes;	 /* blocks of so much */
	struct retained_gap gaps[RETAINED_GAPS]; /* the largest first */
	size_t n_gaps;

	/*
	 * What keeps the top from growing downwards: the highest blocks (RETAINED_PINS), as far as
	 * their being freed would add most to it.  pins 0: there is no live block, or no gap below
	 * the highest.
	 */
	struct {
		__u32 pins;
		__u64 bytes; /* of these blocks, as asked for */
		struct block lowest;
		__u64 free_bytes; /* below them, down to the next block: they would join the top */
	} pinned;

	struct {
		__u64 usable_bytes, live_blocks, live_bytes, overhead_bytes;
		struct resident resident;
		__u64 free_bytes;
		bool at_most;
	} arenas;

	/* glibc's, as they are if nobody has set them. */
	bool thresholds_known; /* false: they can be higher, or the allocator has none */
	__u64 mmap_threshold, trim_threshold;
	__u64 top_most; /* what the top may have without being given back: trim_threshold, or
			   M_TOP_PAD and what rounding adds */
	__u64 mapping_freed, heap_request, by_large; /* of the marks */
	__u64 small_gone; /* of the most that small blocks took of the heap, what they do not now */

	enum retained_pattern pattern;
	enum retained_advice advice[RETAINED_ADVICE]; /* ADVICE_NONE behind the last */
};

/* Bytes of the heap that a live block of that size takes; unknown allocators: the size. */
__u64 retained__chunk(enum allocator_kind allocator, __u64 size);

/*
 * Blocks into the input: in->blocks, which is the caller's to free (it is *array), and the arenas'
 * sums.  heap_start, heap_end and allocator are set before.  0 or -ENOMEM.
 */
int retained__collect(struct retained_input *in, const struct blocks *b, struct block **array);

struct retained retained__judge(const struct retained_input *in);

/* Of both: what is free and kept.  The most, where retained__at_most. */
static inline __u64 retained__bytes(const struct retained *r)
{
	return r->free_bytes + r->arenas.free_bytes;
}

/* Whatever else keeps what is at the end, small freed blocks may keep most of it as well. */
static inline bool retained__may_be_cached(const struct retained *r)
{
	return r->pattern == RETAINED_TOP_KEPT && r->top_cache_bytes >= r->top_bytes / 2;
}

static inline bool retained__at_most(const struct retained *r)
{
	return r->unseen_bytes || r->arenas.at_most;
}

#endif

/*
 * heap_marks.h - the little that is remembered of a heap beside its live blocks: what was in it.
 *
 * Of blocks that were freed nothing is kept one by one.  These marks say, for glibc's malloc, where
 * none of them can be cached, and how much of the heap is there for large ones.
 */
#ifndef BRKSCOPE_HEAP_MARKS_H
#define BRKSCOPE_HEAP_MARKS_H

#include <stdbool.h>

#include "model/block_table.h"

struct heap_marks {
	/* The largest block with a mapping of its own that was freed, of those up to
	 * GLIBC_THRESHOLD_MAX: that mapping's bytes; 0: none, as far as is known. */
	__u64 mapping_freed;
	/* The largest request that the heap has served; 0: none, as far as is known. */
	__u64 heap_request;
	__u64 reached; /* where the highest chunk has ended, since the heap was last shorter */
	/* Of what is below, the bytes that large blocks were the first to take: those that had had
	 * mappings of their own, but for the free of mapping_freed.  At most. */
	__u64 by_large;
	/* Chunks of blocks below GLIBC_THRESHOLD that are in it now, and the most that were at a
	 * time: so much of it would be there without large ones. */
	__u64 small_bytes, small_peak;
	/* Above there is no freed chunk as small as fastbins take, or as a thread's cache does. */
	__u64 fastbin_end, tcache_end;
};

/* Each block: of the heap. */
void heap_marks__had(struct heap_marks *m, const struct block *block, bool aligned);
void heap_marks__freed(struct heap_marks *m, const struct block *block);
/* Before heap_marks__had of the new one. */
void heap_marks__resized(struct heap_marks *m, const struct block *old, const struct block *block);

void heap_marks__mapping_freed(struct heap_marks *m, __u64 bytes);
/* The break is there now. */
void heap_marks__break(struct heap_marks *m, __u64 start, __u64 end);

#endif

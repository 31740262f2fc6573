/*
 * quantity.h - a number of a process by its name, as the report in JSON has it.
 *
 *	execs
 *	heap.bytes heap.pages heap.peak_bytes
 *	heap.{grow,shrink}.{calls,bytes} heap.{query,failed}.calls
 *	mmap.CAUSE.{calls,bytes,live_bytes,usable_bytes,live_regions,peak_bytes}
 *	mmap.anonymous...: the same, of all causes but file and loader
 *	mmap.munmap.{calls,bytes} mmap.mremap.{calls,grow_bytes,shrink_bytes} mmap.failed.calls
 *	malloc.{calls,bytes} malloc.impossible.calls malloc.by_function.NAME[,NAME].{calls,bytes}
 *	malloc.route.{heap,mmap}.{calls,bytes}
 *	malloc.{frees,failed}.calls malloc.live_{bytes,blocks}: at level live
 *	malloc_size.le.N brk_grow.le.N: calls in that bucket
 *	rss.anon_bytes
 *
 * QUANTITY+QUANTITY is a sum.
 */
#ifndef BRKSCOPE_QUANTITY_H
#define BRKSCOPE_QUANTITY_H

#include "model/snapshot.h"

#define QUANTITY_NAME_MAX 96

enum quantity_kind {
	QUANTITY_COUNTED, /* since the process began: differences are meaningful */
	QUANTITY_LIVE,	  /* now; what was there before can be taken out */
	QUANTITY_NOW,	  /* now, and whole */
};

/* What must be known for it to be. */
enum quantity_needs {
	NEEDS_HEAP = 1 << 0,
	NEEDS_LIVE = 1 << 1,
	NEEDS_MALLOC = 1 << 2,
	NEEDS_SPLIT = 1 << 3, /* which calls an arena served */
	NEEDS_RSS = 1 << 4,
	NEEDS_CALLER = 1 << 5, /* who called mmap */
	NEEDS_PAIRED = 1 << 6, /* level live */
};

struct quantity {
	enum quantity_kind kind;
	unsigned int needs;
	__u64 value;
};

/* 0; -ENOENT: there is no such quantity. */
int quantity__read(struct quantity *q, const char *name, const struct process_stats *p,
		   __u64 page_size);

#endif

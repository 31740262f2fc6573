/*
 * route.h - how many malloc calls came from where, as far as it is known.
 *
 * By the addresses that they returned, where all of these are known (level live).  Else what
 * came by mmap is counted; what did not is the rest, which came from the heap, an arena or
 * elsewhere: where only one of them is possible (split is true) that is what had it, else they
 * are shown together.
 * A request that was served from nowhere is in no route; where it cannot be told which those are
 * (served is false), they may be in the heap's.
 */
#ifndef BRKSCOPE_RENDER_ROUTE_H
#define BRKSCOPE_RENDER_ROUTE_H

#include "model/snapshot.h"

struct routes {
	bool split;	   /* heap is the heap alone; else all that rest has, and these are 0 */
	unsigned int rest; /* what may have served what is not known to be mmap: 1 << enum route */
	bool by_address;   /* unknown is known */
	bool served;	   /* what is in heap got memory */
	bool known;	   /* any of it is */
	__u64 calls;	   /* all, but those that were impossible */
	struct tally heap, mmap, arena;
	struct tally unknown; /* in memory of no such kind, or that was not seen to be mapped */
};

struct routes route__of(const struct process_stats *p);
/* What heap is of: "heap", "heap or arena", "arena or elsewhere", and, if not served, "... or
 * failed".
 */
const char *route__heap_name(const struct routes *r);
/* Is it known how many calls are of it? */
bool route__told(const struct routes *r, enum route route);
bool route__told_heap_or_arena(const struct routes *r);
/* Of the heap alone, where route__told says so. */
struct tally route__heap(const struct routes *r);
/* The calls alone, in one bucket of histograms.malloc_size: bytes are 0. */
struct routes route__in_bucket(const struct process_stats *p, int bucket);

#endif

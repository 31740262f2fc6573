/*
 * layout.h - an address space as segments: the kernel's mappings, cut where the cause changes.
 */
#ifndef BRKSCOPE_LAYOUT_H
#define BRKSCOPE_LAYOUT_H

#include "model/vma.h"

/* All zero is empty.  The segments' names are the vmas'. */
struct layout {
	struct segment *segments; /* in address order */
	size_t n, most;
};

/* 0 or -ENOMEM. */
int layout__build(struct layout *l, const struct holdings *c, const struct vma *vmas, size_t n);
void layout__clear(struct layout *l);

/*
 * What is resident of each segment: of a mapping with one segment what the
 * kernel says of the mapping; where several share one, what `count` finds in
 * each, if it adds up to that exactly, or else it stays unknown.  count: 0, or
 * anything else where it cannot tell.
 */
void layout__resident(struct layout *l, const struct vma *vmas,
		      int (*count)(__u64 start, __u64 end, __u64 *bytes, void *arg), void *arg);

/* This thread's stack pointer is there: marks the segment, if it may be a stack. */
void layout__thread(struct layout *l, __u32 tid, __u64 stack_pointer);

void layout__totals(const struct layout *l, struct part_total totals[PART_COUNT]);

#endif

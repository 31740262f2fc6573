/*
 * glibc_heap.h - what glibc itself has written at the start of a mapping that it made.
 *
 * A list of mappings does not tell malloc's from others.  The headers in them do:
 * a block of its own begins with its size and a bit that says so, a thread's heap
 * with how much of it is open.  Reading them changes nothing in the process: its
 * allocator has written these words, so they are there.
 */
#ifndef BRKSCOPE_GLIBC_HEAP_H
#define BRKSCOPE_GLIBC_HEAP_H

#include <stdbool.h>

#include <linux/types.h>

/* The bytes of the block that is mapped at addr, which is in a mapping of `room` more; 0: none. */
__u64 glibc_heap__block(__u32 pid, __u64 addr, __u64 room, __u64 page_size);
/* Is there a thread's heap at addr, of which `open` bytes can be used? */
bool glibc_heap__arena(__u32 pid, __u64 addr, __u64 open);

#endif

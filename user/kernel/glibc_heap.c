/*
 * glibc_heap.c - what glibc itself has written at the start of a mapping that it made.
 */
#include "kernel/glibc_heap.h"

#include <sys/uio.h>

/* malloc/malloc.c: the size word's low bits. */
#define IS_MMAPPED 2ull
#define SIZE_BITS  7ull

static bool read_words(__u32 pid, __u64 addr, __u64 *words, size_t n)
{
	struct iovec here = {words, n * sizeof(*words)};
	struct iovec there = {(void *)(unsigned long)addr, n * sizeof(*words)};

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)here.iov_len;
}

__u64 glibc_heap__block(__u32 pid, __u64 addr, __u64 room, __u64 page_size)
{
	__u64 chunk[2]; /* what is before it, and its size */
	__u64 size;

	if (room < page_size || !read_words(pid, addr, chunk, 2))
		return 0;
	size = chunk[1] & ~SIZE_BITS;
	if (chunk[0] || (chunk[1] & SIZE_BITS) != IS_MMAPPED || !size || size % page_size ||
	    size > room)
		return 0;
	return size;
}

bool glibc_heap__arena(__u32 pid, __u64 addr, __u64 open)
{
	__u64 heap[4]; /* struct heap_info, malloc/arena.c: ar_ptr, prev, size, mprotect_size */

	return read_words(pid, addr, heap, 4) && heap[0] && heap[2] && heap[2] <= heap[3] &&
	       heap[3] == open;
}

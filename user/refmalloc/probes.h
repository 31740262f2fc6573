/*
 * probes.h - places for a tracer (USDT): each block taken, given back or resized, each system call.
 *
 *	refmalloc:alloc     address, bytes asked for, route, function
 *	refmalloc:free      address, bytes that were asked for, route
 *	refmalloc:resizing  address, bytes asked for, function
 *	refmalloc:realloc   old address, new address, bytes asked for, route, function,
 *	                    bytes and route before
 *	refmalloc:failed    bytes asked for, function
 *	refmalloc:brk       old break, new break
 *	refmalloc:mmap      address, bytes, enum refmalloc_mapping
 *	refmalloc:munmap    address, bytes, enum refmalloc_mapping
 *	refmalloc:mremap    old address, new address, new bytes
 *	otel_memory:alloc, free, mmap, munmap    address, bytes
 *
 * route is an enum refmalloc_route, function an enum refmalloc_function.  A call passes exactly
 * one of alloc, free, realloc and failed, whatever is done for it: free of a block passes free;
 * realloc and reallocarray of a block realloc, in place or moved (then the old block is no
 * more), and with 0 bytes, which frees it, with a new address of 0; all else that gives a block
 * alloc; all that fails failed, with SIZE_MAX if the bytes are more than a size_t holds.  free of
 * NULL passes none.  Before it touches the block, a realloc passes resizing as well: by the time
 * of the other the old address may be another block's, of another thread.  otel_memory has no
 * word for realloc, which is free and alloc there.
 *
 * Unless somebody traces, a probe is the test of its semaphore.
 */
#ifndef REFMALLOC_PROBES_H
#define REFMALLOC_PROBES_H

#include <stddef.h>

#define PROBES(X)                                                                                  \
	X(alloc) X(free) X(resizing) X(realloc) X(failed) X(brk) X(mmap) X(munmap) X(mremap)
#define DECLARE_SEMAPHORE(name) extern unsigned short refmalloc_##name##_semaphore;
PROBES(DECLARE_SEMAPHORE)

void probes__alloc(const void *p, size_t size, int route, int function);
void probes__free(const void *p, size_t size, int route);
void probes__resizing(const void *p, size_t size, int function);
void probes__realloc(const void *from, const void *to, size_t size, int route, int function,
		     size_t old_size, int old_route);
void probes__failed(size_t size, int function);
void probes__brk(const void *from, const void *to);
void probes__mmap(const void *start, size_t bytes, int why);
void probes__munmap(const void *start, size_t bytes, int why);
void probes__mremap(const void *from, const void *to, size_t bytes);

/*
 * A place for a tracer of calls by uprobes, exported for it alone: a block with a mapping of its
 * own was resized to so many bytes, and the mapping has as many pages as before.  No system call
 * tells of that.  It is rare, and so a call.
 */
void refmalloc_kept(size_t size);

/* The kernel writes a semaphore, between any two calls. */
#define PROBED(name) __builtin_expect(refmalloc_##name##_semaphore != 0, 0)

#define PROBE(name, ...)                                                                           \
	do {                                                                                       \
		if (PROBED(name))                                                                  \
			probes__##name(__VA_ARGS__);                                               \
	} while (0)

#endif

/*
 * probes.c - the probes' sites, one for each, out of the way of the short paths.
 *
 * A site is a nop of one byte, on which any kernel puts its breakpoint and which it emulates, and
 * behind it one of five, where a kernel that turns such a probe into a call (x86, 6.18) has room
 * for that: a tracer takes the address or the one behind it.  sys/sdt.h emits only the first.
 *
 * OpenTelemetry's names share the semaphores, so that they cost nothing more.
 */
#include "probes.h"

#include "public.h"

/* What a probe has is in registers: no tracer reads the stack. */
#define STAP_SDT_ARG_CONSTRAINT nr
#define _SDT_HAS_SEMAPHORES	1
#include <sys/sdt.h>

/* clang-format off */
#if defined(__x86_64__)
#undef _SDT_NOP
#define _SDT_NOP nop; .nops 5
#endif
/* clang-format on */

#define SEMAPHORE(name)                                                                            \
	unsigned short refmalloc_##name##_semaphore __attribute__((section(".probes"), used));
#define SHARED_SEMAPHORE(name)                                                                     \
	extern unsigned short otel_memory_##name##_semaphore                                       \
		__attribute__((alias("refmalloc_" #name "_semaphore")));
PROBES(SEMAPHORE)
SHARED_SEMAPHORE(alloc)
SHARED_SEMAPHORE(free)
SHARED_SEMAPHORE(mmap)
SHARED_SEMAPHORE(munmap)

/* Begins with what any kernel emulates; the compiler has nothing to leave out. */
PUBLIC __attribute__((noinline)) void refmalloc_kept(size_t size)
{
	__asm__ volatile("nop" : : "r"(size));
}

static __attribute__((noinline)) void otel_alloc(const void *p, size_t size)
{
	DTRACE_PROBE2(otel_memory, alloc, p, size);
}

static __attribute__((noinline)) void otel_free(const void *p, size_t size)
{
	DTRACE_PROBE2(otel_memory, free, p, size);
}

void probes__alloc(const void *p, size_t size, int route, int function)
{
	DTRACE_PROBE4(refmalloc, alloc, p, size, route, function);
	otel_alloc(p, size);
}

void probes__free(const void *p, size_t size, int route)
{
	DTRACE_PROBE3(refmalloc, free, p, size, route);
	otel_free(p, size);
}

void probes__resizing(const void *p, size_t size, int function)
{
	DTRACE_PROBE3(refmalloc, resizing, p, size, function);
}

void probes__realloc(const void *from, const void *to, size_t size, int route, int function,
		     size_t old_size, int old_route)
{
	DTRACE_PROBE7(refmalloc, realloc, from, to, size, route, function, old_size, old_route);
	otel_free(from, old_size);
	if (to)
		otel_alloc(to, size);
}

void probes__failed(size_t size, int function)
{
	DTRACE_PROBE2(refmalloc, failed, size, function);
}

void probes__brk(const void *from, const void *to)
{
	DTRACE_PROBE2(refmalloc, brk, from, to);
}

void probes__mmap(const void *start, size_t bytes, int why)
{
	DTRACE_PROBE3(refmalloc, mmap, start, bytes, why);
	DTRACE_PROBE2(otel_memory, mmap, start, bytes);
}

void probes__munmap(const void *start, size_t bytes, int why)
{
	DTRACE_PROBE3(refmalloc, munmap, start, bytes, why);
	DTRACE_PROBE2(otel_memory, munmap, start, bytes);
}

void probes__mremap(const void *from, const void *to, size_t bytes)
{
	DTRACE_PROBE3(refmalloc, mremap, from, to, bytes);
}

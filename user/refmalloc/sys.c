/*
 * sys.c - memory from the kernel: the only caller of brk, mmap, munmap and mremap.
 *
 * The break is moved by system call and libc is told (__curbrk, which its sbrk goes by), rather
 * than by sbrk(): that may make a call of its own first, and then the count of brk calls would
 * depend on who called it before.  Where libc has no such variable (musl), the kernel is asked.
 *
 * Counters are shared and atomic: beside a system call that costs nothing.
 */
#include "sys.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "counters.h"
#include "probes.h"

extern void *__curbrk __attribute__((weak));

static struct refmalloc_stats counts;

static uint64_t add(uint64_t *counter, uint64_t n)
{
	return __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

static void count(struct refmalloc_count *c, size_t bytes)
{
	add(&c->calls, 1);
	add(&c->bytes, bytes);
}

static void mapped(enum refmalloc_mapping why, int64_t bytes)
{
	counter__raise(&counts.mapped_peak[why], add(&counts.mapped[why], bytes));
}

size_t sys__page(void)
{
#if defined(__x86_64__)
	return 4096;
#else
	return getauxval(AT_PAGESZ);
#endif
}

long sys__call(long number, long argument)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(argument)
			 : "rcx", "r11", "memory");
	return result;
#else
	return syscall(number, argument);
#endif
}

static char *brk_call(void *to)
{
	return (char *)sys__call(SYS_brk, (long)to);
}

char *sys__break(void)
{
	char *now;

	if (&__curbrk && __curbrk)
		return __curbrk;
	now = brk_call(NULL);
	add(&counts.brk_queries, 1);
	if (&__curbrk)
		__curbrk = now;
	return now;
}

bool sys__set_break(char *from, char *to)
{
	char *now = brk_call(to);

	if (&__curbrk)
		__curbrk = now;
	if (now != to) {
		add(&counts.brk_failed, 1);
		return false;
	}
	if (to > from)
		count(&counts.brk_grow, to - from);
	else
		count(&counts.brk_shrink, from - to);
	counter__raise(&counts.heap_peak, add(&counts.heap_bytes, to - from));
	PROBE(brk, from, to);
	return true;
}

static bool is_beyond_memory(size_t bytes)
{
	struct sysinfo all;

	return sysinfo(&all) == 0 && bytes / all.mem_unit > all.totalram + all.totalswap;
}

/*
 * What may stay untouched for the most part is not to count against a strict limit of memory;
 * the flag also tells an observer a block's own mapping from the others.  With it the kernel does
 * not refuse what is more than there is at all, as it does a block: an arena for that block.
 */
void *sys__map(enum refmalloc_mapping why, size_t bytes)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (why == REFMALLOC_MAP_BLOCK ? 0 : MAP_NORESERVE);
	int saved = errno;
	void *start;

	if (why == REFMALLOC_MAP_ARENA && is_beyond_memory(bytes))
		return NULL;
	start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	errno = saved;
	if (start == MAP_FAILED) {
		add(&counts.mmap_failed, 1);
		return NULL;
	}
	count(&counts.mmap[why], bytes);
	mapped(why, bytes);
	PROBE(mmap, start, bytes, why);
	return start;
}

bool sys__unmap(enum refmalloc_mapping why, void *start, size_t bytes)
{
	int saved = errno;

	if (munmap(start, bytes) < 0) {
		errno = saved;
		add(&counts.munmap_failed, 1);
		return false;
	}
	count(&counts.munmap[why], bytes);
	mapped(why, -(int64_t)bytes);
	PROBE(munmap, start, bytes, why);
	return true;
}

void *sys__remap(void *start, size_t old_bytes, size_t new_bytes)
{
	int saved = errno;
	void *moved = mremap(start, old_bytes, new_bytes, MREMAP_MAYMOVE);

	errno = saved;
	if (moved == MAP_FAILED) {
		add(&counts.mremap_failed, 1);
		return NULL;
	}
	if (new_bytes > old_bytes)
		count(&counts.mremap_grow, new_bytes - old_bytes);
	else
		count(&counts.mremap_shrink, old_bytes - new_bytes);
	mapped(REFMALLOC_MAP_BLOCK, (int64_t)(new_bytes - old_bytes));
	PROBE(mremap, start, moved, new_bytes);
	return moved;
}

bool sys__forget(void *start, size_t bytes)
{
	uintptr_t from = round_up((uintptr_t)start, sys__page());
	uintptr_t to = ((uintptr_t)start + bytes) & ~(sys__page() - 1);
	int saved = errno;
	bool done = from < to && madvise((void *)from, to - from, MADV_DONTNEED) == 0;

	errno = saved;
	return done;
}

void sys__stats(struct refmalloc_stats *stats)
{
	const uint64_t *from = (const uint64_t *)&counts;
	uint64_t *to = (uint64_t *)stats;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*from); i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void sys__reset_in_child(void)
{
	struct refmalloc_stats now = {.heap_bytes = counts.heap_bytes,
				      .heap_peak = counts.heap_bytes};

	for (int i = 0; i < REFMALLOC_MAPPINGS; i++)
		now.mapped[i] = now.mapped_peak[i] = counts.mapped[i];
	counts = now;
}

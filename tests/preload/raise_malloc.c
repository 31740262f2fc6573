/*
 * raise_malloc.c - libraise_malloc.so: an allocator that a signal may interrupt anywhere, and does
 * where it is told to.
 *
 * All it does is move a pointer on, so a handler may allocate in the middle of it, or never
 * return.  It counts what an observer can know: calls when they begin, blocks when they are
 * handed out, the last thing that is done, and their ends likewise.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What the workload reads, and sets: tests/workload/interrupted.c. */
struct raise_malloc {
	uint64_t calls, bytes, frees, failed, blocks, block_bytes;
	volatile int raise_in; /* 'm'alloc, 'r'ealloc, 'f'ree; once */
} raise_malloc;

#define ROOM (1UL << 30)

static char *next, *end;

static void add(uint64_t *to, uint64_t n)
{
	__atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

static void maybe_raise(int where)
{
	if (raise_malloc.raise_in != where)
		return;
	raise_malloc.raise_in = 0;
	raise(SIGUSR1);
}

struct header {
	uint64_t size, unused;
};

static struct header *header_of(void *block)
{
	return (struct header *)block - 1;
}

static void *take(size_t size, size_t alignment)
{
	size_t whole = ((size + 15) & ~15UL) + sizeof(struct header) + alignment;
	char *p, *fresh, *none = NULL;

	if (!__atomic_load_n(&next, __ATOMIC_ACQUIRE)) {
		fresh = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (fresh == MAP_FAILED)
			return NULL;
		__atomic_store_n(&end, fresh + ROOM, __ATOMIC_RELEASE);
		__atomic_compare_exchange_n(&next, &none, fresh, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE);
	}
	if (size > ROOM)
		return NULL;
	p = __atomic_fetch_add(&next, whole, __ATOMIC_RELAXED);
	if (p + whole > end)
		return NULL;
	p = (char *)(((uintptr_t)p + sizeof(struct header) + alignment - 1) & ~(alignment - 1));
	header_of(p)->size = size;
	return p;
}

static void begin(size_t size)
{
	add(&raise_malloc.calls, 1);
	if (size <= PTRDIFF_MAX)
		add(&raise_malloc.bytes, size);
}

static void *had(void *block)
{
	if (!block) {
		errno = ENOMEM;
		add(&raise_malloc.failed, 1);
		return NULL;
	}
	add(&raise_malloc.blocks, 1);
	add(&raise_malloc.block_bytes, header_of(block)->size);
	return block;
}

static void gone(void *block)
{
	add(&raise_malloc.blocks, -1);
	add(&raise_malloc.block_bytes, -header_of(block)->size);
}

void *malloc(size_t size)
{
	void *p;

	begin(size);
	p = take(size, 16);
	maybe_raise('m');
	return had(p);
}

void *calloc(size_t n, size_t size)
{
	size_t all = 0;
	bool fits = !__builtin_mul_overflow(n, size, &all);

	begin(fits ? all : SIZE_MAX);
	return had(fits ? take(all, 16) : NULL);
}

void *realloc(void *block, size_t size)
{
	void *p;

	begin(size);
	p = take(size, 16);
	if (p && block)
		memcpy(p, block, size < header_of(block)->size ? size : header_of(block)->size);
	maybe_raise('r');
	if (p && block)
		gone(block);
	return had(p);
}

void *memalign(size_t alignment, size_t size)
{
	begin(size);
	return had(take(size, alignment));
}

void free(void *block)
{
	if (!block)
		return;
	add(&raise_malloc.frees, 1);
	gone(block);
	maybe_raise('f');
}

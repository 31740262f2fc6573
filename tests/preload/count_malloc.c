/*
 * count_malloc.c - libcount.so: an LD_PRELOAD that counts allocation calls, to compare with.
 *
 * Into files of a directory, as kept.h says.
 *
 * It must see what reaches the malloc behind it, and change none of it: it
 * allocates nothing, and hands each call on by a jump to whoever is next in the
 * search order: libc, or an allocator that is preloaded behind it.
 * The loader's own calls come through it as soon as they are libc's: the loader
 * binds to this library's malloc.  Layout of the file: struct counts.
 */
#include <dlfcn.h>
#include <malloc.h>

#define PRELOAD_NAME "libcount"
#include "kept.h"

enum fn { MALLOC, CALLOC, REALLOC, MEMALIGN, ALIGNED_ALLOC, POSIX_MEMALIGN, VALLOC, PVALLOC, FNS };

#define BUCKETS 64

struct counts {
	struct kept kept;
	struct {
		uint64_t calls, bytes;
	} fn[FNS];
	uint64_t bucket[BUCKETS]; /* i: sizes above 2^(i-1), up to 2^i; without the impossible ones
				   */
};

/* Taking libc's malloc by its other name tells that this is not where malloc ends. */
void *__libc_malloc(size_t size);
void *(*libcount_behind)(size_t size) = __libc_malloc;

/* Until there is an environment to read, and in a process without BRKSCOPE_COUNT_DIR. */
static struct counts early;
static struct kept *current = &early.kept;

/* What was counted before the file was there. */
static void take_over(struct counts *to, const struct counts *from)
{
	for (int i = 0; i < FNS; i++) {
		__atomic_fetch_add(&to->fn[i].calls, from->fn[i].calls, __ATOMIC_RELAXED);
		__atomic_fetch_add(&to->fn[i].bytes, from->fn[i].bytes, __ATOMIC_RELAXED);
	}
	for (int i = 0; i < BUCKETS; i++)
		__atomic_fetch_add(&to->bucket[i], from->bucket[i], __ATOMIC_RELAXED);
}

static struct counts *counts(void)
{
	return (struct counts *)kept_current(&current, sizeof(early), &early.kept);
}

static void count(enum fn fn, size_t bytes)
{
	struct counts *c = counts();
	unsigned int bucket;

	__atomic_fetch_add(&c->fn[fn].calls, 1, __ATOMIC_RELAXED);
	if (bytes > PTRDIFF_MAX)
		return;
	bucket = bytes <= 1 ? 0 : 64 - __builtin_clzl(bytes - 1);
	__atomic_fetch_add(&c->fn[fn].bytes, bytes, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->bucket[bucket], 1, __ATOMIC_RELAXED);
}

/* A dlsym that succeeds allocates nothing. */
#define NEXT(name)                                                                                 \
	({                                                                                         \
		static __typeof__(&name) next;                                                     \
		if (!next && !(next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)))                 \
			give_up("nobody behind it has " #name);                                    \
		next;                                                                              \
	})

/* Also a process that never allocates has a file. */
__attribute__((constructor)) static void begin(void)
{
	struct counts *c = counts();

	if (c != &early)
		take_over(c, &early);
}

void *malloc(size_t size)
{
	count(MALLOC, size);
	return NEXT(malloc)(size);
}

void *calloc(size_t nmemb, size_t size)
{
	size_t bytes;

	count(CALLOC, __builtin_mul_overflow(nmemb, size, &bytes) ? SIZE_MAX : bytes);
	return NEXT(calloc)(nmemb, size);
}

void *realloc(void *block, size_t size)
{
	count(REALLOC, size);
	return NEXT(realloc)(block, size);
}

/* As glibc does it: an overflow never reaches realloc. */
void *reallocarray(void *block, size_t nmemb, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nmemb, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	count(MEMALIGN, size);
	return NEXT(memalign)(alignment, size);
}

void *valloc(size_t size)
{
	count(VALLOC, size);
	return NEXT(valloc)(size);
}

void *pvalloc(size_t size)
{
	count(PVALLOC, size);
	return NEXT(pvalloc)(size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count(ALIGNED_ALLOC, size);
	return NEXT(aligned_alloc)(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	count(POSIX_MEMALIGN, size);
	return NEXT(posix_memalign)(block, alignment, size);
}

/*
 * count_malloc.c - libcount.so: an LD_PRELOAD that counts allocation calls, to compare with.
 *
 * BRKSCOPE_COUNT_DIR names a directory; every process keeps its counts in a
 * shared mapping of the file named by its PID there.  So nothing needs to be
 * written at the end: counts survive _exit, a signal, and destructors that
 * allocate behind ours, and an exec goes on in the same file.
 *
 * It must see what reaches the malloc behind it, and change none of it: it
 * allocates nothing, and hands each call on by a jump to whoever is next in the
 * search order: libc, or an allocator that is preloaded behind it.
 * The loader's own calls come through it as soon as they are libc's: the loader
 * binds to this library's malloc.  Layout of the file: struct counts.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum fn { MALLOC, CALLOC, REALLOC, MEMALIGN, ALIGNED_ALLOC, POSIX_MEMALIGN, VALLOC, PVALLOC, FNS };

#define BUCKETS 64

struct counts {
	uint64_t pid;
	char comm[16];
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
static struct counts *current = &early;

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

/* A counter that cannot count is no oracle: end the process rather than miss a call. */
static _Noreturn void give_up(const char *what)
{
	static const char name[] = "libcount: ";
	size_t len = 0;

	while (what[len])
		len++;
	if (write(2, name, sizeof(name) - 1) < 0 || write(2, what, len) < 0 ||
	    write(2, "\n", 1) < 0)
		_exit(98);
	_exit(97);
}

static struct counts *attach(uint64_t pid)
{
	const char *dir = environ ? getenv("BRKSCOPE_COUNT_DIR") : NULL;
	struct counts *c;
	char path[PATH_MAX];
	int fd, len;

	if (!dir)
		return &early;
	len = snprintf(path, sizeof(path), "%s/%lu", dir, (unsigned long)pid);
	if (len < 0 || (size_t)len >= sizeof(path))
		give_up("BRKSCOPE_COUNT_DIR is too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, sizeof(*c)) < 0)
		give_up("cannot make a file in BRKSCOPE_COUNT_DIR");
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		give_up("cannot map a file of BRKSCOPE_COUNT_DIR");
	close(fd);
	prctl(PR_GET_NAME, c->comm);
	c->pid = pid;
	return c;
}

/*
 * Asked on each call: a child by fork or vfork has the parent's pointer.  The
 * PID is in the mapping, so that a vfork child that attaches does not mislead
 * the parent's other threads for longer than a call: they attach again.
 */
static struct counts *counts(void)
{
	struct counts *c = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
	uint64_t pid = getpid();
	int saved = errno;

	if (c->pid == pid)
		return c;
	c = attach(pid);
	if (c != &early)
		__atomic_store_n(&current, c, __ATOMIC_RELEASE);
	errno = saved;
	return c;
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

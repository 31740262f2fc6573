/*
 * live_malloc.c - liblive_malloc.so: an LD_PRELOAD that knows each outstanding block, to compare
 * with.
 *
 * Each process keeps struct live in a file, as kept.h says, and hands each call on by the same
 * means as libcount_malloc.so.  The blocks themselves are in private memory: a fork copies them, a
 * vfork's child shares them, an exec drops them.
 *
 * A block begins when the call has returned it, and ends before its free is handed on: by then
 * nobody else can have been given the address.  Signals are held off while the table changes, so
 * that a handler may allocate.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

#define PRELOAD_NAME "liblive"
#include "kept.h"

struct live {
	struct kept kept;
	uint64_t calls, bytes, impossible; /* bytes: of those that are possible */
	uint64_t frees, frees_unknown, failed;
	uint64_t blocks, block_bytes, peak_bytes; /* outstanding, now and at most */
};

/* Taking libc's malloc by its other name tells that this is not where malloc ends. */
void *__libc_malloc(size_t size);
void *(*liblive_behind)(size_t size) = __libc_malloc;

static struct live early;
static struct kept *current = &early.kept;

static struct live *counts(void)
{
	return (struct live *)kept_current(&current, sizeof(early), &early.kept);
}

static void add(uint64_t *to, uint64_t n)
{
	__atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

/* ---- the blocks ---- */

#define SLOTS (1UL << 21)
#define MOST  (SLOTS / 4 * 3)

static struct {
	uint64_t addr, size; /* addr 0: free */
} * table;
static uint64_t blocks, block_bytes, peak_bytes;
static int lock;

static void lock_table(sigset_t *saved)
{
	sigset_t all;

	sigfillset(&all);
	if (saved)
		sigprocmask(SIG_SETMASK, &all, saved);
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	if (table)
		return;
	table = mmap(NULL, SLOTS * sizeof(*table), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED)
		give_up("no room for the blocks");
}

static void unlock_table(const sigset_t *saved)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	if (saved)
		sigprocmask(SIG_SETMASK, saved, NULL);
}

static size_t home_of(uint64_t addr)
{
	return (addr * 0x9e3779b97f4a7c15u) >> 43;
}

static size_t find(uint64_t addr)
{
	size_t i = home_of(addr);

	while (table[i].addr && table[i].addr != addr)
		i = (i + 1) & (SLOTS - 1);
	return i;
}

static void publish(struct live *l)
{
	if (block_bytes > peak_bytes)
		peak_bytes = block_bytes;
	l->blocks = blocks;
	l->block_bytes = block_bytes;
	l->peak_bytes = peak_bytes;
}

static void put(const void *block, uint64_t size)
{
	uint64_t addr = (uintptr_t)block;
	struct live *l = counts();
	int error = errno;
	sigset_t saved;
	size_t i;

	if (size > PTRDIFF_MAX)
		size = 0; /* an allocator that gives something all the same */
	lock_table(&saved);
	i = find(addr);
	if (table[i].addr)
		give_up("a block is given out twice");
	if (blocks == MOST)
		give_up("too many blocks");
	table[i].addr = addr;
	table[i].size = size;
	blocks++;
	block_bytes += size;
	publish(l);
	unlock_table(&saved);
	errno = error;
}

/* False: it is not there.  held: it still counts, until uncount(). */
static bool take(const void *block, uint64_t *size, bool held)
{
	size_t i, hole, home;
	struct live *l = counts();
	int error = errno;
	sigset_t saved;
	bool found;

	lock_table(&saved);
	i = hole = find((uintptr_t)block);
	found = table[i].addr;
	if (found) {
		*size = table[i].size;
		if (!held) {
			blocks--;
			block_bytes -= *size;
			publish(l);
		}
		for (i = (i + 1) & (SLOTS - 1); table[i].addr; i = (i + 1) & (SLOTS - 1)) {
			home = home_of(table[i].addr);
			if (((i - home) & (SLOTS - 1)) < ((i - hole) & (SLOTS - 1)))
				continue;
			table[hole] = table[i];
			hole = i;
		}
		table[hole].addr = 0;
	}
	unlock_table(&saved);
	errno = error;
	return found;
}

static void uncount(uint64_t size)
{
	struct live *l = counts();
	sigset_t saved;

	lock_table(&saved);
	blocks--;
	block_bytes -= size;
	publish(l);
	unlock_table(&saved);
}

static sigset_t saved_by_fork;

static void before_fork(void)
{
	lock_table(&saved_by_fork);
}

static void after_fork(void)
{
	unlock_table(&saved_by_fork);
}

/* It begins with all of its parent's; who execs, with none. */
static void begin_at(struct live *l)
{
	sigset_t saved;

	lock_table(&saved);
	publish(l);
	unlock_table(&saved);
}

static void in_child(void)
{
	after_fork();
	peak_bytes = block_bytes;
	begin_at(counts());
}

__attribute__((constructor)) static void begin(void)
{
	struct live *l = counts();

	pthread_atfork(before_fork, after_fork, in_child);
	begin_at(l);
	if (l == &early)
		return;
	for (size_t i = 0; i < 6; i++)
		add(&l->calls + i, *(&early.calls + i));
}

/* ---- the calls ---- */

static void count_call(size_t bytes)
{
	struct live *l = counts();

	add(&l->calls, 1);
	if (bytes > PTRDIFF_MAX)
		add(&l->impossible, 1);
	else
		add(&l->bytes, bytes);
}

static void *had(void *block, size_t size)
{
	if (block)
		put(block, size);
	else
		add(&counts()->failed, 1);
	return block;
}

/* A dlsym that succeeds allocates nothing. */
#define NEXT(name)                                                                                 \
	({                                                                                         \
		static __typeof__(&name) next;                                                     \
		if (!next && !(next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)))                 \
			give_up("nobody behind it has " #name);                                    \
		next;                                                                              \
	})

void *malloc(size_t size)
{
	count_call(size);
	return had(NEXT(malloc)(size), size);
}

void *calloc(size_t nmemb, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nmemb, size, &bytes))
		bytes = SIZE_MAX;
	count_call(bytes);
	return had(NEXT(calloc)(nmemb, size), bytes);
}

void free(void *block)
{
	uint64_t size;

	if (block) {
		add(&counts()->frees, 1);
		if (!take(block, &size, false))
			add(&counts()->frees_unknown, 1);
	}
	NEXT(free)(block);
}

/* Where NULL comes of 0 bytes, the block has been freed. */
void *realloc(void *block, size_t size)
{
	uint64_t old;
	void *p;
	bool known = block && take(block, &old, true);

	count_call(size);
	p = NEXT(realloc)(block, size);
	if (known)
		uncount(old);
	if (p)
		put(p, size);
	else if (!block || size) {
		add(&counts()->failed, 1);
		if (known)
			put(block, old);
	}
	return p;
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
	count_call(size);
	return had(NEXT(memalign)(alignment, size), size);
}

void *valloc(size_t size)
{
	count_call(size);
	return had(NEXT(valloc)(size), size);
}

void *pvalloc(size_t size)
{
	count_call(size);
	return had(NEXT(pvalloc)(size), size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count_call(size);
	return had(NEXT(aligned_alloc)(alignment, size), size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	int err;

	count_call(size);
	err = NEXT(posix_memalign)(block, alignment, size);
	had(err ? NULL : *block, size);
	return err;
}

/*
 * realloc_chain.c - every allocation function, in the forms that call each other.
 *
 * A C library writes some of them in terms of others (realloc(NULL) is malloc,
 * memalign with a small alignment is malloc, valloc is memalign, ...), by a call
 * or by a jump.  One call here is one allocation, of the function called.
 * "impossible" are those of them that cannot be met: overflow, or more than
 * PTRDIFF_MAX.  They count as calls of 0 bytes.
 */
#include <malloc.h>
#include <stdint.h>

#include "say.h"

#define ROUNDS 100

struct count {
	unsigned long calls, bytes;
};

/* The compiler knows these functions: of realloc(NULL, 24) it makes malloc(24). */
static size_t hide(size_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static void *count(struct count *c, size_t bytes, void *block)
{
	c->calls++;
	c->bytes += bytes;
	return keep(block);
}

static void chain(struct count *m, struct count *c, struct count *r)
{
	static const size_t grow[] = {100, 1000, 200000, 150000, 3000000, 10, 150000};
	void *p = count(r, 24, realloc(keep(NULL), hide(24)));

	for (size_t i = 0; i < sizeof(grow) / sizeof(grow[0]); i++)
		p = count(r, grow[i], realloc(p, hide(grow[i])));
	/* glibc frees at size 0 and gives NULL; musl a block of no size. */
	free(count(r, 0, realloc(p, hide(0))));
	free(count(m, 0, malloc(hide(0))));
	free(count(m, 77, malloc(hide(77))));
	free(count(c, 7 * 11, calloc(hide(7), hide(11))));
	free(count(c, 0, calloc(hide(0), hide(11))));
	free(count(c, 300 * 1000, calloc(hide(300), hide(1000))));
}

static void aligned(struct count *a, struct count *m, struct count *p, struct count *v)
{
	static const size_t alignment[] = {8, 16, 64, 4096};
	void *block;

	for (size_t i = 0; i < sizeof(alignment) / sizeof(alignment[0]); i++) {
		size_t align = hide(alignment[i]);

		free(count(m, 100, memalign(align, 100)));
		free(count(a, 4096, aligned_alloc(align, 4096)));
		MUST(posix_memalign(&block, align, hide(200)) == 0);
		free(count(p, 200, block));
	}
	free(count(m, 250000, memalign(hide(64), 250000)));
	free(count(v, 5000, valloc(hide(5000))));
}

/* Requests that no implementation can meet: calls of 0 bytes. */
static void impossible(struct count *m, struct count *c, struct count *r)
{
	free(count(m, 0, malloc(hide(SIZE_MAX))));
	free(count(m, 0, malloc(hide((size_t)PTRDIFF_MAX + 1))));
	free(count(c, 0, calloc(hide(SIZE_MAX / 2), hide(3))));
	free(count(c, 0, calloc(hide(SIZE_MAX), hide(1))));
	free(count(r, 0, realloc(keep(NULL), hide(SIZE_MAX))));
}

int main(void)
{
	struct count m = {0}, c = {0}, r = {0}, a = {0}, mem = {0}, p = {0}, v = {0};
	struct count pv = {0}, ra = {0};

	for (int i = 0; i < ROUNDS; i++) {
		chain(&m, &c, &r);
		aligned(&a, &mem, &p, &v);
		impossible(&m, &c, &r);
#ifdef __GLIBC__
		free(count(&pv, 5000, pvalloc(hide(5000))));
#endif
		free(count(&ra, 21 * 100, reallocarray(keep(NULL), hide(21), hide(100))));
	}
	say("{\"pid\": %d, \"malloc\": %lu, \"calloc\": %lu, \"realloc\": %lu, "
	    "\"aligned_alloc\": %lu, \"memalign\": %lu, \"posix_memalign\": %lu, \"valloc\": %lu, "
	    "\"pvalloc\": %lu, \"reallocarray\": %lu, \"impossible\": %d, \"bytes\": %lu}\n",
	    getpid(), m.calls, c.calls, r.calls, a.calls, mem.calls, p.calls, v.calls, pv.calls,
	    ra.calls, 5 * ROUNDS,
	    m.bytes + c.bytes + r.bytes + a.bytes + mem.bytes + p.bytes + v.bytes + pv.bytes +
		    ra.bytes);
	_exit(0);
}

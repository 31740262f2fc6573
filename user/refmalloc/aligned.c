/*
 * aligned.c - blocks at a multiple of more than 16: five functions, with five sets of manners.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#include "block.h"
#include "public.h"
#include "sizeclass.h"
#include "sys.h"

static bool is_power(size_t n)
{
	return n && !(n & (n - 1));
}

/* NULL, and *error what it would be in errno. */
static void *alloc(enum refmalloc_function function, size_t alignment, size_t size, int *error)
{
	*error = is_power(alignment) ? ENOMEM : EINVAL;
	if (is_power(alignment))
		return block__alloc(function, size, alignment > GRANULE ? alignment : GRANULE,
				    false);
	block__refuse(function, size);
	return NULL;
}

static void *alloc_or_errno(enum refmalloc_function function, size_t alignment, size_t size)
{
	int error;
	void *p = alloc(function, alignment, size, &error);

	if (!p)
		errno = error;
	return p;
}

/* As glibc's: any alignment will do, rounded up to a power of two; above half of all memory not. */
PUBLIC void *memalign(size_t alignment, size_t size)
{
	size_t power = 1;

	while (power && power < alignment)
		power *= 2;
	return alloc_or_errno(REFMALLOC_MEMALIGN, power, size);
}

/* The size need not be a multiple of the alignment: C17 dropped that, as nobody had held to it. */
PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
	return alloc_or_errno(REFMALLOC_ALIGNED_ALLOC, alignment, size);
}

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size)
{
	int error;
	void *p = alloc(REFMALLOC_POSIX_MEMALIGN, alignment % sizeof(void *) == 0 ? alignment : 0,
			size, &error);

	if (!p)
		return error;
	*block = p;
	return 0;
}

PUBLIC void *valloc(size_t size)
{
	return alloc_or_errno(REFMALLOC_VALLOC, PAGE_SIZE, size);
}

/* The bytes up to the end of its last page are its caller's, but not asked for. */
PUBLIC void *pvalloc(size_t size)
{
	void *p = block__alloc_in_pages(size);

	if (!p)
		errno = ENOMEM;
	return p;
}

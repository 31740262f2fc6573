/*
 * alloc_fn.c - the malloc family's names: the symbols in a libc, the keys in every output.
 */
#include "alloc_fn.h"

static const char *const names[FN_COUNT] = {
	[FN_MALLOC] = "malloc",
	[FN_REALLOC] = "realloc",
	[FN_CALLOC] = "calloc",
	[FN_ALIGNED_ALLOC] = "aligned_alloc",
	[FN_MEMALIGN] = "memalign",
	[FN_POSIX_MEMALIGN] = "posix_memalign",
	[FN_VALLOC] = "valloc",
	[FN_PVALLOC] = "pvalloc",
	[FN_REALLOCARRAY] = "reallocarray",
};

const char *alloc_fn__name(enum alloc_fn fn)
{
	return fn < FN_COUNT ? names[fn] : "unknown";
}

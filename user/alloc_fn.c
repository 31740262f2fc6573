/*
 * alloc_fn.c - the malloc family: its names in every output, and its symbols in an allocator.
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
	[FN_NEW] = "operator_new",
	[FN_NEW_ALIGNED] = "operator_new_aligned",
	[FN_MALLOCX] = "mallocx",
	[FN_RALLOCX] = "rallocx",
	[FN_MI_MALLOC] = "mi_malloc",
	[FN_MI_REALLOC] = "mi_realloc",
};

const char *alloc_fn__name(enum alloc_fn fn)
{
	return fn < FN_COUNT ? names[fn] : "unknown";
}

/* C++'s as the Itanium ABI mangles them; mimalloc's from its include/mimalloc.h. */
const struct alloc_entry alloc_entries[ALLOC_ENTRIES] = {
	[FN_MALLOC] = {"malloc", FN_MALLOC, 1, 0, 0},
	[FN_REALLOC] = {"realloc", FN_REALLOC, 2, 0, 1},
	[FN_CALLOC] = {"calloc", FN_CALLOC, 2, 1, 0},
	[FN_ALIGNED_ALLOC] = {"aligned_alloc", FN_ALIGNED_ALLOC, 2, 0, 0},
	[FN_MEMALIGN] = {"memalign", FN_MEMALIGN, 2, 0, 0},
	[FN_POSIX_MEMALIGN] = {"posix_memalign", FN_POSIX_MEMALIGN, 3, 0, 0},
	[FN_VALLOC] = {"valloc", FN_VALLOC, 1, 0, 0},
	[FN_PVALLOC] = {"pvalloc", FN_PVALLOC, 1, 0, 0},
	[FN_REALLOCARRAY] = {"reallocarray", FN_REALLOCARRAY, 3, 2, 1},
	[FN_NEW] = {"_Znwm", FN_NEW, 1, 0, 0, true},
	[FN_NEW_ALIGNED] = {"_ZnwmSt11align_val_t", FN_NEW_ALIGNED, 1, 0, 0, true},
	[FN_MALLOCX] = {"mallocx", FN_MALLOCX, 1, 0, 0},
	[FN_RALLOCX] = {"rallocx", FN_RALLOCX, 2, 0, 1},
	[FN_MI_MALLOC] = {"mi_malloc", FN_MI_MALLOC, 1, 0, 0},
	[FN_MI_REALLOC] = {"mi_realloc", FN_MI_REALLOC, 2, 0, 1},

	{"reallocarr", FN_REALLOCARRAY, 3, 2, BLOCK_BY_POINTER},
	{"tc_malloc_skip_new_handler", FN_MALLOC, 1, 0, 0},

	{"_Znam", FN_NEW, 1, 0, 0, true},
	{"_ZnwmRKSt9nothrow_t", FN_NEW, 1, 0, 0},
	{"_ZnamRKSt9nothrow_t", FN_NEW, 1, 0, 0},
	{"_ZnamSt11align_val_t", FN_NEW_ALIGNED, 1, 0, 0, true},
	{"_ZnwmSt11align_val_tRKSt9nothrow_t", FN_NEW_ALIGNED, 1, 0, 0},
	{"_ZnamSt11align_val_tRKSt9nothrow_t", FN_NEW_ALIGNED, 1, 0, 0},

	{"mi_zalloc", FN_MI_MALLOC, 1, 0, 0},
	{"mi_calloc", FN_MI_MALLOC, 2, 1, 0},
	{"mi_mallocn", FN_MI_MALLOC, 2, 1, 0},
	{"mi_malloc_small", FN_MI_MALLOC, 1, 0, 0},
	{"mi_zalloc_small", FN_MI_MALLOC, 1, 0, 0},
	{"mi_malloc_aligned", FN_MI_MALLOC, 1, 0, 0},
	{"mi_zalloc_aligned", FN_MI_MALLOC, 1, 0, 0},
	{"mi_calloc_aligned", FN_MI_MALLOC, 2, 1, 0},
	{"mi_malloc_aligned_at", FN_MI_MALLOC, 1, 0, 0},
	{"mi_zalloc_aligned_at", FN_MI_MALLOC, 1, 0, 0},
	{"mi_new_nothrow", FN_MI_MALLOC, 1, 0, 0},
	{"mi_new_aligned_nothrow", FN_MI_MALLOC, 1, 0, 0},
	{"mi_new_n", FN_MI_MALLOC, 2, 1, 0, true},
	{"mi_heap_malloc", FN_MI_MALLOC, 2, 0, 0},
	{"mi_heap_zalloc", FN_MI_MALLOC, 2, 0, 0},
	{"mi_heap_calloc", FN_MI_MALLOC, 3, 2, 0},
	{"mi_heap_mallocn", FN_MI_MALLOC, 3, 2, 0},
	{"mi_heap_malloc_small", FN_MI_MALLOC, 2, 0, 0},
	{"mi_heap_malloc_aligned", FN_MI_MALLOC, 2, 0, 0},
	{"mi_heap_zalloc_aligned", FN_MI_MALLOC, 2, 0, 0},

	{"mi_reallocn", FN_MI_REALLOC, 3, 2, 1},
	{"mi_reallocf", FN_MI_REALLOC, 2, 0, 1},
	{"mi_rezalloc", FN_MI_REALLOC, 2, 0, 1},
	{"mi_recalloc", FN_MI_REALLOC, 3, 2, 1},
	{"mi_realloc_aligned", FN_MI_REALLOC, 2, 0, 1},
	{"mi_new_realloc", FN_MI_REALLOC, 2, 0, 1, true},
	{"mi_new_reallocn", FN_MI_REALLOC, 3, 2, 1, true},
	{"mi_heap_realloc", FN_MI_REALLOC, 3, 0, 2},
	{"mi_heap_reallocn", FN_MI_REALLOC, 4, 3, 2},
	{"mi_heap_rezalloc", FN_MI_REALLOC, 3, 0, 2},

	[ENTRY_KEPT] = {"refmalloc_kept", FN_REALLOC, 1, 0, 0},
};

/* The block is the first argument of each. */
const char *const free_entries[FREE_ENTRIES] = {
	"free",
	"cfree",
	"free_sized",
	"free_aligned_sized",
	"_ZdlPv",
	"_ZdaPv",
	"_ZdlPvm",
	"_ZdaPvm",
	"_ZdlPvRKSt9nothrow_t",
	"_ZdaPvRKSt9nothrow_t",
	"_ZdlPvSt11align_val_t",
	"_ZdaPvSt11align_val_t",
	"_ZdlPvmSt11align_val_t",
	"_ZdaPvmSt11align_val_t",
	"_ZdlPvSt11align_val_tRKSt9nothrow_t",
	"_ZdaPvSt11align_val_tRKSt9nothrow_t",
	"dallocx",
	"sdallocx",
	"tc_free",
	"tc_free_sized",
	"mi_free",
	"mi_free_size",
	"mi_free_aligned",
	"mi_free_size_aligned",
};

_Static_assert(ALLOC_ENTRIES <= ENTRIES_MAX, "a bit each");

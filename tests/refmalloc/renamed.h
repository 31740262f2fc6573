/*
 * renamed.h - other names for the whole interface, so that refmalloc can be built with a sanitizer
 * and stand beside the sanitizer's own malloc.  Included before anything else.
 */
#ifndef REFMALLOC_RENAMED_H
#define REFMALLOC_RENAMED_H

#define malloc		   ref_malloc
#define calloc		   ref_calloc
#define reallocarray	   ref_reallocarray
#define memalign	   ref_memalign
#define aligned_alloc	   ref_aligned_alloc
#define posix_memalign	   ref_posix_memalign
#define valloc		   ref_valloc
#define pvalloc		   ref_pvalloc
#define malloc_usable_size ref_malloc_usable_size
#define malloc_trim	   ref_malloc_trim
#define malloc_stats	   ref_malloc_stats
#define malloc_info	   ref_malloc_info
#define mallinfo	   ref_mallinfo
#define mallinfo2	   ref_mallinfo2
#define mallopt		   ref_mallopt
/* Of these two there are probes, whose names stay. */
#define free(...)    ref_free(__VA_ARGS__)
#define realloc(...) ref_realloc(__VA_ARGS__)

#endif

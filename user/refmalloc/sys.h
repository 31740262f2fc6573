/*
 * sys.h - memory from the kernel: the only callers of brk, mmap, munmap and mremap.
 *
 * Each call is counted here, where it is made.  errno stays as it was: whether a malloc failed is
 * decided further up.
 */
#ifndef REFMALLOC_SYS_H
#define REFMALLOC_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refmalloc.h"

/* The page heap's pages; the kernel's may be larger: some arm64 have 64 KiB. */
#define PAGE_SHIFT 12
#define PAGE_SIZE  ((size_t)1 << PAGE_SHIFT)

/* The kernel's: what a mapping, and the heap, is a multiple of. */
size_t sys__page(void);

/*
 * A system call of at most one argument.  Not by libc's syscall(): of its code the kernel maps 64
 * KiB around whatever a process runs, which is a part of a small process that one notices.
 */
long sys__call(long number, long argument);

static inline size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Where the break is now, also if the program moved it. */
char *sys__break(void);
/* Moves it from `from`, where it is, to `to`. */
bool sys__set_break(char *from, char *to);

/* NULL if there is none to be had. */
void *sys__map(enum refmalloc_mapping why, size_t bytes);
bool sys__unmap(enum refmalloc_mapping why, void *start, size_t bytes);
/* May move it; NULL, with the old mapping as it was. Only for REFMALLOC_MAP_BLOCK. */
void *sys__remap(void *start, size_t old_bytes, size_t new_bytes);
/* Gives back the kernel's pages that are wholly inside, keeps the addresses. */
bool sys__forget(void *start, size_t bytes);

/* Adds what was asked of the kernel, and what it gave. */
void sys__stats(struct refmalloc_stats *stats);
void sys__reset_in_child(void);

#endif

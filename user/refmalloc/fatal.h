/*
 * fatal.h - the end of a program that misused the heap: one line by write(2), then abort().
 */
#ifndef REFMALLOC_FATAL_H
#define REFMALLOC_FATAL_H

#include <stddef.h>

/* caller: the return address in the program's code, NULL if nobody knows it. */
_Noreturn void fatal__block(const char *what, const void *block, const void *caller);
_Noreturn void fatal__option(const char *word, size_t len);

#endif

/*
 * demangle.h - a C++ function's name as it was written.
 */
#ifndef BRKSCOPE_DEMANGLE_H
#define BRKSCOPE_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * "os::reserve_memory" for _ZN2os14reserve_memoryEmb: without parameters, cut at
 * size.  False, with out unchanged: it is no such name, or one that could unfold
 * without end.
 */
bool demangle(const char *name, char *out, size_t size);

#endif

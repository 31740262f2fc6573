/*
 * alloc_fn.h - the malloc family's names: the symbols in a libc, the keys in every output.
 */
#ifndef BRKSCOPE_ALLOC_FN_H
#define BRKSCOPE_ALLOC_FN_H

#include "brkscope/event.h"

/* Never NULL: "unknown" for a number outside the enum. */
const char *alloc_fn__name(enum alloc_fn fn);

#endif

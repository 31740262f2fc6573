/*
 * lister.h - the iterators alone, for who attaches nothing.
 */
#ifndef BRKSCOPE_LISTER_H
#define BRKSCOPE_LISTER_H

#include "kernel/listing.h"

struct iterators;

/* out: the programs; without them, or the right to load them, /proc is read. */
struct iterators *iterators__open(struct lister *out); /* NULL: none, and nothing is said */
void iterators__close(struct iterators *i);	       /* NULL is allowed */

#endif

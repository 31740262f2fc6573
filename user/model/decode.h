/*
 * decode.h - is this record, or this cell's key, one that this agent's programs write?
 */
#ifndef BRKSCOPE_DECODE_H
#define BRKSCOPE_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "brkscope/event.h"

/*
 * True: the type is known, size is that type's, op is one of its, and every
 * string in it ends.  Only then may the record be cast to its struct.
 */
bool event__valid(const struct event *e, size_t size);

/* True: the type is known, the op, the bucket and each flag is one of its. */
bool cell__valid(const struct cell_key *key);

#endif

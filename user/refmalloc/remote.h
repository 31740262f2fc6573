/*
 * remote.h - a span's list of blocks that other threads freed, in one atomic word.
 *
 * The low half is the index of the first block, the high half how many there are; the list goes
 * on in the span's state array.  Blocks are pushed one by one and taken all at once, so that no
 * index can be mistaken for an earlier one.
 */
#ifndef REFMALLOC_REMOTE_H
#define REFMALLOC_REMOTE_H

#include "span.h"

#define REMOTE_EMPTY NO_BLOCK

static inline unsigned int remote__head(uint32_t list)
{
	return list & 0xffff;
}

static inline unsigned int remote__count(uint32_t list)
{
	return list >> 16;
}

static inline uint32_t remote__push(uint32_t list, unsigned int i)
{
	return (((list >> 16) + 1) << 16) | i;
}

#endif

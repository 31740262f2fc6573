/*
 * check.c - what check=1, check=2 and junk do to the memory of blocks.
 *
 * check=1 writes a pattern behind each block, 16 bytes or up to its end, and looks at it when the
 * block is freed or resized.  check=2 also fills freed small blocks and looks at them when they
 * are taken again: a write through a stale pointer shows.  junk fills blocks so that a program
 * that reads what it never wrote, or has freed, gets something that cannot pass for data.
 */
#include "check.h"

#include <stdint.h>
#include <string.h>

#include "fatal.h"
#include "threads.h"

#define GUARD_BYTE 0xc5
#define FREED_BYTE 0x5a
#define JUNK_BYTE  0xa5

static bool filled(const unsigned char *p, size_t bytes, unsigned char with)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i] != with)
			return false;
	return true;
}

static size_t guarded(size_t size, size_t usable)
{
	return usable - size < GUARD ? usable - size : GUARD;
}

void check__fresh(void *start, size_t bytes)
{
	if (options.check == 2)
		memset(start, FREED_BYTE, bytes);
}

void check__resized(void *p, size_t size, size_t usable)
{
	if (options.check)
		memset((char *)p + size, GUARD_BYTE, guarded(size, usable));
}

void check__taken_now(void *p, size_t size, size_t usable, bool small)
{
	if (options.check == 2 && small && !filled(p, usable, FREED_BYTE)) {
		/* A handler of SIGABRT may allocate. */
		threads__leave(heap_own ? heap_own : &shared_heap);
		fatal__block("write into freed", p, NULL);
	}
	if (options.junk)
		memset(p, JUNK_BYTE, size);
	check__resized(p, size, usable);
}

void check__kept(const void *p, size_t size, size_t usable, const void *caller)
{
	if (options.check &&
	    !filled((const unsigned char *)p + size, guarded(size, usable), GUARD_BYTE))
		fatal__block("write behind the end of", p, caller);
}

void check__freed_now(void *p, size_t size, size_t usable, enum span_kind kind, const void *caller)
{
	check__kept(p, size, usable, caller);
	/* A mapping is gone at once. */
	if (options.junk ? kind != SPAN_LARGE : kind == SPAN_SMALL && options.check == 2)
		memset(p, FREED_BYTE, usable);
}

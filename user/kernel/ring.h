/*
 * ring.h - the records of the ring buffer, in order.
 */
#ifndef BRKSCOPE_RING_H
#define BRKSCOPE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "brkscope/event.h"

struct ring;

struct ring_reader {
	void (*event)(const struct event *e, size_t size, void *arg);
	/* Each of them once, some time before its turn; NULL: not wanted. */
	void (*ahead)(const struct event *e, size_t size, void *arg);
	void *arg;
};

/* woken: the flag that the programs set when they wake the reader. */
int ring__open(struct ring **out, int map_fd, bool *woken);
void ring__close(struct ring *r); /* NULL is allowed */

/* For poll(2): readable when the programs have wanted to be read since the last reading. */
int ring__fd(const struct ring *r);
/* Hands over what is there, at most `most` records.  The number. */
unsigned int ring__read(struct ring *r, unsigned int most, const struct ring_reader *reader);
/* Behind all records that there have been; and have those before such an end been read? */
unsigned long ring__end(const struct ring *r);
bool ring__has_read(const struct ring *r, unsigned long end);
/* Has the last reading left any?  One may have been half written, and will be whole without a
 * wake-up. */
bool ring__more(const struct ring *r);
__u64 ring__received(const struct ring *r);
/* Of these, calls whose hits are not among the programs' (brkscope/hits.h). */
__u64 ring__repeated(const struct ring *r);

#endif

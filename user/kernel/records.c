/*
 * records.c - bytes that grow: the records of an iterator, as they are read.
 */
#include "kernel/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ROOM 4096
#define READ_ROOM  32768 /* what the kernel hands over at once: PAGE_SIZE << 3, bpf_iter.c */

int records__need(struct records *r, size_t more)
{
	size_t room = r->room ? r->room : FIRST_ROOM;
	char *bytes;

	if (r->room - r->have >= more)
		return 0;
	while (room - r->have < more)
		room *= 2;
	bytes = realloc(r->bytes, room);
	if (!bytes)
		return -ENOMEM;
	r->bytes = bytes;
	r->room = room;
	return 0;
}

int records__add(struct records *r, const void *record, size_t size)
{
	int err = records__need(r, size);

	if (err)
		return err;
	memcpy(r->bytes + r->have, record, size);
	r->have += size;
	return 0;
}

int records__read(struct records *r, int fd)
{
	ssize_t n;
	int err;

	for (;;) {
		err = records__need(r, READ_ROOM);
		if (err)
			return err;
		n = read(fd, r->bytes + r->have, r->room - r->have);
		if (!n)
			return 0;
		if (n > 0)
			r->have += n;
		/* EAGAIN: a million in a row that the program passed over; it goes on behind them.
		 */
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

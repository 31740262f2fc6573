/*
 * records.h - bytes that grow: the records of an iterator, as they are read.
 */
#ifndef BRKSCOPE_RECORDS_H
#define BRKSCOPE_RECORDS_H

#include <stddef.h>

/* All zero is empty; the owner frees bytes. */
struct records {
	char *bytes;
	size_t have, room;
};

/* Room for so many bytes more.  0 or -ENOMEM. */
int records__need(struct records *r, size_t more);
int records__add(struct records *r, const void *record, size_t size);
/* All that fd has.  0 or -errno. */
int records__read(struct records *r, int fd);

#endif

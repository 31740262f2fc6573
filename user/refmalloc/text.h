/*
 * text.h - lines put together without stdio, which allocates.
 */
#ifndef REFMALLOC_TEXT_H
#define REFMALLOC_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Goes to fd whenever it is full. */
struct text {
	int fd;
	size_t len;
	char bytes[8192];
};

void text__add(struct text *t, const char *string);
void text__add_bytes(struct text *t, const char *bytes, size_t len);
void text__add_number(struct text *t, uint64_t n);
void text__add_hex(struct text *t, uint64_t n);
void text__flush(struct text *t);

#endif

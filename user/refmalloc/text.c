/*
 * text.c - lines put together without stdio, and written by write(2).
 */
#include "text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void text__flush(struct text *t)
{
	size_t done = 0;
	ssize_t n;

	while (done < t->len) {
		n = write(t->fd, t->bytes + done, t->len - done);
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? n : 0;
	}
	t->len = 0;
}

void text__add_bytes(struct text *t, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (t->len == sizeof(t->bytes))
			text__flush(t);
		t->bytes[t->len++] = bytes[i];
	}
}

void text__add(struct text *t, const char *string)
{
	text__add_bytes(t, string, strlen(string));
}

static void add_digits(struct text *t, uint64_t n, unsigned int base)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	text__add_bytes(t, digits + i, sizeof(digits) - i);
}

void text__add_number(struct text *t, uint64_t n)
{
	add_digits(t, n, 10);
}

void text__add_hex(struct text *t, uint64_t n)
{
	text__add(t, "0x");
	add_digits(t, n, 16);
}

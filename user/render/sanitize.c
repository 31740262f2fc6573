/*
 * sanitize.c - hostile bytes (comm, paths) as text that is safe on a terminal.
 *
 * Two passes over the same pieces: the first counts columns, so that the second
 * knows whether it must leave room for the mark.
 */
#include "render/sanitize.h"

#include <stdio.h>
#include <string.h>

#include "render/utf8.h"

/* One character, or one byte escaped. */
struct piece {
	char text[5];
	size_t length; /* of text */
	size_t taken;  /* bytes of the input */
	int columns;
};

static struct piece piece_at(const char *in, size_t size, bool utf8)
{
	struct piece p = {.taken = 1};
	__u32 code = 0;
	size_t length = utf8__decode(in, size, &code);

	if (length == 1 || (length && utf8))
		p.columns = utf8__columns(code);
	if (p.columns) {
		memcpy(p.text, in, length);
		p.length = p.taken = length;
		return p;
	}
	p.columns = snprintf(p.text, sizeof(p.text), "\\x%02x", (unsigned char)*in);
	p.length = (size_t)p.columns;
	return p;
}

static int columns_of(const char *in, size_t size, bool utf8)
{
	struct piece p;
	int columns = 0;

	for (; size; in += p.taken, size -= p.taken) {
		p = piece_at(in, size, utf8);
		columns += p.columns;
	}
	return columns;
}

static void append(char **out, const char *text, size_t length)
{
	memcpy(*out, text, length);
	*out += length;
	**out = '\0';
}

static void append_mark(char **out, bool utf8)
{
	append(out, utf8 ? "…" : "+", utf8 ? strlen("…") : 1);
}

int sanitize(char *out, const char *in, size_t in_size, int columns, bool utf8)
{
	size_t left = in ? strnlen(in, in_size) : 0;
	int total = columns_of(in, left, utf8);
	int room = total > columns ? columns - 1 : columns;
	struct piece p;
	int used = 0;

	*out = '\0';
	for (; left; in += p.taken, left -= p.taken) {
		p = piece_at(in, left, utf8);
		if (used + p.columns > room)
			break;
		append(&out, p.text, p.length);
		used += p.columns;
	}
	if (total > columns) {
		append_mark(&out, utf8);
		used++;
	}
	return used;
}

int sanitize__path(char *out, const char *in, size_t in_size, int columns, bool utf8)
{
	size_t left = in ? strnlen(in, in_size) : 0;
	int rest = columns_of(in, left, utf8);
	int used = 0;
	struct piece p;

	*out = '\0';
	if (rest > columns) {
		for (; rest > columns - 1; in += p.taken, left -= p.taken) {
			p = piece_at(in, left, utf8);
			rest -= p.columns;
		}
		append_mark(&out, utf8);
		used = 1;
	}
	for (; left; in += p.taken, left -= p.taken) {
		p = piece_at(in, left, utf8);
		append(&out, p.text, p.length);
	}
	return used + rest;
}

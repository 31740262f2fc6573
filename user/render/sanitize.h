/*
 * sanitize.h - hostile bytes (comm, paths) as text that is safe on a terminal.
 *
 * Whatever is not a plain printable character becomes \xNN, byte by byte:
 * control characters and with them every terminal escape, DEL, invalid UTF-8,
 * characters that move or hide others; all that is not ASCII where utf8 is
 * false.  A backslash stays one: systemd's names are full of them (\x2d), and
 * must be found again as they are.
 */
#ifndef BRKSCOPE_RENDER_SANITIZE_H
#define BRKSCOPE_RENDER_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that text of so many columns can take, with its NUL. */
#define SANITIZED_SIZE(columns) ((columns)*3 + 1)

/*
 * Up to the NUL or in_size bytes of in.  out gets at most `columns` (1 or more)
 * columns and has SANITIZED_SIZE(columns) bytes; what is longer ends in a mark
 * ("…", or "+").  Returns the columns used.  NULL is the empty string.
 */
int sanitize(char *out, const char *in, size_t in_size, int columns, bool utf8);

/* The same for a path: of what is longer the end is kept, behind the mark. */
int sanitize__path(char *out, const char *in, size_t in_size, int columns, bool utf8);

#endif

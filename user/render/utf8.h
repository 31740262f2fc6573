/*
 * utf8.h - other people's bytes, read as UTF-8 without trusting them.
 *
 * Independent of the locale, which says what the terminal speaks, not what a
 * file name or a process name was written in.
 */
#ifndef BRKSCOPE_RENDER_UTF8_H
#define BRKSCOPE_RENDER_UTF8_H

#include <stddef.h>

#include <linux/types.h>

/*
 * The length of the character at in, of which size bytes may be read, and its
 * code.  0: not UTF-8 (overlong, a surrogate, above U+10FFFF, cut short).
 */
size_t utf8__decode(const char *in, size_t size, __u32 *code);

/* Columns that a terminal gives it: 1 or 2; 0: not known to be safe to print. */
int utf8__columns(__u32 code);

#endif

/*
 * symbols.h - names of places in code: the file, and the function in it.
 *
 * A place is told by device, inode and file offset (struct site).  The file is
 * one that objects knows; the function comes from its .symtab, from that of its
 * debug file under /usr/lib/debug where one is installed, or from its dynamic
 * symbols.  Only a symbol whose extent holds the place counts, so a function
 * that is not known is never given its neighbour's name.
 *
 * Files are read when a name is first asked for, each at most twice or so when
 * places are asked for file by file, and up to a budget in all.
 */
#ifndef BRKSCOPE_SYMBOLS_H
#define BRKSCOPE_SYMBOLS_H

#include "kernel/objects.h"

struct symbols;

/* All strings are other people's bytes; valid until symbols__free. */
struct symbol {
	const char *object;   /* the file's path; NULL: not known, or in no file */
	const char *function; /* NULL: not known */
};

/* objects outlives it.  NULL with errno set. */
struct symbols *symbols__new(const struct objects *objects);
void symbols__free(struct symbols *s); /* NULL is allowed */
/*
 * site: where a call returns to.  pid: of a process that has mapped it, through
 * which a file can be read that has no name any more; 0: none.  Without memory
 * nothing is known.
 */
struct symbol symbols__name(struct symbols *s, const struct site *site, __u32 pid);

#endif

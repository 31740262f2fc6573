/*
 * stub.h - the code through which one object calls another's function, or its own by name.
 */
#ifndef BRKSCOPE_STUB_H
#define BRKSCOPE_STUB_H

#include "kernel/elf_file.h"

/* The name of the function that the PLT stub at addr jumps to, until f is closed; NULL: none is
 * there. */
const char *stub__target(const struct elf_file *f, __u64 addr);
/*
 * Behind the last call in [from, to) that may go through the stub of a wanted function; from:
 * there is none, or the code cannot be read.
 */
__u64 stub__last_call(const struct elf_file *f, __u64 from, __u64 to,
		      bool (*wanted)(const char *name));

#endif

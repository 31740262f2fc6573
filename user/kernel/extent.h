/*
 * extent.h - which code of an ELF file is its malloc's own.
 *
 * Two things hang on it: which mmap calls are the allocator's, and which calls of
 * malloc are the allocator calling itself.
 */
#ifndef BRKSCOPE_EXTENT_H
#define BRKSCOPE_EXTENT_H

#include "kernel/elf_file.h"
#include "kernel/object.h"

/* Of a file that defines malloc, and is of this kind; o gets its internal code. */
void extent__find(struct object *o, const struct elf_file *f);
/* The code at addresses [from, to), put behind the n others; as long as there is room. */
void extent__add(const struct elf_file *f, struct code_span *spans, unsigned int *n,
		 unsigned int most, __u64 from, __u64 to);

#endif

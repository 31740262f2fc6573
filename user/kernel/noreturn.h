/*
 * noreturn.h - functions that never return.
 */
#ifndef BRKSCOPE_NORETURN_H
#define BRKSCOPE_NORETURN_H

#include "kernel/insn.h"

struct elf_file;

/* Of the function at addr, which is called directly: never, by its own code or its name. */
bool noreturn__always(const struct elf_file *f, csh handle, cs_insn *insn, __u64 addr);
/* Or not from everywhere, by a call of it that does not; takes a millisecond or two. */
bool noreturn__somewhere(const struct elf_file *f, csh handle, cs_insn *insn, __u64 addr);

#endif

/*
 * branches.h - what leads into the beginnings of functions, but for calls of them.
 */
#ifndef BRKSCOPE_BRANCHES_H
#define BRKSCOPE_BRANCHES_H

#include "kernel/elf_file.h"

#define BRANCH_WINDOW 64 /* bytes of a function, from its entry */

struct branch_window {
	const struct elf_function *fn;
	__u64 into; /* bit i: something may lead to its entry + i; of bit 0 nothing is said */
};

/*
 * Whatever may be a branch counts as one: the code is looked through as bytes, and
 * where an instruction begins is not always known.  What cannot be looked through
 * leads everywhere.
 */
void branches__find(const struct elf_file *f, struct branch_window *windows, size_t n);

#endif

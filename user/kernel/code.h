/*
 * code.h - what a function's machine code calls and jumps to.
 */
#ifndef BRKSCOPE_CODE_H
#define BRKSCOPE_CODE_H

#include <stdbool.h>

#include "kernel/elf_file.h"

/*
 * Does fn call or jump to the function `target`, straight or through the PLT?
 * False as well where the code cannot be read.
 */
bool code__reaches(const struct elf_file *f, const struct elf_function *fn,
		   const struct elf_function *target);

#endif

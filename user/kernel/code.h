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

/* Where fn's code jumps to outside of itself: through the PLT the function's name, else NULL. */
void code__jumps(const struct elf_file *f, const struct elf_function *fn,
		 void (*visit)(__u64 addr, const char *name, void *arg), void *arg);

/* Where a wrapper makes a system call, itself or by syscall(2), and how much of the stack is its
 * own there. */
struct syscall_site {
	__u64 after; /* address of the next instruction */
	__u32 frame; /* bytes between the stack pointer and the return address */
};

/* The system calls in fn's code, at most `most`; how many. */
unsigned int code__syscalls(const struct elf_file *f, const struct elf_function *fn,
			    struct syscall_site *sites, unsigned int most);

#endif

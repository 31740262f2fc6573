/*
 * placement.h - where in a function its probe costs least.
 *
 * A uprobe on an instruction that the kernel emulates costs a third, in a virtual
 * machine a seventeenth, of one on an instruction that it has to single-step.  So
 * the probe goes on the first one that is emulated, that every call passes once,
 * and where the arguments can still be read; on one that writes to the stack only if no
 * other follows.  It never goes on a nop of five bytes
 * where that would kill the process's children (insn_x86.c).
 */
#ifndef BRKSCOPE_PLACEMENT_H
#define BRKSCOPE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "brkscope/event.h"

struct elf_file;
struct elf_function;

struct placement {
	__u64 off;     /* in the file, of the instruction */
	__u32 frame;   /* bytes from the stack pointer to the return address (arm64: unused) */
	bool emulated; /* false: single-stepped */
	bool none;     /* there is no place where a probe does no harm: off is the entry */
	__u8 reg[PROBE_ARGS]; /* enum probe_reg: of argument 1 first; of those wanted */
	char insn[48];	      /* "push %rbp", for people; "": not decoded */
};

struct placement_request {
	const struct elf_function *fn;
	unsigned int args;    /* how many of the first arguments are wanted, at most PROBE_ARGS */
	bool return_in_place; /* for a return probe: frame has to be 0 */
	struct placement *out;
};

/*
 * All of one object at a time: its code is looked through once for branches into
 * them.  Where nothing qualifies it is the entry, not emulated, with the arguments
 * where a call leaves them; or, where a probe there would do harm, the first that follows.
 */
void placement__find(const struct elf_file *f, const struct placement_request *requests, size_t n);

/* The instruction at addr, into out->insn. */
void placement__print(const struct elf_file *f, __u64 addr, struct placement *out);

#endif

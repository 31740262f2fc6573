/*
 * insn.h - what an instruction at a function's beginning does, and what a uprobe on it costs.
 *
 * insn_x86.c, insn_arm64.c: for the machine that this runs on.
 */
#ifndef BRKSCOPE_INSN_H
#define BRKSCOPE_INSN_H

#include <stdbool.h>

#include <capstone/capstone.h>

#include "brkscope/event.h"

enum insn_cost {
	INSN_STEPPED,	/* the kernel lets the program execute a copy, and traps behind it */
	INSN_EMULATED,	/* the kernel does what it does */
	INSN_OPTIMISED, /* its bytes are replaced by a call into the kernel: there is no trap */
};

/* What is known of a call, from its function's entry on. */
struct call_state {
	__u32 holds[PROBE_ARGS]; /* argument 1 first: in these registers, bits by enum probe_reg */
	__s64 frame;		 /* bytes that have been put on the stack */
};

#define INSN_LONGEST 15 /* bytes; arm64: 4 */

bool insn__open(csh *handle);
/* As it is written in the machine's usual assembler; or "". */
void insn__print(csh handle, const cs_insn *insn, char *text, size_t size);
void insn__enter(struct call_state *s);
/* What this kernel makes of it, by its own list. */
enum insn_cost insn__cost(const cs_insn *insn);
/* False: it may go on somewhere else, or it is not known what it does. */
bool insn__execute(csh handle, const cs_insn *insn, struct call_state *s);

#endif

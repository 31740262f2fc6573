/*
 * insn.h - what an instruction at a function's beginning does, and what a uprobe on it costs.
 *
 * insn_x86.c, insn_arm64.c: for the machine that this runs on.
 */
#ifndef BRKSCOPE_INSN_H
#define BRKSCOPE_INSN_H

#include <stdbool.h>
#include <stddef.h>

#include <capstone/capstone.h>

#include "brkscope/event.h"

/* In the order of preference. */
enum insn_cost {
	INSN_HARMFUL,  /* a probe on it may end the process: insn__is_harmful */
	INSN_STEPPED,  /* the kernel lets the program execute a copy, and traps behind it */
	INSN_PUSHES,   /* the kernel does what it does, which is to write to the stack */
	INSN_EMULATED, /* to write nothing: a tenth less */
};

/* What is known of a call, from its function's entry on. */
struct call_state {
	__u32 holds[PROBE_ARGS]; /* argument 1 first: in these registers, bits by enum probe_reg */
	__s64 frame;		 /* bytes that have been put on the stack */
};

#define INSN_LONGEST 15 /* bytes; arm64: 4 */

bool insn__open(csh *handle);
/*
 * Would this kernel make a call of it, once probed, that the process's children cannot
 * execute?  Of these bytes the instruction is the first; n of them are known.
 */
bool insn__is_harmful(const unsigned char *code, size_t n, __u64 addr);
/* As it is written in the machine's usual assembler; or "". */
void insn__print(csh handle, const cs_insn *insn, char *text, size_t size);
void insn__enter(struct call_state *s);
/* What this kernel makes of it, by its own list. */
enum insn_cost insn__cost(const cs_insn *insn);
/* False: it may go on somewhere else, or it is not known what it does. */
bool insn__execute(csh handle, const cs_insn *insn, struct call_state *s);

#endif

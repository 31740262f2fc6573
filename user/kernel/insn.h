/*
 * insn.h - what an instruction does, and what a uprobe on it costs.
 *
 * insn_x86.c, insn_effect_x86.c, insn_arm64.c: for the machine that this runs on.
 */
#ifndef BRKSCOPE_INSN_H
#define BRKSCOPE_INSN_H

#include <stdbool.h>
#include <stddef.h>

#include <capstone/capstone.h>

#include "brkscope/event.h"

/* In the order of preference. */
enum insn_cost {
	INSN_HARMFUL, /* a probe on it may end the process: insn__is_harmful; or the kernel has none
		       */
	INSN_STEPPED, /* the kernel lets the program execute a copy, and traps behind it */
	INSN_PUSHES,  /* the kernel does what it does, which is to write to the stack */
	INSN_EMULATED, /* to write nothing: a tenth less */
};

/* What is known of a call, from its function's entry on. */
struct call_state {
	__u32 holds[PROBE_ARGS]; /* argument 1 first: in these registers, bits by enum probe_reg */
	__s64 frame;		 /* bytes that have been put on the stack */
};

/* To the general registers, bits and numbers by enum probe_reg, and to the stack. */
struct insn_effect {
	__u32 written; /* these are no longer what they were */
	__u32 zeroed;  /* of those: they are 0 */
	__u8 to, from; /* this one becomes what that one was; PROBE_REGS: none does */
	__s64 taken;   /* bytes of the stack; negative: given back */
};

/* What follows an instruction. */
enum insn_goes {
	INSN_GOES_ON,	    /* the next one */
	INSN_GOES_TO,	    /* its target */
	INSN_GOES_EITHER,   /* one of the two */
	INSN_CALLS,	    /* the next one, if what is called returns */
	INSN_RETURNS,	    /* none of the function's */
	INSN_ENDS,	    /* none */
	INSN_GOES_ANYWHERE, /* it cannot be told */
};

#define INSN_LONGEST 15 /* bytes; arm64: 4 */
#if defined(__x86_64__)
#define INSN_RESULT PROBE_REG_AX /* where a function leaves its result */
#else
#define INSN_RESULT PROBE_REG_X0
#endif

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
/* The same, of any instruction that goes on.  False: it is not known what it does. */
bool insn__effect(csh handle, const cs_insn *insn, struct insn_effect *e);
/* Of a call, as the ABI has it. */
void insn__call_effect(struct insn_effect *e);
/* False: more has been taken from the stack than a function takes, or given back than was taken. */
bool insn__apply(const struct insn_effect *e, struct call_state *s);
enum insn_goes insn__goes(const cs_insn *insn, __u64 *target);
/* Is it one that compilers put where nothing is to be executed? */
bool insn__is_padding(const cs_insn *insn);

#endif

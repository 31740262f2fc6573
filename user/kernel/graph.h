/*
 * graph.h - a function's instructions, what follows each, and what is known there of a call.
 */
#ifndef BRKSCOPE_GRAPH_H
#define BRKSCOPE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/insn.h"

struct elf_file;

/* Where the function's result is, all the ways from here on. */
enum result_in {
	/* below: enum probe_reg, in that register */
	RESULT_NULL = PROBE_REGS, /* nowhere yet: it will be 0 */
	RESULT_LATER, /* nowhere yet, or in one place on one way, in another on another */
	RESULT_NEVER, /* no way leads to a return */
};

struct node {
	__u64 addr;
	__u64 target; /* of a jump or a call; 0: by a pointer */
	enum insn_goes goes;
	enum insn_cost cost;
	struct insn_effect effect;
	__u8 size;	 /* bytes */
	int next, other; /* nodes: what follows; -1: nothing, or it is a call that never returns */
	/* Before it is executed: */
	struct call_state state;
	__u8 result; /* enum probe_reg, or enum result_in */
	bool reached;
};

struct graph {
	struct node *node; /* 0 is the entry */
	size_t n;
};

/*
 * Of the function whose entry is at addr, with all that it jumps to.  False, and nothing is to be
 * freed: it could not be followed, or it is too long.
 */
bool graph__open(struct graph *g, const struct elf_file *f, __u64 addr);
void graph__close(struct graph *g);

#endif

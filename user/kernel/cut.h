/*
 * cut.h - the cheapest instructions of which every way through a function passes one.
 */
#ifndef BRKSCOPE_CUT_H
#define BRKSCOPE_CUT_H

#include "kernel/graph.h"

struct cut {
	const struct graph *g;
	const unsigned int *cost; /* of each node; 0: it may not be one of them */
	const bool *end;	  /* a way ends behind such a node */
	const bool *end_before;	  /* or before such a one; NULL: none does */
	const bool *wall;	  /* behind such a one there is no way; NULL: there is none */
	bool once;		  /* no way may pass two of them, or one twice */
};

/* From the entry to any end; in[]: which nodes.  False: there are none such, or no memory. */
bool cut__find(const struct cut *c, bool *in);

#endif

/*
 * calls.h - calls of the malloc family, their returns, and frees: counted, and the blocks kept.
 */
#ifndef BRKSCOPE_MODEL_CALLS_H
#define BRKSCOPE_MODEL_CALLS_H

#include "model/state.h"

/* MALLOC, of p: as many as it stands for.  0 or -ENOMEM: counted nowhere. */
int calls__count(struct model *m, struct process *p, const struct event *e);
/* CALL, BLOCK, RETURN or FREE, of p.  The same. */
int calls__event(struct model *m, struct process *p, const struct event_call *e, struct note *note);

#endif

/*
 * brief.h - the form that a call of malloc's family has in the ring where nobody asks for its time.
 *
 * What a program writes another CPU reads: the fewer cache lines, the cheaper for both.  Their
 * sizes tell these from the records that begin with a struct event, which are longer.  What does
 * not fit is written as such.
 */
#ifndef BRKSCOPE_BRIEF_H
#define BRKSCOPE_BRIEF_H

#include "brkscope/event.h"

/* A struct event, EVENT_MALLOC. */
struct brief_event {
	__u8 type, op, flags, object;
	__u32 size;
	__u32 tgid, tid;
};

/*
 * A struct event_call.  A CALL has no addr, a RETURN and a FREE have no size, and a BLOCK has no
 * call.
 */
struct brief_call {
	__u8 type, op, flags, object;
	__u32 call; /* BLOCK: its size */
	__u32 tgid, tid;
	__u64 value; /* CALL: its size; or addr */
};

_Static_assert(sizeof(struct brief_call) < sizeof(struct event), "the size tells");

#endif

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

/*
 * A struct event, EVENT_MALLOC.  Not its thread: it is in the lines of a trace alone, and they have
 * times.
 */
#define BRIEF_SIZE_BITS	  27
#define BRIEF_TGID_BITS	  22 /* include/linux/threads.h: PID_MAX_LIMIT */
#define BRIEF_OP_BITS	  4
#define BRIEF_FLAGS_BITS  2
#define BRIEF_FLAGS_SHIFT 4 /* EVENT_F_TOLD, EVENT_F_ARENA */
#define BRIEF_OBJECT_BITS 8
struct brief_event {
	__u64 size : BRIEF_SIZE_BITS;
	__u64 tgid : BRIEF_TGID_BITS;
	__u64 op : BRIEF_OP_BITS;
	__u64 flags : BRIEF_FLAGS_BITS;
	__u64 object : BRIEF_OBJECT_BITS;
	__u64 repeated : 1; /* bpf/again.bpf.h: its hit is in no other count */
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

static inline int brief_event__is_repeated(const void *record, __u64 bytes)
{
	return bytes == sizeof(struct brief_event) &&
	       ((const struct brief_event *)record)->repeated;
}

/* Is what it leaves out 0? */
static inline int brief_event__holds(__u64 size, __u32 tgid, __u32 flags, __u32 object)
{
	__u32 more_flags = flags & ~(((1u << BRIEF_FLAGS_BITS) - 1) << BRIEF_FLAGS_SHIFT);

	return !(size >> BRIEF_SIZE_BITS | tgid >> BRIEF_TGID_BITS | more_flags |
		 object >> BRIEF_OBJECT_BITS);
}

static inline struct brief_event brief_event__of(__u64 size, __u32 tgid, __u8 op, __u32 flags,
						 __u32 object)
{
	return (struct brief_event){.size = size,
				    .tgid = tgid,
				    .op = op,
				    .flags = flags >> BRIEF_FLAGS_SHIFT,
				    .object = object};
}

_Static_assert(sizeof(struct brief_event) == 8, "as short as a record can be");
_Static_assert(FN_COUNT <= 1 << BRIEF_OP_BITS, "every function");
_Static_assert((EVENT_F_TOLD | EVENT_F_ARENA) == 3 << BRIEF_FLAGS_SHIFT, "these flags");
_Static_assert(sizeof(struct brief_event) < sizeof(struct brief_call) &&
		       sizeof(struct brief_call) < sizeof(struct event),
	       "the size tells");

#endif

/*
 * burst.bpf.h - is malloc to be seen at this moment?  With a budget it is in bursts.
 *
 * By the clock and not by what is attached: a burst begins and ends to the nanosecond, however
 * late the agent is.  Without a budget the verifier removes all of it.
 */
#ifndef BURST_BPF_H
#define BURST_BPF_H

#include "maps.bpf.h"

/*
 * The end first, whose writer writes the beginning first (probes__set_burst): of another burst
 * than the beginning it is the end of the one before, which is over.  The beginning's address
 * depends on the end, by nothing: processors that read out of order keep that order (arm64;
 * Documentation/memory-barriers.txt, address dependencies).
 */
static __always_inline bool in_burst(__u32 slot, __u64 ts)
{
	__u64 to = bursts[slot][BURST_TO], none = to;

	asm volatile("%0 &= 0" : "+r"(none));
	return ts >= bursts[slot][BURST_FROM + none] && ts < to;
}

/* The slots of the bursts, as bits, that a moment is in. */
static __always_inline __u32 bursts_at(__u64 ts)
{
	if (!config.bursts)
		return 0;
	return in_burst(0, ts) | in_burst(1, ts) << 1;
}

/*
 * When a call happens; 0 where nobody asks: the clock costs as much as the rest of what a
 * program does for a call.
 */
static __always_inline __u64 call_time(void)
{
	return config.bursts || config.times ? bpf_ktime_get_boot_ns() : 0;
}

/* Nothing that happened between the two went unseen: what a thread did last is its last call. */
static __always_inline bool seen_since(__u64 then, __u64 now)
{
	if (!config.bursts)
		return true;
	return (in_burst(0, then) && in_burst(0, now)) || (in_burst(1, then) && in_burst(1, now));
}

/* In the flags of a malloc's cell: what it counts as depends on it. */
static __always_inline __u32 burst_flags(__u64 ts)
{
	return bursts_at(ts) << EVENT_BURST_SHIFT;
}

#endif

/*
 * bursts.h - when calls of malloc were seen, and what each of them counts as.
 *
 * Told in the order in which they begin; of them at most two are at a time.  Those of long ago
 * are forgotten, but for how much time they were.
 */
#ifndef BRKSCOPE_MODEL_BURSTS_H
#define BRKSCOPE_MODEL_BURSTS_H

#include <linux/types.h>

#define BURSTS_KEPT 64 /* a power of two */

/* All zero: there are none, everything is seen. */
struct bursts {
	__u32 n;     /* so far: number i has bit i % 2 */
	__u64 since; /* when the first of all began */
	struct {
		__u64 from, to;
		__u64 before; /* how much of the time until then was in a burst */
		__u32 times;
	} at[BURSTS_KEPT];
};

void bursts__add(struct bursts *b, __u64 from, __u64 to, __u32 times);
/* The last one ends then. */
void bursts__end(struct bursts *b, __u64 to);
__u32 bursts__times_in(const struct bursts *b, __u64 ts, __u32 *bits);
/* What a call at that time counts as; which bursts it is in, as bits.  0: in none. */
static inline __u32 bursts__times(const struct bursts *b, __u64 ts, __u32 *bits)
{
	*bits = 0;
	return b->n ? bursts__times_in(b, ts, bits) : 1;
}
/* The same, where nothing but the bits is known: of the last of each. */
__u32 bursts__times_of(const struct bursts *b, __u32 bits);
/* How much of the time until then was in a burst; about that, if the one then is forgotten. */
__u64 bursts__seen_ns(const struct bursts *b, __u64 ts);

#endif

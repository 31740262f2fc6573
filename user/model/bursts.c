/*
 * bursts.c - when calls of malloc were seen, and what each of them counts as.
 */
#include "model/bursts.h"

static __u64 least(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

void bursts__add(struct bursts *b, __u64 from, __u64 to, __u32 times)
{
	typeof(b->at[0]) *at = &b->at[b->n & (BURSTS_KEPT - 1)];
	const typeof(*at) *last = &b->at[(b->n - 1) & (BURSTS_KEPT - 1)];

	if (!b->n)
		b->since = from;
	/* Who ends later begins later: of an older one nothing is left by then. */
	at->before = b->n ? last->before + least(from, last->to) - last->from : 0;
	at->from = from;
	at->to = to;
	at->times = times;
	b->n++;
}

void bursts__end(struct bursts *b, __u64 to)
{
	if (b->n)
		b->at[(b->n - 1) & (BURSTS_KEPT - 1)].to = to;
}

static __u32 kept(const struct bursts *b)
{
	return b->n < BURSTS_KEPT ? b->n : BURSTS_KEPT;
}

__u32 bursts__times_in(const struct bursts *b, __u64 ts, __u32 *bits)
{
	__u32 times = 0;

	for (__u32 i = b->n; b->n - i < kept(b); i--) {
		const typeof(b->at[0]) *at = &b->at[(i - 1) & (BURSTS_KEPT - 1)];

		if (ts >= at->from && ts < at->to) {
			times += at->times;
			*bits |= 1u << ((i - 1) & 1);
		} else if (ts >= at->to) {
			break;
		}
	}
	return times;
}

__u32 bursts__times_of(const struct bursts *b, __u32 bits)
{
	__u32 times = 0;

	if (!b->n)
		return 1;
	for (__u32 i = b->n; b->n - i < 2 && i; i--)
		if (bits & 1u << ((i - 1) & 1))
			times += b->at[(i - 1) & (BURSTS_KEPT - 1)].times;
	return times;
}

/*
 * Of a time that is forgotten: as if those until then had been even.  So where one of them has
 * left a gap, what was seen since is less than all.
 */
static __u64 about_seen(const struct bursts *b, __u64 ts)
{
	const typeof(b->at[0]) *oldest = &b->at[(b->n - kept(b)) & (BURSTS_KEPT - 1)];

	if (ts <= b->since || oldest->from <= b->since)
		return 0;
	return (unsigned __int128)oldest->before * (ts - b->since) / (oldest->from - b->since);
}

__u64 bursts__seen_ns(const struct bursts *b, __u64 ts)
{
	for (__u32 i = b->n; b->n - i < kept(b); i--) {
		const typeof(b->at[0]) *at = &b->at[(i - 1) & (BURSTS_KEPT - 1)];

		if (ts >= at->from)
			return at->before + least(ts, at->to) - at->from;
	}
	return about_seen(b, ts);
}

/*
 * ledger.h - a process's address space as a set of regions, each with its cause.
 *
 * Events go in, totals come out.  No libbpf, no clock, no output: a test drives
 * it with an array of calls.  Not locked: one thread owns a ledger and all that
 * share with it.
 *
 * Applying an event a second time changes nothing, whatever came between, as
 * long as all that came after it is applied again too: so a list of mappings
 * read while events arrive, and the events on top of it, end in the truth.
 * For what an mremap moved or grew, that takes the event that mapped it as well:
 * from a later one on, it ends where it is, but its cause may be lost, or be that
 * of what has come to its old address since; and what it grew by in place is as
 * usable as what is before it by now, which an mprotect may have changed since.
 *
 * Addresses and lengths are bytes; the caller rounds lengths to whole pages.
 * The heap (brk) is not in here.
 */
#ifndef BRKSCOPE_LEDGER_H
#define BRKSCOPE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "model/cause.h"

/*
 * Neighbours are never merged, for two blocks of malloc side by side are two.
 * But one that is usable in parts only is told in pieces, the second and later
 * of them `continued`.  A piece whose left neighbour goes is a region of its
 * own from then on; so is what remains behind a hole.
 */
struct region {
	__u64 start, end;
	__u64 born_ns; /* 0: was there before */
	/*
	 * When the call returned that put it where it is, or made it longer; as
	 * born_ns if it never moved.  ledger__map takes that for 0.
	 */
	__u64 placed_ns;
	bool listed; /* no event told: it was seen there then, in the kernel's list */
	/* CAUSE_MALLOC: bytes that the malloc call asked for; of a shared segment: its size; 0: not
	 * known */
	__u64 request;
	__u32 caller;	/* whoever keeps a table of callers: its index there; 0: none */
	__u8 cause;	/* enum cause */
	bool usable;	/* not PROT_NONE */
	bool grows;	/* MAP_GROWSDOWN: faults below it add to it, and no event tells */
	bool continued; /* the rest of the region that ends where it starts, split by mprotect:
			 * not a region of its own in live_regions */
};

struct ledger_total {
	__u64 bytes, usable_bytes;
	__u64 regions;	   /* pieces of one are one */
	__u64 grows_bytes; /* of bytes, those of regions that faults make larger */
};

struct ledger;

struct ledger *ledger__new(void);    /* NULL with errno set */
void ledger__free(struct ledger *l); /* NULL is allowed */
/*
 * A copy, for fork: copies nothing before one of the two changes.  Never fails.
 * What changes a ledger may replace *l, so each handle is kept in one place.
 */
struct ledger *ledger__share(struct ledger *l);

/*
 * What changes a ledger returns 0, or, with the ledger unchanged, -ENOMEM or
 * -EINVAL: nothing in the range, it wraps, or no such cause.  Where the ledger
 * knows nothing, unmap and protect change nothing.
 */

/*
 * Replaces whatever [start, end) held.  continued is believed if the region
 * that ends at start has the same origin: all but its ends, usable and placed_ns.
 */
int ledger__map(struct ledger **l, const struct region *r);
int ledger__unmap(struct ledger **l, __u64 start, __u64 end);
/*
 * mremap: [old, old + old_len) is now [new_start, new_start + new_len), with all
 * that is known of it.  What it grew by belongs to its last region.  new_start
 * may be old: resized in place.  keep: the old range stays mapped (old_len 0 of
 * a shared mapping, MREMAP_DONTUNMAP); only with it may old_len be 0.
 * What the ledger does not know at old stays what it is at new_start, or
 * else is mapped there with fallback and usable, and nothing else known.
 */
int ledger__remap(struct ledger **l, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len,
		  bool keep, enum cause fallback);
/* What is in [start, end) was put there then. */
int ledger__place(struct ledger **l, __u64 start, __u64 end, __u64 placed_ns);
int ledger__protect(struct ledger **l, __u64 start, __u64 end, bool usable);

/* Kept up to date with every change: O(1).  Valid until the next one. */
const struct ledger_total *ledger__total(const struct ledger *l, enum cause cause);
size_t ledger__count(const struct ledger *l); /* with pieces: as many as ledger__each visits */
/* The region, or piece, that holds addr, into *out. */
bool ledger__find(const struct ledger *l, __u64 addr, struct region *out);
/* The first address in [start, end) that no region holds; end: none. */
__u64 ledger__hole(const struct ledger *l, __u64 start, __u64 end);
/* Those that have a part in [start, end), in address order, until visit returns false. */
void ledger__within(const struct ledger *l, __u64 start, __u64 end,
		    bool (*visit)(const struct region *r, void *arg), void *arg);
/* All in address order, until visit returns false.  visit must not change the ledger. */
void ledger__each(const struct ledger *l, bool (*visit)(const struct region *r, void *arg),
		  void *arg);

#endif

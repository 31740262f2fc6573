/*
 * callers.h - who called mmap: the places in code, numbered, and what each of them got.
 *
 * A place is a struct site (brkscope/event.h).  The model keeps one numbering
 * for all processes, so that a region, a counter and a name agree; each process
 * has a small table of counters by place and cause.  Both are bounded: what
 * finds them full is counted under CALLER_OTHERS, so that the sums stay exact.
 */
#ifndef BRKSCOPE_CALLERS_H
#define BRKSCOPE_CALLERS_H

#include "model/ledger.h"
#include "model/snapshot.h"

/* Programs have some dozens; what generates code without end may have any number. */
#define CALLERS_MOST	  65536
#define CALLERS_MOST_EACH 512 /* of one process, with causes */

struct call_sites;

struct call_sites *call_sites__new(void);    /* NULL with errno set */
void call_sites__free(struct call_sites *c); /* NULL is allowed */
/* CALLER_UNKNOWN: the site is not known so far. */
__u32 call_sites__find(const struct call_sites *c, const struct site *site);
/* The same, added if need be; CALLER_OTHERS: there is no more room. */
__u32 call_sites__add(struct call_sites *c, const struct site *site);
/* NULL: no place in code (CALLER_UNKNOWN, CALLER_OTHERS), or no such number. */
const struct site *call_sites__at(const struct call_sites *c, __u32 caller);
__u32 call_sites__count(const struct call_sites *c); /* every number is below it */

/* All zero is an empty one. */
struct caller_table {
	struct caller_stats *entries; /* in no order */
	__u32 n, most;
};

void caller_table__clear(struct caller_table *t);
/* Would one more place find room? */
bool caller_table__full(const struct caller_table *t);
/* Room for so many more entries.  0, or -ENOMEM with the table as it was. */
int caller_table__reserve(struct caller_table *t, __u32 more);
/* The entry, made if need be: takes from what was reserved.  Never NULL. */
struct caller_stats *caller_table__entry(struct caller_table *t, __u32 caller, enum cause cause);
/* What is live, and by whom, from the ledger; 0, or -ENOMEM with live numbers that are wrong. */
int caller_table__set_live(struct caller_table *t, const struct ledger *ledger);

#endif

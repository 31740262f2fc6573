/*
 * holes.h - what of a heap is not mapped any more: its program has unmapped it, or moved it away.
 *
 * The heap is all between its start and the break, and no region says that it is
 * there; so what is not is kept, as a ledger of its own.  NULL: nothing, as in
 * nearly every process.  What has come to stand in a hole is in the process's
 * ledger, and may be in this one as well: the ledger is what counts.
 */
#ifndef BRKSCOPE_HOLES_H
#define BRKSCOPE_HOLES_H

#include "model/ledger.h"

/* What changes it returns 0 or -ENOMEM, with nothing changed. */
int holes__cut(struct ledger **holes, __u64 start, __u64 end);
int holes__fill(struct ledger **holes, __u64 start, __u64 end);
bool holes__has(const struct ledger *holes, __u64 addr);
/* For a fork. */
struct ledger *holes__share(struct ledger *holes);
/* What of [start, end) is a hole and nothing else. */
__u64 holes__bytes(const struct ledger *holes, const struct ledger *mapped, __u64 start, __u64 end);

#endif

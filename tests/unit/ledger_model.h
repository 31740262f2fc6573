/*
 * ledger_model.h - the ledger again, in the slowest and plainest way: a record for each page.
 *
 * Says what a ledger must hold, for tests that do anything at random.  A page
 * has the number of its region; pages side by side with one number are one
 * region.  It shares no idea with the ledger: no ranges, no tree, no pieces.
 */
#ifndef BRKSCOPE_LEDGER_MODEL_H
#define BRKSCOPE_LEDGER_MODEL_H

#include "model/ledger.h"

#define MODEL_PAGES 4096
#define MODEL_PAGE  4096

struct model_page {
	__u64 born_ns, request;
	__u32 id; /* 0: not mapped */
	__u32 caller;
	__u8 cause;
	bool usable, grows;
};

struct model {
	__u64 base;  /* address of page 0 */
	__u32 pages; /* of the array, those that may be used */
	__u32 last_id;
	struct model_page page[MODEL_PAGES];
};

void model__init(struct model *m, __u64 base, __u32 pages);

/* As the ledger's own, within the model's pages. */
void model__map(struct model *m, const struct region *r);
void model__unmap(struct model *m, __u64 start, __u64 end);
void model__remap(struct model *m, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len,
		  bool keep, enum cause fallback);
void model__protect(struct model *m, __u64 start, __u64 end, bool usable);

/* NULL, or what of the ledger is wrong: every region, total and count, and every page found. */
const char *model__differs(const struct model *m, const struct ledger *l);

#endif

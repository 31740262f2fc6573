/*
 * ledger_op.h - one change of a ledger as data, done to the ledger and to the model alike.
 */
#ifndef BRKSCOPE_LEDGER_OP_H
#define BRKSCOPE_LEDGER_OP_H

#include "ledger_model.h"

enum op_kind { OP_MAP, OP_UNMAP, OP_REMAP, OP_PROTECT, OP_KINDS };

struct op {
	enum op_kind kind;
	struct region
		r; /* its range is that of every kind of operation; of OP_REMAP, the old one */
	__u64 new_start, new_len; /* OP_REMAP */
	bool keep;		  /* OP_REMAP */
};

/* What the ledger's own function returns. */
int op__apply(struct ledger **l, const struct op *op);
/* Only what is valid, and within the model's pages. */
void op__apply_model(struct model *m, const struct op *op);

#endif

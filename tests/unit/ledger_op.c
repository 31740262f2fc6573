/*
 * ledger_op.c - which function an operation is, of the ledger and of the model.
 */
#include "ledger_op.h"

int op__apply(struct ledger **l, const struct op *op)
{
	const struct region *r = &op->r;

	switch (op->kind) {
	case OP_MAP:
		return ledger__map(l, r);
	case OP_UNMAP:
		return ledger__unmap(l, r->start, r->end);
	case OP_REMAP:
		return ledger__remap(l, r->start, r->end - r->start, op->new_start, op->new_len,
				     op->keep, r->cause);
	default:
		return ledger__protect(l, r->start, r->end, r->usable);
	}
}

void op__apply_model(struct model *m, const struct op *op)
{
	const struct region *r = &op->r;

	switch (op->kind) {
	case OP_MAP:
		model__map(m, r);
		break;
	case OP_UNMAP:
		model__unmap(m, r->start, r->end);
		break;
	case OP_REMAP:
		model__remap(m, r->start, r->end - r->start, op->new_start, op->new_len, op->keep,
			     r->cause);
		break;
	default:
		model__protect(m, r->start, r->end, r->usable);
	}
}

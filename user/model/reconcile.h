/*
 * reconcile.h - the ledger against the kernel's list of mappings, address by address.
 *
 * Compared is what is mapped, and what of it may be used (is not PROT_NONE): the
 * rest of a mapping's access is not in the ledger.  Pure: whoever reads the list
 * sees to it that both are of one instant.
 */
#ifndef BRKSCOPE_RECONCILE_H
#define BRKSCOPE_RECONCILE_H

#include "model/vma.h"

/* vmas in address order, as the kernel lists them. */
void reconcile(struct reconciliation *r, const struct holdings *c, const struct vma *vmas,
	       size_t n);

#endif

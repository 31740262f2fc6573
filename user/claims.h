/*
 * claims.h - what the self-test's workloads say is to be expected of them.
 *
 * The text is brkscope/selftest.h's.  It comes from other processes: it is
 * bounded, and a line that is not understood is refused.
 */
#ifndef BRKSCOPE_CLAIMS_H
#define BRKSCOPE_CLAIMS_H

#include <stddef.h>

#include <linux/types.h>

#include "brkscope/selftest.h"
#include "quantity.h"

struct claim {
	char quantity[QUANTITY_NAME_MAX];
	__u64 value;
	bool optional; /* want: where its allocator is probed */
};

struct claimant {
	char label[SELFTEST_LABEL_MAX];
	__u32 pid;
	__u32 parent; /* 0: it had its mappings of nobody */
	bool skipped, failed;
	char reason[SELFTEST_REASON_MAX]; /* of either */
	size_t first, count;		  /* its claims */
};

struct claims {
	struct claimant *claimants;
	struct claim *all;
	size_t n_claimants, n_claims;
};

/*
 * 0; -ENOMEM; -EINVAL: *line, from 1, is not as it should be, and what is before
 * it is kept.  claims__clear in every case.
 */
int claims__parse(struct claims *c, const char *text, size_t size, size_t *line);
void claims__clear(struct claims *c);

/* The first of this label; NULL. */
const struct claimant *claims__find(const struct claims *c, const char *label);

#endif

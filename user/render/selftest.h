/*
 * selftest.h - the self-test's result: a row for each quantity, expected beside measured.
 */
#ifndef BRKSCOPE_RENDER_SELFTEST_H
#define BRKSCOPE_RENDER_SELFTEST_H

#include <stdio.h>

#include "render/style.h"
#include "verdict.h"

/* Both: 0; -ENOMEM, and nothing is written; -EIO: out has an error. */

/* pids: a column of them. */
int render__selftest(FILE *out, const struct selftest *t, const struct style *style, bool pids);

/*
 * Schema brkscope.selftest/1.  "error" is measured less expected; "expected" and
 * "measured" are null where there is none, and "outcome" then says which it is:
 * right, wrong, unknown (an error) or not measured.  "quantity" is null for a
 * workload as a whole.  Of what only has to be more than 0, expected is ">0".
 */
int render__selftest_json(FILE *out, const struct selftest *t);

#endif

/*
 * report.h - the statistics as text.
 */
#ifndef REFMALLOC_REPORT_H
#define REFMALLOC_REPORT_H

#include "text.h"

/* For people. */
void report__table(struct text *t);
/* One line of JSON, with the names of struct refmalloc_stats. */
void report__json(struct text *t);

#endif

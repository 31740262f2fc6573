/*
 * json_callers.h - who called mmap in a process, in schema brkscope.report/1.
 */
#ifndef BRKSCOPE_RENDER_JSON_CALLERS_H
#define BRKSCOPE_RENDER_JSON_CALLERS_H

#include <jansson.h>

#include "model/snapshot.h"

/* A new reference; NULL: no memory. */
json_t *json_callers(const struct snapshot *s, const struct process_stats *p);

#endif

/*
 * json_process.h - one process of schema brkscope.report/1.
 */
#ifndef BRKSCOPE_RENDER_JSON_PROCESS_H
#define BRKSCOPE_RENDER_JSON_PROCESS_H

#include <jansson.h>

#include "model/snapshot.h"

/* A new reference; NULL: no memory. */
json_t *json_process(const struct snapshot *s, const struct process_stats *p);

#endif

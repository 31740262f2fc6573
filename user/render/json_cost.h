/*
 * json_cost.h - what brkscope itself costs, in schema brkscope.report/1.
 */
#ifndef BRKSCOPE_RENDER_JSON_COST_H
#define BRKSCOPE_RENDER_JSON_COST_H

#include <jansson.h>

#include "model/snapshot.h"

/* A new reference; NULL: no memory. */
json_t *json_cost(const struct snapshot *s);

#endif

/*
 * json_cost.h - what brkscope itself costs, in schema brkscope.report/1.
 */
#ifndef BRKSCOPE_RENDER_JSON_COST_H
#define BRKSCOPE_RENDER_JSON_COST_H

#include <jansson.h>

#include "model/snapshot.h"

/* A new reference; NULL: no memory. */
json_t *json_cost(const struct snapshot *s);

/* And how it was kept low; null: it was not to be. */
json_t *json_budget(const struct snapshot *s);

#endif

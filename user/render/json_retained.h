/*
 * json_retained.h - what is freed and not given back, in schema brkscope.report/1.
 */
#ifndef BRKSCOPE_RENDER_JSON_RETAINED_H
#define BRKSCOPE_RENDER_JSON_RETAINED_H

#include <jansson.h>

#include "model/retained.h"

/* An object, or NULL where there is no memory. */
json_t *json_retained(const struct retained *r);

#endif

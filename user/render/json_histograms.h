/*
 * json_histograms.h - a process's histograms in schema brkscope.report/1.
 */
#ifndef BRKSCOPE_RENDER_JSON_HISTOGRAMS_H
#define BRKSCOPE_RENDER_JSON_HISTOGRAMS_H

#include <jansson.h>

#include "model/snapshot.h"

/* A new reference; NULL: no memory. */
json_t *json_histograms(const struct process_stats *p);

#endif

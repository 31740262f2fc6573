/*
 * cost.h - what brkscope itself costs, as a line of a report's head.
 */
#ifndef BRKSCOPE_RENDER_COST_H
#define BRKSCOPE_RENDER_COST_H

#include <stdio.h>

#include "model/snapshot.h"
#include "render/style.h"
#include "render/units.h"

/* "0.4%", "<0.1%" */
char *cost__percent(char out[UNIT_SIZE], double part);
/* As percent for JSON: to a 1024th, which has few digits. */
double cost__rounded_percent(double part);
/* "0.4% of one CPU", or "at least 0.4% of one CPU" */
#define COST_SIZE 64
char *cost__text(char out[COST_SIZE], const struct cost *cost);
void cost__print(FILE *out, const struct snapshot *s, const struct style *style);

extern const char *const hit_names[HIT_KINDS];

#endif

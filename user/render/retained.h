/*
 * retained.h - what is freed and not given back, what keeps it and what helps, as text.
 */
#ifndef BRKSCOPE_RENDER_RETAINED_H
#define BRKSCOPE_RENDER_RETAINED_H

#include <stdio.h>

#include "model/retained.h"
#include "render/style.h"

/* A part of a process's section. */
void retained__print(FILE *out, const struct style *style, const struct retained *r);

/* For text and JSON alike; a number outside its enum has the name "unknown". */
const char *retained_pattern__name(enum retained_pattern pattern);
const char *retained_advice__name(enum retained_advice advice);

#endif

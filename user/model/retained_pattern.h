/*
 * retained_pattern.h - which of the known causes keeps what is free, and what would help.
 *
 * `all` is what may be free, `known` that part of it which is free for certain; where no block is
 * unseen they say the same.
 */
#ifndef BRKSCOPE_RETAINED_PATTERN_H
#define BRKSCOPE_RETAINED_PATTERN_H

#include "model/retained.h"

enum retained_pattern retained__pattern(const struct retained *all, const struct retained *known);
/* Into r->advice, by its pattern. */
void retained__advise(struct retained *r);

#endif

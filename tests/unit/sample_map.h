/*
 * sample_map.h - one address space with all that a renderer of maps can meet.
 */
#ifndef BRKSCOPE_SAMPLE_MAP_H
#define BRKSCOPE_SAMPLE_MAP_H

#include "model/map_snapshot.h"

/* The tutorial's: nothing followed, and all adds up. */
const struct map_snapshot *sample_map(void);
/* Followed, hostile, of huge numbers, and nothing in it adds up. */
const struct map_snapshot *sample_map__torn(void);
/* Nothing in it. */
const struct map_snapshot *sample_map__empty(void);

#endif

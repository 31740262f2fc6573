/*
 * map_what.h - what a segment is, in words.
 */
#ifndef BRKSCOPE_RENDER_MAP_WHAT_H
#define BRKSCOPE_RENDER_MAP_WHAT_H

#include "model/map_snapshot.h"
#include "render/ink.h"
#include "render/sanitize.h"

#define WHAT_COLUMNS 200 /* at most */
#define WHAT_SIZE    SANITIZED_SIZE(WHAT_COLUMNS)

/* In at most so many columns (WHAT_COLUMNS or less): a path loses its beginning. */
void map__what(char out[WHAT_SIZE], const struct map_snapshot *map, const struct segment *s,
	       int columns, bool utf8);
/* A block of malloc's: "block of 143360 bytes", or "block". */
void map__block(char out[64], __u64 request);

/* The name of its cause in a narrow column, and its colour. */
const char *map__cause(__u8 part);
enum ink map__ink(__u8 part);

#endif

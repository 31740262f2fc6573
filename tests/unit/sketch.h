/*
 * sketch.h - a heap as glibc would lay it out, chunk by chunk from its start on, and what is said
 * of it.
 */
#ifndef BRKSCOPE_TEST_SKETCH_H
#define BRKSCOPE_TEST_SKETCH_H

#include "model/retained.h"

#define HEAP  0x555500000000ULL
#define PAGE  4096ULL
#define KIB   1024ULL
#define MIB   (1024 * KIB)
#define EDGES 8 /* of a chunk's 16 bytes header, those that are the chunk's own */

extern struct sketch {
	struct block blocks[20000];
	struct retained_input in;
	__u64 next; /* where the next chunk begins */
} sketch;

void sketch__begin(void);
/* So many bytes, with all that is around them. */
void sketch__live(__u64 chunk);
void sketch__free(__u64 bytes);
/* And so many are free at the end. */
struct retained sketch__end(__u64 top);

void assert_pattern(const struct retained *r, enum retained_pattern pattern);

#endif

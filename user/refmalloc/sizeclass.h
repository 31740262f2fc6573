/*
 * sizeclass.h - the sizes that small blocks come in, and which of them a request gets.
 *
 * Steps of 16 up to 128 bytes, then 8 steps from one power of two to the next: at most one part
 * in nine is wasted.  Every power of two from 16 on is such a size, so a class
 * lies within one bucket of a histogram of powers of two, and an alignment finds a size that is a
 * multiple of it.
 */
#ifndef REFMALLOC_SIZECLASS_H
#define REFMALLOC_SIZECLASS_H

#include <stddef.h>
#include <stdint.h>

#define GRANULE	   16
#define SMALL_MAX  8192 /* what is larger gets a run of pages for itself */
#define FINE_MAX   128
#define TABLED_MAX 1024 /* of sizes up to this a thread has a table, for its short path */

#define CACHED	     12		/* free blocks of a class at a thread's hand, at the most, */
#define CACHED_BYTES (12 << 10) /* and all of them */

#define EIGHTHS (FINE_MAX / GRANULE)
#define CLASSES (EIGHTHS + 6 * 8)

static inline unsigned int class_of_larger(size_t size)
{
	unsigned int power = 63 - __builtin_clzl(size - 1);

	return EIGHTHS + (power - 7) * 8 + (((size - 1) >> (power - 3)) & 7);
}

static inline unsigned int class_of(size_t size)
{
	return size > FINE_MAX ? class_of_larger(size) : (size - (size != 0)) / GRANULE;
}

static inline uint32_t class_size(unsigned int class)
{
	unsigned int above = class - EIGHTHS;

	if (class < EIGHTHS)
		return (class + 1) * GRANULE;
	return (9 + above % 8) << (4 + above / 8);
}

/*
 * 2^32 / size, rounded up: a division by multiplying.  0 for CLASS_NONE, and what is no class.
 */
#define CLASS_BITS 6
#define CLASS_NONE ((1u << CLASS_BITS) - 1)
extern const uint32_t class_inverse[1u << CLASS_BITS];

/* Where a thread has what serves a size: by granules as far as there is a table, then by class. */
#define SLOTS (TABLED_MAX / GRANULE + 1 + CLASSES - (EIGHTHS + 3 * 8))

static inline unsigned int slot_of_larger(size_t size)
{
	return TABLED_MAX / GRANULE + 1 + class_of_larger(size) - (EIGHTHS + 3 * 8);
}

static inline unsigned int slot_of(size_t size)
{
	return size <= TABLED_MAX ? (size + GRANULE - 1) / GRANULE : slot_of_larger(size);
}

/*
 * The class whose spans serve another as long as that has little use: the next power of two, which
 * is in the same bucket, and a multiple of any alignment of the other's.
 */
static inline unsigned int class_shared(unsigned int class)
{
	return class | (class < 4 ? class >> 1 : class < EIGHTHS ? 3 : 7);
}

/* The smallest class for `size` bytes at a multiple of `alignment` (a power of two, up to a page).
 */
unsigned int class_of_aligned(size_t size, size_t alignment);

/* How many free blocks a thread keeps at hand. */
static inline unsigned int class_room(unsigned int class)
{
	uint32_t fit = CACHED_BYTES / class_size(class);

	return fit < CACHED ? fit : CACHED;
}

/* Pages of the next span of a class, for a thread that has `have` pages of it. */
unsigned int class_pages(unsigned int class, unsigned int have);

#endif

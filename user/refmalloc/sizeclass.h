/*
 * sizeclass.h - the sizes that small blocks come in, and which of them a request gets.
 *
 * Steps of 16 up to 128 bytes, then 8 steps from one power of two to the next.  Above a page the
 * steps are finer, of 128 and then of 512 bytes: a page with a header is what databases and
 * buffers ask for, and there an eighth would be half a page.  Every power of two from 16 on is
 * such a size, so a class lies within one bucket of a histogram of powers of two, and an alignment
 * finds a size that is a multiple of it.
 */
#ifndef REFMALLOC_SIZECLASS_H
#define REFMALLOC_SIZECLASS_H

#include <stddef.h>
#include <stdint.h>

#define GRANULE	   16
#define SMALL_MAX  32768 /* what is larger gets whole pages */
#define FINE_MAX   128
#define EIGHTH_MAX 4096 /* 8 steps a doubling from FINE_MAX up to here */
#define PAGE_MAX   8192 /* steps of 128 up to here, of 512 beyond */
#define TABLED_MAX 1024 /* sizes up to this are looked up, larger ones computed */

#define EIGHTHS (FINE_MAX / GRANULE)
#define PAGED	(EIGHTHS + 5 * 8)
#define BEYOND	(PAGED + (PAGE_MAX - EIGHTH_MAX) / 128)
#define CLASSES (BEYOND + (SMALL_MAX - PAGE_MAX) / 512)

extern const uint8_t class_table[TABLED_MAX / GRANULE + 1];

static inline unsigned int class_of_larger(size_t size)
{
	unsigned int power = 63 - __builtin_clzl(size - 1);

	if (size > PAGE_MAX)
		return BEYOND + (size - PAGE_MAX - 1) / 512;
	if (size > EIGHTH_MAX)
		return PAGED + (size - EIGHTH_MAX - 1) / 128;
	return EIGHTHS + (power - 7) * 8 + (((size - 1) >> (power - 3)) & 7);
}

static inline unsigned int class_of(size_t size)
{
	if (size <= TABLED_MAX)
		return class_table[(size + GRANULE - 1) / GRANULE];
	return class_of_larger(size);
}

static inline uint32_t class_size(unsigned int class)
{
	unsigned int above = class - EIGHTHS;

	if (class < EIGHTHS)
		return (class + 1) * GRANULE;
	if (class >= BEYOND)
		return PAGE_MAX + (class - BEYOND + 1) * 512;
	if (class >= PAGED)
		return EIGHTH_MAX + (class - PAGED + 1) * 128;
	return (9 + above % 8) << (4 + above / 8);
}

/* The smallest class for `size` bytes at a multiple of `alignment` (a power of two, up to a page).
 */
unsigned int class_of_aligned(size_t size, size_t alignment);

/* Pages of the next span of a class, for a thread that has `have` of them. */
unsigned int class_pages(unsigned int class, unsigned int have);

#endif

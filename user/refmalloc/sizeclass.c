/*
 * sizeclass.c - how many pages are cut into blocks at a time, and sizes that can be aligned.
 */
#include "sizeclass.h"

#include "sys.h"

#define LARGEST_SPAN 2 /* pages */

/* class_size() as a constant. */
#define SIZE(class)                                                                                \
	((class) < EIGHTHS ? ((class) + 1) * GRANULE : (9 + (class) % 8) << (3 + (class) / 8))
#define INVERSE(class) (UINT32_MAX / (SIZE(class)) + 1)
#define EIGHT_INVERSES(first)                                                                      \
	INVERSE(first), INVERSE(first + 1), INVERSE(first + 2), INVERSE(first + 3),                \
		INVERSE(first + 4), INVERSE(first + 5), INVERSE(first + 6), INVERSE(first + 7)

const uint32_t class_inverse[1u << CLASS_BITS] = {
	EIGHT_INVERSES(0),  EIGHT_INVERSES(8),	EIGHT_INVERSES(16), EIGHT_INVERSES(24),
	EIGHT_INVERSES(32), EIGHT_INVERSES(40), EIGHT_INVERSES(48),
};
_Static_assert(CLASSES == 56 && CLASSES <= CLASS_NONE, "an inverse for each");

unsigned int class_of_aligned(size_t size, size_t alignment)
{
	unsigned int class = class_of((size + alignment - 1) & ~(alignment - 1));

	while (class_size(class) & (alignment - 1))
		class ++;
	return class;
}

/*
 * The fewest that waste at most an eighth behind the last block; of a class of blocks larger than a
 * page, which are few in a span and rounded up more, a part in 32.
 */
static unsigned int fewest_pages(uint32_t size)
{
	unsigned int pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;

	while (pages * PAGE_SIZE % size > pages * PAGE_SIZE / (size > PAGE_SIZE ? 32 : 8))
		pages++;
	return pages;
}

/* As much as it has, so that few spans are enough, up to what seldom lies empty but for a block. */
unsigned int class_pages(unsigned int class, unsigned int have)
{
	unsigned int fewest = fewest_pages(class_size(class));
	unsigned int pages = have < LARGEST_SPAN ? have : LARGEST_SPAN;

	return pages < fewest ? fewest : pages / fewest * fewest;
}

/*
 * sizeclass.c - the table of small sizes, and how many pages are cut into blocks at a time.
 */
#include "sizeclass.h"

#include "sys.h"

#define LARGEST_SPAN 3 /* pages */

/* class_table[n]: the class of sizes up to 16 * n. */
const uint8_t class_table[TABLED_MAX / GRANULE + 1] = {
	0,  0,	1,  2,	3,  4,	5,  6,	7,  8,	9,  10, 11, 12, 13, 14, 15, 16, 16, 17, 17, 18,
	18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24, 24, 24, 24, 25, 25, 25, 25, 26, 26, 26,
	26, 27, 27, 27, 27, 28, 28, 28, 28, 29, 29, 29, 29, 30, 30, 30, 30, 31, 31, 31, 31,
};

unsigned int class_of_aligned(size_t size, size_t alignment)
{
	unsigned int class = class_of((size + alignment - 1) & ~(alignment - 1));

	while (class_size(class) & (alignment - 1))
		class ++;
	return class;
}

/* The fewest that waste at most an eighth behind the last block. */
static unsigned int fewest_pages(uint32_t size)
{
	unsigned int pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;

	while (pages * PAGE_SIZE % size > pages * PAGE_SIZE / 8)
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

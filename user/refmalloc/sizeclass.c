/*
 * sizeclass.c - how many pages are cut into blocks at a time, and sizes that can be aligned.
 */
#include "sizeclass.h"

#include "sys.h"

#define LARGEST_SPAN 3 /* pages */

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

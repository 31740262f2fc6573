/*
 * more_malloc.c - libmore_malloc.so: an LD_PRELOAD by which every malloc asks for 16 bytes more.
 *
 * Whoever says what it allocates is wrong under it, and who measures must notice.
 */
#include <stdlib.h>

void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
	return __libc_malloc(size + 16);
}

/*
 * seed_mmap.c - one malloc of 35 pages: a mapping of 36, and the heap stays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THIRTY_FIVE_PAGES (35 * 4096)

int main(void)
{
	printf("Process id : %d.\n", getpid());
	getchar();
	printf("Got the address : %p\n", malloc(THIRTY_FIVE_PAGES));
	getchar();
	return 0;
}

/*
 * seed_brk.c - four mallocs of ten pages: the fourth one moves the break.
 *
 * On a terminal, where stdio's two buffers are of 1024 bytes, the heap is 33
 * pages until the fourth malloc, which adds 40.  Waits for a key before each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEN_PAGES (10 * 4096)

int main(void)
{
	printf("Process id : %d.\n", getpid());
	for (int i = 0; i < 4; i++) {
		printf("Enter");
		getchar();
		printf("Got the address : %p\n", malloc(TEN_PAGES));
	}
	getchar();
	return 0;
}

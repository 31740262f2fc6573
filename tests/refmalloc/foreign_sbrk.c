/* foreign_sbrk.c - a program that moves the break itself keeps what it took, and so does malloc. */
#include "test.h"

#define ROUNDS 50

int main(void)
{
	static unsigned char *theirs[ROUNDS], *ours[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		theirs[i] = sbrk(1000 + i);
		CHECK(theirs[i] != (void *)-1);
		memset(theirs[i], 0xee, 1000 + i);
		ours[i] = hidden(malloc(100000));
		memset(ours[i], i, 100000);
	}
	for (int i = 0; i < ROUNDS; i += 2)
		free(ours[i]);
	malloc_trim(0);
	for (int i = 0; i < ROUNDS; i++)
		for (int k = 0; k < 1000 + i; k++)
			CHECK(theirs[i][k] == 0xee);
	for (int i = 1; i < ROUNDS; i += 2)
		for (int k = 0; k < 100000; k++)
			CHECK(ours[i][k] == i);
	CHECK(stats().brk_failed == 0 && stats().mmap[REFMALLOC_MAP_ARENA].calls == 0);
	return 0;
}

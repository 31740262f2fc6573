/*
 * grows.c - two blocks that grow in turn, again and again: each finds a place that is large enough
 * for what it became last time, out of the other's way.
 */
#include "test.h"

#define LARGEST 4000000

/* How often the larger one was moved once it was 64 KiB. */
static int grow_both(void)
{
	char *p = NULL, *other = NULL, *moved;
	int moves = 0;

	for (size_t size = 16; size < LARGEST; size += size / 8 + 16) {
		moved = hidden(realloc(p, size));
		moves += size > 65536 && moved != p;
		p = moved;
		p[size - 1] = 1;
		other = hidden(realloc(other, size / 16 + 1));
	}
	free(p);
	free(other);
	return moves;
}

int main(void)
{
	for (int round = 0; round < 10; round++)
		grow_both();
	CHECK(grow_both() == 0);
	return 0;
}

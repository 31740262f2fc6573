/*
 * tail_calls.c - the wrappers that programs have around malloc, ending in a jump to it.
 *
 * All calls of such a wrapper at one place show the allocator one return address
 * and one stack pointer, whichever function they come to.  Each is a call of its own.
 */
#include "say.h"

#define ROUNDS	100
#define BY_JUMP __attribute__((noinline, optimize("optimize-sibling-calls")))

BY_JUMP static void *xrealloc(void *block, size_t size)
{
	return block ? realloc(block, size) : malloc(size);
}

BY_JUMP static void *xalloc(int zeroed, size_t size)
{
	return zeroed ? calloc(1, size) : malloc(size);
}

int main(void)
{
	static void *blocks[ROUNDS];

	/* Every other one is there: realloc and malloc in turn, from one place, of one size. */
	for (int i = 0; i < ROUNDS; i += 2)
		MUST((blocks[i] = keep(malloc(10))));
	for (int i = 0; i < ROUNDS; i++)
		blocks[i] = keep(xrealloc(blocks[i], 100));
	for (int i = 0; i < ROUNDS; i++)
		free(keep(xalloc(i % 2 == 0, 300)));
	say("{\"pid\": %d, \"malloc\": %d, \"calloc\": %d, \"realloc\": %d, \"bytes\": %d}\n",
	    getpid(), ROUNDS / 2 + ROUNDS / 2 + ROUNDS / 2, ROUNDS / 2, ROUNDS / 2,
	    ROUNDS / 2 * 10 + ROUNDS * 100 + ROUNDS * 300);
	_exit(0);
}

/*
 * second_libc.c - libcs of their own namespaces (dlmopen), which must not move the break.
 *
 * glibc maps their heaps, 1 MiB and then 132 KiB at a time, and serves small blocks from them: by
 * arenas, although no brk has failed.  Of the first libc it asks for one block with a mapping of
 * its own.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "say.h"

#define LIBCS  3
#define BLOCK  1000UL
#define BLOCKS 3000
#define LARGE  (4UL << 20)

int main(void)
{
	void *(*others[LIBCS])(size_t);

	for (int i = 0; i < LIBCS; i++) {
		void *libc = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);

		MUST(libc);
		others[i] = (void *(*)(size_t))dlsym(libc, "malloc");
		MUST(others[i]);
	}
	for (int i = 0; i < LIBCS; i++)
		for (int n = 0; n < BLOCKS; n++)
			MUST(others[i](BLOCK));
	MUST(keep(malloc(LARGE)));
	say("{\"pid\": %d, \"calls\": %d, \"bytes\": %lu}\n", getpid(), LIBCS * BLOCKS,
	    LIBCS * BLOCKS * BLOCK);
	_exit(0);
}

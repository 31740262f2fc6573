/*
 * brk_blocked.c - a mapping stands above the break, so that malloc cannot grow the heap.
 *
 * glibc then maps memory for several blocks at a time (1 MiB first) and serves
 * them from it as if it were heap: the route is an arena, although no block's
 * header says so.  Prints by how much the anonymous mappings grew.
 * brk_blocked wait: and waits for a byte.
 */
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

#include "maps.h"

#define PAGE   4096UL
#define BLOCK  100000UL
#define BLOCKS 100

static char text[1 << 16];

static unsigned long rw_bytes(void)
{
	struct mapping m = {0};
	unsigned long sum = 0;
	const char *at = text;

	maps__read(text, sizeof(text));
	while ((at = maps__next(at, &m))) {
		if (!*m.name && !strcmp(m.prot, "rw-p"))
			sum += m.end - m.start;
	}
	return sum;
}

int main(int argc, char **argv)
{
	char *end = (char *)(((uintptr_t)sbrk(0) + PAGE - 1) & ~(PAGE - 1));
	unsigned long before, heap;

	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	MUST(mmap(end + PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		  -1, 0) == end + PAGE);
	heap = (uintptr_t)sbrk(0);
	before = rw_bytes();
	for (int i = 0; i < BLOCKS; i++)
		MUST(keep(malloc(BLOCK)));
	MUST((uintptr_t)sbrk(0) == heap);
	say("{\"pid\": %d, \"calls\": %d, \"bytes\": %lu, \"arena_bytes\": %lu}\n", getpid(),
	    BLOCKS, BLOCKS * BLOCK, rw_bytes() - before);
	if (argc > 1)
		wait_for_test();
	_exit(0);
}

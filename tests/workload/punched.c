/*
 * punched.c - a heap in which the program itself has made holes, and what /proc/self/maps has of
 * it.
 *
 * punched FIFO: before it opens that for reading, and after another hole, it prints
 * the bytes of its [heap] mappings and from its start to the break; then it waits for the FIFO's
 * other end to be closed.
 */
#include <sys/mman.h>

#include "maps.h"

#define PAGE 4096ul

static char *heap_start;

static void say_heap(void)
{
	static char text[65536];
	const char *at = text;
	struct mapping m;
	unsigned long mapped = 0;

	maps__read(text, sizeof(text));
	while ((at = maps__next(at, &m)))
		if (!strcmp(m.name, "[heap]"))
			mapped += m.end - m.start;
	say("{\"pid\": %d, \"mapped\": %lu, \"bytes\": %td}\n", getpid(), mapped,
	    (char *)sbrk(0) - heap_start);
}

int main(int argc, char **argv)
{
	char c, *p;
	int fd;

	heap_start = sbrk(0);
	heap_start += -(unsigned long)heap_start & (PAGE - 1);
	MUST(sbrk(heap_start - (char *)sbrk(0) + 256 * PAGE) != (void *)-1);
	p = heap_start;
	memset(p, 1, 256 * PAGE);
	MUST(!munmap(p + 32 * PAGE, 2 * PAGE));
	MUST(mremap(p + 64 * PAGE, PAGE, PAGE * 3, MREMAP_MAYMOVE) != MAP_FAILED);
	say_heap();
	if (argc < 2)
		return 0;
	fd = open(argv[1], O_RDONLY);
	MUST(fd >= 0 && read(fd, &c, 1) == 1);
	MUST(!munmap(p + 128 * PAGE, 3 * PAGE));
	say_heap();
	MUST(!read(fd, &c, 1));
	return 0;
}

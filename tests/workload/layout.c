/*
 * layout.c - a program that knows its own memory: mappings that the kernel makes one of, pages
 * touched one by one, and what becomes of them.
 *
 * layout: waits for a byte before each of its two steps and at the end, and says
 * after each what there is.
 */
#include <sys/mman.h>

#include "say.h"

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map_at(char *at, unsigned long pages, int prot)
{
	char *p = mmap(at, pages * PAGE, prot, ANON | (at ? MAP_FIXED : 0), -1, 0);

	MUST(p != MAP_FAILED && (!at || p == at));
	return p;
}

static void touch(char *at, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		*(volatile char *)(at + i * PAGE) = 1;
}

/* A read of what nobody has written finds the page of zeros that all share. */
static void look(const char *at)
{
	(void)*(const volatile char *)at;
}

int main(void)
{
	char *room, *left, *right, *other, *block, *more, *large;

	wait_for_test();
	/* Neighbours, inside of a reserve so that nothing else comes near them. */
	room = map_at(NULL, 40, PROT_NONE);
	left = map_at(room + 4 * PAGE, 3, RW);
	right = map_at(room + 7 * PAGE, 5, RW);
	other = map_at(room + 20 * PAGE, 6, RW);
	block = keep(malloc(300000));
	touch(left, 2);
	touch(right + PAGE, 3);
	look(right);
	touch(other, 6);
	touch(block, 1);
	say("{\"pid\": %d, \"room\": %lu, \"left\": %lu, \"right\": %lu, \"other\": %lu, "
	    "\"block\": %lu}\n",
	    getpid(), (unsigned long)room, (unsigned long)left, (unsigned long)right,
	    (unsigned long)other, (unsigned long)block);

	wait_for_test();
	MUST(!munmap(left, 3 * PAGE));
	MUST(!mprotect(other, 2 * PAGE, PROT_NONE));
	MUST(!munmap(other + 5 * PAGE, PAGE));
	more = map_at(room + 30 * PAGE, 2, RW);
	touch(more, 1);
	large = keep(malloc(500000));
	for (int i = 0; i < 40; i++)
		keep(malloc(10000));
	say("{\"more\": %lu, \"large\": %lu}\n", (unsigned long)more, (unsigned long)large);
	wait_for_test();
	return 0;
}

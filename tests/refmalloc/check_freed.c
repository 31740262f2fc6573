/* check_freed.c - check=2: a write into a freed block is found when the block is taken again. */
#include "test.h"

static void write_freed(void *volatile *block)
{
	*block = hidden(malloc(100));
	free(*block);
	((char *)*block)[50] = 1;
	for (int i = 0; i < 10000; i++)
		hidden(malloc(100));
}

int main(int argc, char **argv)
{
	(void)argc;
	with_options(argv, "check=2");
	check_death(write_freed, "write into freed", false);
	return 0;
}

/* options.c - REFMALLOC_OPTIONS sets as mallopt does; what it does not know ends the program. */
#include "test.h"

int main(int argc, char **argv)
{
	int status;
	pid_t child;

	(void)argc;
	free(hidden(malloc(1)));
	if (getenv("REFMALLOC_OPTIONS") && !strcmp(getenv("REFMALLOC_OPTIONS"), "mmap_treshold=1"))
		return 0;
	child = fork();
	if (child == 0) {
		close(2);
		with_options(argv, "mmap_treshold=1");
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	      WEXITSTATUS(status) == 127);
	with_options(argv, "mmap_threshold=64K, top_pad=1M");
	for (int i = 0; i < 3; i++)
		free(hidden(malloc(65536)));
	free(hidden(malloc(65535)));
	CHECK(stats().mmap[REFMALLOC_MAP_BLOCK].calls == 3);
	CHECK(stats().heap_bytes >= 1 << 20);
	return 0;
}

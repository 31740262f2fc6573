/* top_found.c - the room at the top is used also when many smaller free runs are looked at first.
 */
#include "test.h"

#define RUNS  40
#define PAGES 4096ul

int main(int argc, char **argv)
{
	void *runs[RUNS];
	struct refmalloc_stats before, after;

	(void)argc;
	/* The first block below takes 41 pages, and leaves 75 at the top. */
	with_options(argv, "top_pad=466944,mmap_threshold=32M,trim_threshold=1G");
	for (int i = 0; i < RUNS; i++) {
		runs[i] = hidden(malloc(65 * PAGES));
		hidden(malloc(10 * PAGES));
	}
	/* Until what is at the top is one of the runs' bin, and larger than them. */
	for (;;) {
		size_t top = mallinfo2().keepcost / PAGES;

		if (top > 73 && top < 80)
			break;
		hidden(malloc(top < 80 ? 80 * PAGES : 9 * PAGES));
	}
	for (int i = 0; i < RUNS; i++)
		free(runs[i]);
	before = stats();
	hidden(malloc(72 * PAGES));
	after = stats();
	CHECK(after.route[REFMALLOC_ARENA].calls == 0);
	CHECK(after.brk_grow.calls == before.brk_grow.calls);
	return 0;
}

/* beyond_memory.c - more than the machine has is refused, and a little is still to be had. */
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "test.h"

#define TIB ((size_t)1 << 40)

/* The kernel grants anything. */
static bool overcommits(void)
{
	FILE *f = fopen("/proc/sys/vm/overcommit_memory", "r");
	int mode = 0;

	CHECK(f && fscanf(f, "%d", &mode) == 1);
	fclose(f);
	return mode == 1;
}

static void check_refused(void)
{
	struct refmalloc_stats before = stats(), after;

	for (size_t size = 4 * TIB; size <= PTRDIFF_MAX / 2; size *= 2) {
		errno = 0;
		CHECK(!hidden(malloc(size)) && errno == ENOMEM);
		errno = 0;
		CHECK(!hidden(memalign(size, 10)) && errno == ENOMEM);
	}
	after = stats();
	for (int why = 0; why < REFMALLOC_MAPPINGS; why++)
		CHECK(after.mapped[why] == before.mapped[why]);
	CHECK(after.heap_bytes == before.heap_bytes);
}

int main(void)
{
	struct rlimit limit = {1 << 30, 1 << 30};
	struct sysinfo machine;

	CHECK(sysinfo(&machine) == 0);
	free(hidden(malloc(10)));
	if (!overcommits() && (machine.totalram + machine.totalswap) * machine.mem_unit < 4 * TIB)
		check_refused();
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	check_refused();
	CHECK(hidden(malloc(3000000)));
	for (int i = 0; i < 10000; i++)
		CHECK(hidden(malloc(8000)));
	return 0;
}

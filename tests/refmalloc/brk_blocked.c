/*
 * brk_blocked.c - with a mapping right above the break, it goes on from arenas, and tells: every
 * block's route is what the kernel's list of mappings says.
 */
#include <sys/mman.h>

#include "test.h"

#define BLOCKS 3000

static uintptr_t heap_start, heap_end;
static size_t seen[REFMALLOC_ROUTES];

static void find_heap(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[heap]"))
			sscanf(line, "%lx-%lx", &heap_start, &heap_end);
	fclose(maps);
}

static int check_route(const struct refmalloc_block *b, void *arg)
{
	uintptr_t at = (uintptr_t)b->address;

	(void)arg;
	CHECK((b->route == REFMALLOC_HEAP) == (at >= heap_start && at < heap_end));
	seen[b->route]++;
	return 0;
}

int main(void)
{
	static void *blocks[BLOCKS];
	struct refmalloc_stats s;
	void *top;

	blocks[0] = hidden(malloc(100));
	top = sbrk(0);
	CHECK(mmap(top, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0) == top);
	for (int i = 1; i < BLOCKS; i++) {
		blocks[i] = hidden(malloc(i * 37 % 5000));
		CHECK(blocks[i]);
		memset(blocks[i], i, i * 37 % 5000);
	}
	find_heap();
	CHECK(refmalloc_walk(check_route, NULL) == 0);
	s = stats();
	CHECK(s.brk_failed > 0 && s.mmap[REFMALLOC_MAP_ARENA].calls > 0);
	CHECK(seen[REFMALLOC_ARENA] > BLOCKS / 2 && seen[REFMALLOC_HEAP] > 0);
	for (int route = 0; route < REFMALLOC_ROUTES; route++)
		CHECK(seen[route] == s.live[route].calls);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	malloc_trim(0);
	s = stats();
	CHECK(s.live[REFMALLOC_ARENA].calls == 0);
	CHECK(s.mapped[REFMALLOC_MAP_ARENA] < s.mapped_peak[REFMALLOC_MAP_ARENA]);
	return 0;
}

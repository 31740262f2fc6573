/*
 * from_brk.c - every request below the threshold, of every thread, is in the heap by brk, as the
 * kernel's list of mappings has it; and every other has a mapping of its own.
 */
#include "test.h"

#define THREADS	  4
#define BLOCKS	  2000
#define THRESHOLD 200000ul

static uintptr_t heap_start, heap_end;
static size_t seen[REFMALLOC_ROUTES];

static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void *p;

	for (int i = 0; i < BLOCKS; i++) {
		size_t size;

		seed = seed * 6364136223846793005 + 1442695040888963407;
		size = (seed >> 33) % (i % 8 ? 4000 : i % 24 ? THRESHOLD : 2 * THRESHOLD);
		p = hidden(i % 3 ? malloc(size) : memalign(32, size));
		CHECK(p);
		if (i % 5 == 0)
			free(p);
	}
	return arg;
}

static int check_place(const struct refmalloc_block *b, void *arg)
{
	uintptr_t at = (uintptr_t)b->address;

	(void)arg;
	CHECK((b->size < THRESHOLD) == (b->route == REFMALLOC_HEAP));
	CHECK((b->size < THRESHOLD) == (at >= heap_start && at < heap_end));
	seen[b->route]++;
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	char line[512];
	FILE *maps;

	(void)argc;
	with_options(argv, "mmap_threshold=200000");
	work(NULL);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	maps = fopen("/proc/self/maps", "r");
	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[heap]"))
			sscanf(line, "%lx-%lx", &heap_start, &heap_end);
	fclose(maps);
	CHECK(refmalloc_walk(check_place, NULL) == 0);
	CHECK(seen[REFMALLOC_HEAP] > BLOCKS && seen[REFMALLOC_MMAP] > 50);
	CHECK(stats().route[REFMALLOC_ARENA].calls == 0 && stats().brk_failed == 0);
	return 0;
}

/*
 * few_pages.c - of what a small program is given little is touched besides its blocks; sizes that
 * are asked for once share pages, and one that is asked for often gets
 * blocks of its own size; pages that one thread freed are another's before the heap grows.
 */
#include "test.h"

#include <fcntl.h>

#include "refmalloc.h"

#define PAGE(p) ((uintptr_t)(p) >> 12)

/* Pages of this process that have memory of their own, told without allocating. */
static long touched(void)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	const char *line;

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	line = strstr(text, "Anonymous:");
	CHECK(line);
	return atol(line + strlen("Anonymous:")) / 4;
}

static void little_is_touched(void)
{
	long before = touched();

	for (size_t size = 16; size <= 512; size += 16)
		free(memset(hidden(malloc(size)), 1, size));
	CHECK(touched() - before <= 12);
}

static void sizes_share_pages(void)
{
	uintptr_t pages[64];
	int count = 0, k;
	char *p;

	for (size_t size = 16; size <= 512; size += 16) {
		p = hidden(malloc(size));
		for (k = 0; k < count && pages[k] != PAGE(p); k++)
			;
		pages[k] = PAGE(p);
		count += k == count;
	}
	CHECK(count <= 10);
}

static void often_used_fits(void)
{
	for (int i = 0; i < 1000; i++)
		hidden(malloc(300));
	CHECK(malloc_usable_size(hidden(malloc(300))) == 320);
}

static void *leave_free(void *arg)
{
	void *blocks[100];

	for (int i = 0; i < 100; i++)
		blocks[i] = memset(hidden(malloc(10000)), 1, 10000);
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	return arg;
}

static void free_pages_are_anybodys(void)
{
	struct refmalloc_stats before, after;
	pthread_t thread;

	CHECK(mallopt(M_TRIM_THRESHOLD, 64 << 20) == 1);
	CHECK(pthread_create(&thread, NULL, leave_free, NULL) == 0);
	pthread_join(thread, NULL);
	refmalloc_stats(&before);
	for (int i = 0; i < 100; i++)
		hidden(malloc(10000));
	refmalloc_stats(&after);
	CHECK(after.heap_bytes == before.heap_bytes);
}

int main(void)
{
	little_is_touched();
	sizes_share_pages();
	often_used_fits();
	free_pages_are_anybodys();
	return 0;
}

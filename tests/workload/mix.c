/*
 * mix.c - heap blocks, large blocks, frees, reallocs and direct mappings, step by step.
 *
 * After each step it prints what it knows from sources of its own: mallinfo2(),
 * [heap] in /proc/self/maps, and its own sum of direct mappings.  "mix N" stops
 * behind step N, leaving everything mapped; "mix N wait" waits for a byte before
 * each step and at the end.
 */
#include <malloc.h>
#include <sys/mman.h>

#include "maps.h"

#define PAGE  4096UL
#define SMALL 1000
#define STEPS 5

struct state {
	void *small[SMALL];
	void *large[8];
	char *direct[4];
	unsigned long direct_bytes;
	unsigned long mmap_calls, mmap_bytes;	/* direct */
	unsigned long large_calls, large_bytes; /* mappings made for malloc, by mmap alone */
	unsigned long route_calls, route_bytes; /* requests that a mapping of their own served */
};

static char text[1 << 16];

static void *map(struct state *s, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	s->direct_bytes += len;
	s->mmap_bytes += len;
	s->mmap_calls++;
	return p;
}

/* A block that no free chunk can serve is a mapping: 8 bytes of header more, in whole pages. */
static void *large(struct state *s, size_t size)
{
	void *p = malloc(size);

	MUST(p);
	s->large_calls++;
	s->large_bytes += (size + 8 + 15 + PAGE) & ~(PAGE - 1);
	s->route_calls++;
	s->route_bytes += size;
	return p;
}

/* It stays a mapping: remapped, or left as it is where the pages are as many. */
static void *resize(struct state *s, void *block, size_t size)
{
	s->route_calls++;
	s->route_bytes += size;
	return realloc(block, size);
}

static void step_small(struct state *s)
{
	for (size_t i = 0; i < SMALL; i++)
		MUST((s->small[i] = malloc(16 + 37 * (i % 50))));
}

static void step_large(struct state *s)
{
	for (size_t i = 0; i < 8; i++)
		s->large[i] = large(s, 35 * PAGE + i * 100000);
	for (size_t i = 0; i < 4; i++)
		s->direct[i] = map(s, (i + 2) * 8 * PAGE);
}

/* Frees in the middle, so that the heap cannot shrink, and two of the mappings. */
static void step_free(struct state *s)
{
	for (size_t i = 0; i < SMALL; i += 2) {
		free(s->small[i]);
		s->small[i] = NULL;
	}
	for (size_t i = 0; i < 2; i++) {
		free(s->large[i]);
		s->large[i] = NULL;
	}
	MUST(munmap(s->direct[0], 16 * PAGE) == 0);
	s->direct_bytes -= 16 * PAGE;
	/* The middle of one: two regions stay. */
	MUST(munmap(s->direct[1] + 8 * PAGE, 8 * PAGE) == 0);
	s->direct_bytes -= 8 * PAGE;
}

/* mremap three times: grown, shrunk, and grown so far that it likely moves; then not at all. */
static void step_realloc(struct state *s)
{
	MUST((s->large[2] = resize(s, s->large[2], 3000000)));
	MUST((s->large[3] = resize(s, s->large[3], 200000)));
	MUST((s->large[4] = resize(s, s->large[4], 40000000)));
	MUST((s->large[4] = resize(s, s->large[4], 40000001)));
}

/* The last direct mapping over two neighbours at once, and new mappings over a hole. */
static void step_more(struct state *s)
{
	char *hole = s->direct[1] + 8 * PAGE;

	MUST(mmap(hole, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	     hole);
	s->mmap_calls++;
	s->mmap_bytes += 4 * PAGE;
	s->direct_bytes += 4 * PAGE;
	/* Over the end of it, the rest of the hole and the beginning of what follows. */
	MUST(mmap(hole + 2 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == hole + 2 * PAGE);
	s->mmap_calls++;
	s->mmap_bytes += 8 * PAGE;
	s->direct_bytes += 8 * PAGE - 2 * PAGE - 2 * PAGE;
	free(s->large[5]);
	s->large[5] = large(s, 50000000);
	for (size_t i = 1; i < SMALL; i += 2)
		MUST((s->small[i] = realloc(s->small[i], 5000)));
}

static void report(const struct state *s, unsigned long step)
{
	struct mallinfo2 info = mallinfo2();
	struct mapping m = {0}, heap = {0};
	const char *at = text;

	maps__read(text, sizeof(text));
	while ((at = maps__next(at, &m))) {
		if (!strcmp(m.name, "[heap]"))
			heap = m;
	}
	say("{\"step\": %lu, \"pid\": %d, \"heap_start\": %lu, \"heap_end\": %lu, \"arena\": %zu, "
	    "\"hblks\": %zu, \"hblkhd\": %zu, \"direct_bytes\": %lu, \"mmap_calls\": %lu, "
	    "\"mmap_bytes\": %lu, \"large_calls\": %lu, \"large_bytes\": %lu, \"route_calls\": "
	    "%lu, "
	    "\"route_bytes\": %lu}\n",
	    step, getpid(), heap.start, heap.end, info.arena, info.hblks, info.hblkhd,
	    s->direct_bytes, s->mmap_calls, s->mmap_bytes, s->large_calls, s->large_bytes,
	    s->route_calls, s->route_bytes);
}

int main(int argc, char **argv)
{
	static void (*const steps[STEPS])(struct state *) = {step_small, step_large, step_free,
							     step_realloc, step_more};
	static struct state state;
	unsigned long count = argc > 1 ? number(argv[1]) : STEPS;
	int wait = argc > 2;

	MUST(count <= STEPS);
	/* Not the dynamic threshold: which block is a mapping shall be known. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	for (unsigned long i = 0; i < count; i++) {
		if (wait)
			wait_for_test();
		steps[i](&state);
		report(&state, i + 1);
	}
	if (wait)
		wait_for_test();
	/* Not exit(): nothing may be given back behind the last report. */
	_exit(0);
}

/*
 * retained.c - a heap of glibc's with much freed and little live in it, laid out on purpose.
 *
 *	none       most of it is live
 *	top        all is free at its end, below a trim threshold that was raised
 *	cached     the same, above the threshold: a freed block that malloc caches is at the end
 *	fastbins   small blocks, all of them freed: they are not joined to larger ones
 *	both       the same, below a trim threshold that was raised
 *	untrimmed  all is free at its end, and M_TRIM_THRESHOLD is above that
 *	padded     one block, and M_TOP_PAD of free bytes above it
 *	pinned     one block lives at its end, above all that is free
 *	several    ten blocks live there
 *	reused     one, where large blocks had been that the small ones took the place of
 *	inside     small blocks live all over it
 *	arenas     one block lives at the end of a thread's arena, above all that is free
 *	threshold  large blocks were in the heap, since one with a mapping of its own was freed
 *	large      the same, 40 of them next to each other, and the last one lives
 *
 * Prints what it has left, in bytes as asked for, and by glibc's own count what is free in heap and
 * arena (where a cached block is in use, and so are 656 bytes that are malloc's own).  Then waits
 * for a byte.  What libc allocates to make a thread is not in it.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>

#include "say.h"

#define PIECE  (64 * 1024UL) /* below the first mmap threshold */
#define PIECES 128
#define LARGE  (8 * 1024 * 1024UL)
#define PIN    2000 /* above what a thread's cache takes */
#define CACHED 1000 /* what it takes */
#define SMALL  24   /* what fastbins take */
#define SMALLS 200000
#define PAD    (64 << 20)
#define LARGES 40

static void *pieces[PIECES], *pins[PIECES], *last;
static unsigned long live_blocks, live_bytes;
static pthread_barrier_t ready, done;

static void *live(size_t size)
{
	void *block = keep(malloc(size));

	MUST(block);
	memset(block, 1, size);
	live_blocks++;
	live_bytes += size;
	return block;
}

static void dead(void *block, size_t size)
{
	live_blocks--;
	live_bytes -= size;
	free(block);
}

static void fill(size_t pin)
{
	for (int i = 0; i < PIECES; i++) {
		pieces[i] = live(PIECE);
		if (pin)
			pins[i] = live(pin);
	}
}

static void drain(void)
{
	for (int i = 0; i < PIECES; i++)
		dead(pieces[i], PIECE);
}

/* The block has a mapping of its own: its free raises M_MMAP_THRESHOLD to that. */
static void raise_threshold(void)
{
	dead(live(LARGE), LARGE);
}

static void none(void)
{
	fill(0);
}

static void top(void)
{
	raise_threshold();
	fill(0);
	drain();
}

static void cached(void)
{
	fill(0);
	dead(live(CACHED), CACHED);
	drain();
}

static void small(void)
{
	static void *blocks[SMALLS];

	for (int i = 0; i < SMALLS; i++)
		blocks[i] = live(SMALL);
	for (int i = 0; i < SMALLS; i++)
		dead(blocks[i], SMALL);
}

static void both(void)
{
	raise_threshold();
	small();
}

static void untrimmed(void)
{
	MUST(mallopt(M_TRIM_THRESHOLD, 1 << 30));
	fill(0);
	drain();
}

/* Written to, as much of it: what is not in memory costs nobody anything. */
static void padded(void)
{
	MUST(mallopt(M_TOP_PAD, PAD));
	last = live(PIN);
	memset((char *)last + PIECE, 0, PAD - 2 * PIECE);
}

static void several(void)
{
	fill(0);
	for (int i = 0; i < PIECES - 10; i++)
		dead(pieces[i], PIECE);
	last = pieces[PIECES - 10];
}

static void pinned(void)
{
	fill(0);
	last = live(PIN);
	drain();
}

static void inside(void)
{
	fill(PIN);
	drain();
	last = pins[PIECES - 1];
}

static void *in_arena(void *arg)
{
	pinned();
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&done);
	return NULL;
}

static void arenas(void)
{
	pthread_t thread;

	MUST(!pthread_barrier_init(&ready, NULL, 2) && !pthread_barrier_init(&done, NULL, 2));
	MUST(!pthread_create(&thread, NULL, in_arena, NULL));
	pthread_barrier_wait(&ready);
}

static void threshold(void)
{
	void *large[2];

	raise_threshold();
	for (int i = 0; i < 2; i++) {
		large[i] = live(LARGE / 2);
		last = live(PIN);
	}
	for (int i = 0; i < 2; i++)
		dead(large[i], LARGE / 2);
}

static void large(void)
{
	void *blocks[LARGES];

	raise_threshold();
	for (int i = 0; i < LARGES; i++)
		blocks[i] = live(LARGE / 4);
	for (int i = 0; i < LARGES - 1; i++)
		dead(blocks[i], LARGE / 4);
}

static void reused(void)
{
	raise_threshold();
	for (int i = 0; i < LARGES / 10; i++)
		pins[i] = live(LARGE / 4);
	for (int i = 0; i < LARGES / 10; i++)
		dead(pins[i], LARGE / 4);
	pinned();
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"none", none},		  {"top", top},	      {"cached", cached},
	{"fastbins", small},	  {"both", both},     {"untrimmed", untrimmed},
	{"padded", padded},	  {"pinned", pinned}, {"several", several},
	{"reused", reused},	  {"inside", inside}, {"arenas", arenas},
	{"threshold", threshold}, {"large", large},
};

int main(int argc, char **argv)
{
	char *start = sbrk(0);
	struct mallinfo2 info;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (argc != 2 || strcmp(argv[1], modes[i].name))
			continue;
		modes[i].run();
		info = mallinfo2();
		say("{\"pid\": %d, \"mode\": \"%s\", \"live_blocks\": %lu, \"live_bytes\": %lu, "
		    "\"last\": %lu, \"heap_bytes\": %lu, \"system_bytes\": %lu, "
		    "\"free_bytes\": %lu, \"top_bytes\": %lu}\n",
		    getpid(), modes[i].name, live_blocks, live_bytes,
		    (unsigned long)(uintptr_t)last, (unsigned long)((char *)sbrk(0) - start),
		    (unsigned long)info.arena, (unsigned long)info.fordblks,
		    (unsigned long)info.keepcost);
		wait_for_test();
		return 0;
	}
	say("usage: retained MODE\n");
	return 2;
}

/*
 * threads.c - threads that allocate, each from an arena of its own.
 *
 * Prints what /proc/self/maps shows of glibc's arena heaps: aligned 64 MiB, a
 * part opened by mprotect and the rest not; and of the threads' stacks, whose
 * size it chose.  Then waits for a byte, the threads still there.
 */
#include <pthread.h>

#include "maps.h"

#define HEAP_MAX (64UL << 20)
#define STACK	 (256UL << 10)
#define BLOCKS	 64

struct thread {
	pthread_t id;
	void *blocks[BLOCKS];
	pthread_barrier_t *ready;
};

static char text[1 << 18];

static void *allocate(void *arg)
{
	struct thread *t = arg;

	for (size_t i = 0; i < BLOCKS; i++)
		MUST((t->blocks[i] = malloc(1000 * (i + 1))));
	pthread_barrier_wait(t->ready);
	for (;;)
		pause();
}

/* A heap's two parts are neighbours that end together at its aligned end. */
static void report(unsigned long threads)
{
	unsigned long heaps = 0, usable = 0;
	struct mapping m = {0}, before = {0};
	const char *at = text;

	maps__read(text, sizeof(text));
	while ((at = maps__next(at, &m))) {
		if (before.start % HEAP_MAX == 0 && before.end == m.start && !*before.name &&
		    !strcmp(before.prot, "rw-p") && !strcmp(m.prot, "---p") &&
		    m.end == before.start + HEAP_MAX) {
			heaps++;
			usable += before.end - before.start;
		}
		before = m;
	}
	say("{\"pid\": %d, \"threads\": %lu, \"heaps\": %lu, \"reserved\": %lu, \"usable\": %lu, "
	    "\"stack_bytes\": %lu}\n",
	    getpid(), threads, heaps, heaps * HEAP_MAX, usable, threads * (STACK + 4096));
}

int main(int argc, char **argv)
{
	static struct thread threads[64];
	unsigned long count = argc > 1 ? number(argv[1]) : 4;
	pthread_barrier_t ready;
	pthread_attr_t attr;

	MUST(count <= 64);
	MUST(pthread_barrier_init(&ready, NULL, count + 1) == 0);
	MUST(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, STACK) == 0);
	for (unsigned long i = 0; i < count; i++) {
		threads[i].ready = &ready;
		MUST(pthread_create(&threads[i].id, &attr, allocate, &threads[i]) == 0);
	}
	pthread_barrier_wait(&ready);
	report(count);
	wait_for_test();
	_exit(0);
}

/* peaks.c - with the option peaks the most that was live at a time is known, of all threads. */
#include "test.h"

static pthread_barrier_t have, seen;

static void *work(void *arg)
{
	void *large = hidden(malloc(1000000)), *small = hidden(malloc(1000));

	pthread_barrier_wait(&have);
	pthread_barrier_wait(&seen);
	free(small);
	free(large);
	return arg;
}

int main(int argc, char **argv)
{
	struct refmalloc_stats s, before;
	pthread_t threads[2];
	void *p;

	(void)argc;
	if (!getenv("REFMALLOC_OPTIONS"))
		CHECK(!stats().peaks_known && stats().live_peak[REFMALLOC_HEAP].bytes == 0);
	with_options(argv, "peaks mmap_threshold=128K");
	pthread_barrier_init(&have, NULL, 3);
	pthread_barrier_init(&seen, NULL, 3);
	before = stats();
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
	pthread_barrier_wait(&have);
	s = stats();
	CHECK(s.peaks_known);
	CHECK(s.live[REFMALLOC_MMAP].bytes == 2000000 && s.live[REFMALLOC_MMAP].calls == 2);
	CHECK(s.live[REFMALLOC_HEAP].bytes >= before.live[REFMALLOC_HEAP].bytes + 2000);
	for (int route = 0; route < REFMALLOC_ROUTES; route++)
		CHECK(memcmp(&s.live[route], &s.live_peak[route], sizeof(s.live[0])) == 0);
	pthread_barrier_wait(&seen);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* One by one they reach no new peak; a block that grows does. */
	for (int i = 0; i < 1000; i++)
		free(hidden(malloc(1500000)));
	CHECK(stats().live_peak[REFMALLOC_MMAP].bytes == 2000000);
	p = hidden(realloc(hidden(malloc(1500000)), 2500000));
	CHECK(stats().live_peak[REFMALLOC_MMAP].bytes == 2500000);
	CHECK(stats().live_peak[REFMALLOC_MMAP].calls == 2);
	free(p);
	return 0;
}

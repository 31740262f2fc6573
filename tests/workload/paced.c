/*
 * paced.c - calls malloc as often as it is told to, however long each call takes: paced SECONDS
 * CALLS-A-MILLISECOND; each 100 ms it maps 5 pages by itself.
 *
 * Says what it has done: {"calls":N,"bytes":N,"maps":N,"heap":N}.
 */
#include <sys/mman.h>
#include <time.h>

#include "say.h"

#define SIZE 100

int main(int argc, char **argv)
{
	unsigned long long calls = 0, maps = 0;
	char *heap = sbrk(0);
	struct timespec t;
	int each;

	MUST(argc == 3);
	each = atoi(argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (long ms = 0; ms < atol(argv[1]) * 1000; ms++) {
		t.tv_nsec += 1000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		for (int i = 0; i < each; i++, calls++) {
			void *volatile p = malloc(SIZE);

			free(p);
		}
		if (ms % 100)
			continue;
		MUST(mmap(NULL, 5 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		     MAP_FAILED);
		maps++;
	}
	say("{\"calls\":%llu,\"bytes\":%llu,\"maps\":%llu,\"heap\":%llu}\n", calls, calls * SIZE,
	    maps, (unsigned long long)((char *)sbrk(0) - heap));
	return 0;
}

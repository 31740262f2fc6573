/*
 * refused.c - calls of malloc's family that get no memory, among others that do.
 *
 * Beyond the address space, and beyond what RLIMIT_AS leaves.
 */
#include <malloc.h>
#include <sys/resource.h>

#include "say.h"

#define GIB   (1UL << 30)
#define SMALL 100

int main(void)
{
	struct rlimit limit = {GIB, GIB};
	int failed = 0;

	MUST(!setrlimit(RLIMIT_AS, &limit));
	for (int i = 0; i < 5; i++)
		failed += !keep(malloc(1UL << 46));
	for (int i = 0; i < 10; i++)
		failed += !keep(malloc(2 * GIB));
	for (int i = 0; i < 3; i++)
		failed += !keep(calloc(1024, GIB));
	MUST(failed == 18);
	for (int i = 0; i < SMALL; i++)
		MUST(keep(malloc(1000)));
	MUST(keep(malloc(GIB / 2)));
	say("{\"pid\": %d, \"failed\": %d, \"small\": %d}\n", getpid(), failed, SMALL);
	_exit(0);
}

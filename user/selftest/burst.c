/*
 * burst.c - as many events as there can be in a moment: more than a small ring has room for.
 *
 * Only what this workload itself does and no loader: where events spill, the
 * mark may too, and everything since the process's start is counted.
 */
#include "selftest/workload.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CALLS	 20000
#define MAPPINGS 300

void workload__burst(void)
{
	size_t page = sysconf(_SC_PAGESIZE), bytes = 0;
	static struct account all;
	uint64_t seed = 3;

	workload__mark();
	for (int i = 0; i < CALLS; i++) {
		size_t size = pseudo_random(&seed) % 5000;

		free(keep(malloc(size)));
		account__add(&all, size);
	}
	for (int i = 1; i <= MAPPINGS; i++) {
		void *p = mmap(NULL, i * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		MUST(p != MAP_FAILED && !munmap(p, i * page));
		bytes += i * page;
	}
	expect__begin("burst", getpid(), 0);
	account__expect(&all);
	expect("mmap.direct.calls", MAPPINGS);
	expect("mmap.direct.bytes", bytes);
	expect__end();
}

/*
 * breaks.c - the break itself: up, down, within a page, asked for, and refused.
 */
#include "selftest/workload.h"

#include <sys/syscall.h>
#include <unistd.h>

static uint64_t grow_calls, grow_bytes, shrink_calls, shrink_bytes, queries, failed;
static uintptr_t now;

/* What becomes of it is the kernel's to say: the break that it returns. */
static void to(uintptr_t request)
{
	uintptr_t after = syscall(SYS_brk, request);

	if (after > now) {
		grow_calls++;
		grow_bytes += after - now;
	} else if (after < now) {
		shrink_calls++;
		shrink_bytes += now - after;
	} else if (!request || request == now) {
		queries++;
	} else {
		failed++;
	}
	now = after;
}

void workload__breaks(void)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), start = syscall(SYS_brk, 0);

	now = start;
	workload__mark();
	to(0);
	to(start + 10 * page);
	MUST(now == start + 10 * page);
	to(now + 5000);
	to(start + 3 * page);
	to(start + 3 * page - 16);
	to(now);
	to(page);	 /* below its start */
	to(UINTPTR_MAX); /* beyond all memory */
	for (int i = 0; i < 25; i++)
		to(now + page);
	for (int i = 0; i < 5; i++)
		to(now - 3 * page);
	MUST(grow_calls == 27 && shrink_calls == 7 && queries == 2 && failed == 2);
	expect__begin("breaks", getpid(), 0);
	expect("heap.bytes", workload__heap_bytes());
	expect("heap.grow.calls", grow_calls);
	expect("heap.grow.bytes", grow_bytes);
	expect("heap.shrink.calls", shrink_calls);
	expect("heap.shrink.bytes", shrink_bytes);
	expect("heap.query.calls", queries + 1); /* the one more is workload__heap_bytes's */
	expect("heap.failed.calls", failed);
	expect("mmap.anonymous.calls", 0);
	expect__end();
}

/*
 * touch.c - pages that are used: what is resident when the process ends, by the kernel's own sum.
 */
#include "selftest/workload.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 100

/* Page by page, of each mapping: exact, where /proc/self/status lags behind.  Bytes; 0: not there.
 */
static uint64_t anonymous(void)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	const char *at;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "\nAnonymous:");
	return at ? strtoull(at + sizeof("\nAnonymous:") - 1, NULL, 10) * 1024 : 0;
}

void workload__touch(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t before, after = 0;
	char *p;

	workload__mark();
	p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	memset(p, 1, PAGES * page);
	/* Until the asking itself needs no new page: then neither does the end. */
	do {
		before = after;
		after = anonymous();
		expect__begin("touch", getpid(), 0);
		expect("rss.anon_bytes", after);
		expect("mmap.direct.live_bytes", PAGES * page);
	} while (after != before);
	if (!after)
		workload__skip("this kernel has no /proc/self/smaps_rollup");
	MUST(after >= PAGES * page);
	expect__end();
}

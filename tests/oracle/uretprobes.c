/*
 * uretprobes.c - another tracer's return probes, at places of a file, until the end of standard
 * input.
 *
 * uretprobes FILE OFFSET...: by perf events that nobody reads; the kernel takes
 * them away with this process, whatever ends it.
 */
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "../workload/say.h"

static int type_of_uprobes(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = -1;

	MUST(f && fscanf(f, "%d", &type) == 1);
	fclose(f);
	return type;
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {.size = sizeof(attr), .type = type_of_uprobes()};

	MUST(argc > 2);
	attr.config = 1; /* format/retprobe */
	attr.uprobe_path = (unsigned long)argv[1];
	for (int i = 2; i < argc; i++) {
		attr.probe_offset = strtoull(argv[i], NULL, 0);
		MUST(syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC) >= 0);
	}
	say("placed\n");
	wait_for_test();
	return 0;
}

/*
 * empty.bpf.c - does nothing: for measuring what a probe costs before it has done anything.
 */
#include "hits.bpf.h"

SEC("uprobe")
int empty(struct pt_regs *ctx)
{
	return 0;
}

/* What run times have in them of the clock: it can be run by a call. */
SEC("raw_tracepoint")
int empty_run(void *ctx)
{
	run_end(RUN_CLOCK, run_begin(RUN_CLOCK));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

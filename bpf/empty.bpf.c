/*
 * empty.bpf.c - does nothing: for measuring what a probe costs before it has done anything.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("uprobe")
int empty(struct pt_regs *ctx)
{
	return 0;
}

/* What the kernel's statistics of run times count of themselves: it can be run by a call. */
SEC("raw_tracepoint")
int empty_run(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

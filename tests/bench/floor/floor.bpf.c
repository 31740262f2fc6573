/*
 * floor.bpf.c - programs that do nothing: what is left is the price of the probe.
 *
 * And the same with a count, which tells that a probe is where it is meant to be:
 * one that never fires is cheap too.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__u64 hits = 0;

/* One of each for uprobe.session: a program is loaded for one way of attaching. */
SEC("uprobe")
int empty(struct pt_regs *ctx)
{
	return 0;
}

SEC("uprobe")
int empty_session(struct pt_regs *ctx)
{
	return 0; /* the return is wanted as well */
}

SEC("uprobe")
int count(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

SEC("uprobe")
int count_session(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

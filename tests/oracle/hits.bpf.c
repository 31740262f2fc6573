/*
 * hits.bpf.c - how often each place was hit, and with what: sums that have to be those of another.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "hits.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HITS_MOST);
	__type(key, __u32);
	__type(value, struct place);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HITS_MOST);
	__type(key, __u32);
	__type(value, struct hits);
} hits SEC(".maps");

static __always_inline __u64 word(struct pt_regs *ctx, __u32 index)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + (index & 31) * sizeof(value));
	return value;
}

SEC("uprobe")
int hit(struct pt_regs *ctx)
{
	__u32 index = bpf_get_attach_cookie(ctx);
	struct place *place = bpf_map_lookup_elem(&places, &index);
	struct hits *sum = bpf_map_lookup_elem(&hits, &index);
	__u64 returns = 0;

	if (!place || !sum)
		return 0;
	__sync_fetch_and_add(&sum->calls, 1);
	for (int i = 0; i < HITS_ARGS; i++)
		if (i < place->args)
			__sync_fetch_and_add(&sum->args[i], word(ctx, place->reg[i]));
	/* The stack may not be in memory: then it is no difference, but a sum of its own. */
	if (bpf_probe_read_user(&returns, sizeof(returns),
				(void *)word(ctx, HITS_SP) + place->frame))
		__sync_fetch_and_add(&sum->unread, 1);
	__sync_fetch_and_add(&sum->returns, returns);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

/*
 * free.bpf.c - one record for each block that is given back, from a uprobe at free's beginning.
 *
 * At the beginning, for by its end another thread may have the block.
 */
#include "block.bpf.h"
#include "hits.bpf.h"
#include "probe.bpf.h"
#include "thread.bpf.h"

/*
 * False: this call has been counted, by another function that has jumped here, or by another
 * file: two of an overlay file system may be one below it, and each call hits the probes of both.
 */
static __always_inline bool is_new_free(struct pt_regs *ctx, struct thread *t,
					const struct probe *probe, __u64 addr, __u64 ret)
{
	__u64 sp = entry_sp(ctx, probe), ip = PT_REGS_IP(ctx), start;
	bool same = t->freed == addr && t->freed_sp == sp && t->freed_ret == ret;

	if (t->freed_object != probe->object) {
		/* That of an allocator that is put before another one, from its own code or by a
		 * jump. */
		if ((same && t->freed_ip == ip) || (ret >= t->free_lo && ret < t->free_hi) ||
		    (same && t->free_hi))
			return false;
	} else if (same && t->free_jumps >> (probe->entry & (ENTRIES_MAX - 1)) & 1) {
		t->free_jumps = probe->jumps;
		return false;
	}
	start = ip - probe->off;
	t->free_lo = probe->whole ? start + probe->internal[0].lo : 0;
	t->free_hi = probe->whole ? start + probe->internal[0].hi : 0;
	t->free_jumps = probe->jumps;
	t->freed = addr;
	t->freed_sp = sp;
	t->freed_ret = ret;
	t->freed_ip = ip;
	t->freed_object = probe->object;
	return true;
}

static __always_inline void free_begin(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), addr, ret;
	struct said s = {.id = id, .type = EVENT_FREE};
	const struct probe *probe;
	struct thread *thread;

	probe = probe_hit(ctx);
	if (probe)
		hit_count(id, probe->hit);
	if (!watched(id >> 32))
		return;
	if (!probe) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	addr = argument(ctx, probe, 1);
	if (!addr)
		return;
	ret = return_address(ctx, probe);
	if (internal_call(ctx, probe, ret))
		return;
	thread = thread_get(id);
	if (!thread) /* as call_counts (user_call.bpf.h) */
		__sync_fetch_and_add(&lost, 1);
	else if (!is_new_free(ctx, thread, probe, addr, ret))
		return;
	s.object = probe->object;
	block_emit(&s, addr, entry_sp(ctx, probe));
}

SEC("uprobe")
int free_enter(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_ENTRY);

	keep_own_stack(ctx, no_programs);
	free_begin(ctx);
	run_end(RUN_ENTRY, since);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

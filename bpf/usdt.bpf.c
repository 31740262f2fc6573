/*
 * usdt.bpf.c - one record for each allocation, resizing, failure or free that refmalloc itself
 * tells of, at its own places for tracers (user/refmalloc/probes.h).
 *
 * They know what uprobes have to find out: the block, its route, that the call is a user's.
 */
#include "block.bpf.h"
#include "burst.bpf.h"
#include "hits.bpf.h"
#include "malloc_spill.bpf.h"
#include "probe.bpf.h"
#include "thread.bpf.h"

/* By enum refmalloc_function of include/refmalloc.h. */
static const __u8 functions[] = {
	FN_MALLOC,	  FN_CALLOC,	     FN_REALLOC, FN_REALLOCARRAY, FN_MEMALIGN,
	FN_ALIGNED_ALLOC, FN_POSIX_MEMALIGN, FN_VALLOC,	 FN_PVALLOC,
};

/* enum refmalloc_route */
enum { ROUTE_IS_HEAP, ROUTE_IS_MMAP, ROUTE_IS_ARENA };

static __always_inline __u32 route_flags(__u32 route)
{
	if (route == ROUTE_IS_MMAP)
		return EVENT_F_TOLD | EVENT_F_KEEPS_MAPPING;
	return route == ROUTE_IS_ARENA ? EVENT_F_TOLD | EVENT_F_ARENA : EVENT_F_TOLD;
}

/* More than PTRDIFF_MAX counts as 0 bytes. */
static __always_inline __u32 told_size(__u64 *size)
{
	if (*size <= ~0ULL >> 1)
		return EVENT_F_TOLD;
	*size = 0;
	return EVENT_F_TOLD | EVENT_F_IMPOSSIBLE;
}

static __always_inline __u8 function_of(__u64 number)
{
	__u32 fn = number;

	return fn < sizeof(functions) ? functions[fn] : FN_MALLOC;
}

/* Below level live: a call, and what served it. */
static __always_inline void told_emit(struct said *s)
{
	s->type = EVENT_MALLOC;
	if (!malloc_put(s))
		malloc_spill(s->id >> 32, s->size, s->op, s->flags, s->ts);
}

/* At it: and which block it is about.  One call of a thread at a time tells of its blocks. */
static __always_inline void told_block(struct said *s, __u8 type, __u64 addr)
{
	s->type = type;
	s->addr = addr;
	s->ts = call_time();
	if (call_put(s))
		return;
	if (type == EVENT_RETURN || type == EVENT_FREE)
		block_spill(s->id >> 32, type);
	else
		malloc_spill(s->id >> 32, s->size, s->op, s->flags, 0);
}

static __always_inline void on_alloc(struct pt_regs *ctx, const struct probe *probe, __u64 id,
				     __u64 ts)
{
	struct said s = {.id = id,
			 .ts = ts,
			 .size = argument(ctx, probe, 2),
			 .object = probe->object,
			 .flags = route_flags(argument(ctx, probe, 3)),
			 .op = function_of(argument(ctx, probe, 4))};

	if (config.live)
		told_block(&s, EVENT_BLOCK, argument(ctx, probe, 1));
	else
		told_emit(&s);
}

/* Before the block is touched: for by the end another thread may have been given its address. */
static __always_inline void on_resizing(struct pt_regs *ctx, const struct probe *probe, __u64 id)
{
	struct said s = {.id = id,
			 .size = argument(ctx, probe, 2),
			 .object = probe->object,
			 .op = function_of(argument(ctx, probe, 3))};
	struct thread *t = thread_get(id);

	if (t)
		t->resizing = true;
	else /* is its end then known for one?  failed_resizing */
		__sync_fetch_and_add(&lost, 1);
	s.flags = told_size(&s.size);
	told_block(&s, EVENT_CALL, argument(ctx, probe, 1));
}

/* True: this is how it ended. */
static __always_inline bool end_resizing(struct thread *t)
{
	bool was = t && t->resizing;

	if (was)
		t->resizing = false;
	return was;
}

/*
 * Without an entry of its thread a call that may have been resizing is taken for one: if it was
 * not it is in no number, which `lost` says, rather than every such call in two.
 */
static __always_inline bool failed_resizing(__u32 tid, __u8 fn)
{
	struct thread *t = thread_get(tid);

	if (t || (fn != FN_REALLOC && fn != FN_REALLOCARRAY))
		return end_resizing(t);
	__sync_fetch_and_add(&lost, 1);
	return true;
}

static __always_inline void on_realloc(struct pt_regs *ctx, const struct probe *probe, __u64 id,
				       __u64 ts)
{
	struct said s = {.id = id, .ts = ts, .object = probe->object};
	__u64 to = argument(ctx, probe, 2);
	__u32 tid = id;

	if (config.live) {
		end_resizing(thread_find(tid));
		told_block(&s, EVENT_RETURN, to);
		return;
	}
	s.size = argument(ctx, probe, 3);
	s.flags = to ? route_flags(argument(ctx, probe, 4)) : EVENT_F_TOLD;
	s.op = function_of(argument(ctx, probe, 5));
	told_emit(&s);
}

static __always_inline void on_failed(struct pt_regs *ctx, const struct probe *probe, __u64 id,
				      __u64 ts)
{
	struct said end = {.id = id, .object = probe->object};
	struct said s = {.id = id,
			 .ts = ts,
			 .size = argument(ctx, probe, 1),
			 .object = probe->object,
			 .op = function_of(argument(ctx, probe, 2))};

	s.flags = told_size(&s.size);
	if (config.live && failed_resizing(id, s.op))
		told_block(&end, EVENT_RETURN, 0);
	else if (config.live)
		told_block(&s, EVENT_BLOCK, 0);
	else
		told_emit(&s);
}

static __always_inline void tell(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = call_time();
	const struct probe *probe;
	struct said s;

	probe = probe_hit(ctx);
	if (probe)
		hit_count(id, probe->hit);
	if ((config.bursts && !bursts_at(now)) || !watched(id >> 32))
		return;
	if (!probe) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	switch (probe->site) {
	case SITE_ALLOC:
		on_alloc(ctx, probe, id, now);
		break;
	case SITE_RESIZING:
		on_resizing(ctx, probe, id);
		break;
	case SITE_REALLOC:
		on_realloc(ctx, probe, id, now);
		break;
	case SITE_FAILED:
		on_failed(ctx, probe, id, now);
		break;
	case SITE_FREE:
		s = (struct said){.id = id, .object = probe->object};
		told_block(&s, EVENT_FREE, argument(ctx, probe, 1));
		break;
	}
}

SEC("uprobe")
int usdt_hit(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_ENTRY);

	keep_own_stack(ctx, no_programs);
	tell(ctx);
	run_end(RUN_ENTRY, since);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

/*
 * station.bpf.c - calls of malloc's family from uprobes inside the function's code, at the places
 * by which each call comes on its way (user/kernel/course.h): no return needs to be probed.
 *
 * On the shortest way one of them tells both how many bytes are asked for and which block it is.
 */
#include "begun.bpf.h"
#include "block.bpf.h"
#include "malloc_spill.bpf.h"
#include "user_call.bpf.h"

/* 0: it has failed. */
static __always_inline __u64 station_result(struct pt_regs *ctx, const struct probe *probe)
{
	return probe->result < PROBE_REGS ? register_read(ctx, probe->result) : 0;
}

/* What it asks for, to tell it from another: not whether it can be had. */
static __always_inline __u64 station_request(struct pt_regs *ctx, const struct probe *probe)
{
	__u64 size = 0;

	if (probe->sized)
		request_size(ctx, probe, &size);
	return size;
}

/* The call's first station: it begins here, and may end here as well. */
static __always_inline void station_first(struct pt_regs *ctx, struct thread *t,
					  const struct probe *probe, __u64 id, __u64 now)
{
	bool begins = probe->station == STATION_BEGINS, counts;
	__u64 sp = entry_sp(ctx, probe);
	struct begun_call *room = NULL;
	struct said s;

	/* Without its arguments it has come by another station, before it was watched. */
	if (!probe->sized || is_of_twin(ctx, t, probe))
		return;
	if (begins) {
		room = begun_at(t, begun_room(t, sp));
		if (!room) { /* so many handlers, one in another, each in a call of malloc's */
			__sync_fetch_and_add(&lost, 1);
			return;
		}
	}
	counts = call_counts(ctx, probe, t, id, now, true, &s);
	if (room)
		begun_set(t, room, probe->number, sp, station_request(ctx, probe), !counts);
	if (!counts)
		return;
	s.thread = t;
	s.type = begins ? EVENT_CALL : EVENT_BLOCK;
	s.call = sp >> 3;
	if (!begins) {
		t->pending = false;
		s.addr = station_result(ctx, probe);
	}
	if (!call_put(&s) && malloc_spill(id >> 32, s.size, s.op, s.flags, 0))
		t->in_others = true;
}

static __always_inline void station_passed(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = call_time(), sp;
	const struct probe *probe = probe_counts(ctx, id, now);
	struct said s = {.id = id, .type = EVENT_RETURN};
	struct begun_call *begun = NULL;
	struct thread *t;

	if (!probe)
		return;
	t = thread_get(id);
	if (!t) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	sp = entry_sp(ctx, probe);
	if (t->n_begun)
		begun = begun_at(t, begun_find(t, probe, sp, station_request(ctx, probe)));
	if (!begun) {
		station_first(ctx, t, probe, id, now);
		return;
	}
	if (probe->station == STATION_BEGINS)
		return;
	probe_remember(ctx, t, probe); /* is_of_twin */
	s.thread = t;
	if (begun_end(t, begun))
		block_emit(&s, station_result(ctx, probe), sp);
}

SEC("uprobe")
int malloc_station(struct pt_regs *ctx)
{
	__u64 since = run_begin(RUN_ENTRY);

	keep_own_stack(ctx, no_programs);
	station_passed(ctx);
	run_end(RUN_ENTRY, since);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

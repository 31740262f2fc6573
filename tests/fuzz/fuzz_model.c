/*
 * fuzz_model.c - any events, cells, entries and lists of mappings, in any order.
 *
 * The ring's brief records are among them.  The input is a program.  Whatever it does, also what no
 * kernel would, the calls and bytes of all rows add up to what was taken, none is less than
 * nothing, and the table is in order; only few rows of exited processes are
 * kept, so that folding is common.  The table's inside is checked, so this
 * includes the real thing.
 */
#include "input.h"

#include "kernel/brief.c"

#include "model/state.h"
#undef MOST_EXITED
#define MOST_EXITED 3

#include "model/block_table.c"
#define count_in  count_block_in
#define count_out count_block_out
#include "model/blocks.c"
#undef count_in
#undef count_out
#include "model/bursts.c"
#include "model/callers.c"
#include "model/calls.c"
#include "model/apply.c"
#include "model/cause.c"
#include "model/decode.c"
#include "model/events.c"
#include "model/evidence.c"
#include "model/heap_marks.c"
#include "model/holes.c"
#include "model/ledger.c"
#include "model/lifecycle.c"
#define drop drop_process
#include "model/model.c"
#undef drop
#define slot_of open_slot_of
#define find	find_open
#define grow	grow_open
#include "model/pairing.c"
#undef slot_of
#undef find
#undef grow
#include "model/process.c"
#include "model/process_counts.c"
#include "model/region_set.c"
#include "model/region_tree.c"
#define page_down page_down_in
#include "model/retained.c"
#undef page_down
#define add add_advice
#include "model/retained_pattern.c"
#undef add
#include "model/sampled.c"
#include "model/sampling.c"
#include "model/seed.c"
#include "model/snapshot.c"
#include "model/space.c"
#include "model/spilled.c"

#define PIDS	  5
#define MOST_MAPS 6

/* What all rows have together. */
struct sums {
	__u64 malloc_calls, malloc_bytes, routed, brk_calls, map_calls, execs, frees;
};

struct run {
	struct input in;
	struct model *m;
	struct sums sums;
	bool raw;  /* numbers of any size have come: sums of them may wrap */
	bool full; /* bytes have come to more than there can be */
};

static void add_sums(struct sums *to, const struct process_stats *s)
{
	to->malloc_calls += s->malloc.calls;
	to->malloc_bytes += s->malloc.bytes;
	to->routed += s->malloc.route_mmap.calls + s->malloc.route_arena.calls;
	to->brk_calls += stats__brk_calls(s);
	to->map_calls += stats__mmap_calls(s) + s->munmap.calls + s->mremap.calls + s->mmap_failed;
	to->execs += s->execs;
	to->frees += s->paired.frees;
}

static struct sums sums_of(const struct model *m)
{
	struct sums sums = {0};

	for (size_t i = 0; i < m->n; i++)
		add_sums(&sums, &m->all[i]->stats);
	if (m->others)
		add_sums(&sums, &m->others->stats);
	return sums;
}

static void count_taken(struct run *r, __u8 type, __u16 flags, __u64 calls, __u64 bytes)
{
	struct sums *s = &r->sums;
	bool calls_malloc = type == EVENT_MALLOC || type == EVENT_CALL || type == EVENT_BLOCK;

	/* What is kept belongs to a call that has been counted. */
	if (calls_malloc && !(flags & EVENT_F_KEPT)) {
		s->malloc_calls += calls;
		r->full |= __builtin_add_overflow(s->malloc_bytes, bytes, &s->malloc_bytes);
	}
	s->brk_calls += type == EVENT_BRK ? calls : 0;
	s->map_calls += type == EVENT_MMAP || type == EVENT_MUNMAP || type == EVENT_MREMAP ? calls
											   : 0;
	s->execs += type == EVENT_EXEC ? calls : 0;
	s->frees += type == EVENT_FREE ? calls : 0;
}

/* ---- what there is to do ---- */

static __u32 take_pid(struct input *in)
{
	/* Two of them in one chain. */
	__u64 pid = take(in, 1) % PIDS;

	return pid == 4 ? 1 + MODEL_CHAINS : 1 + pid;
}

static __u64 take_start(struct input *in)
{
	return take(in, 1) % 4 * 10000000;
}

static __u64 take_addr(struct input *in, bool raw)
{
	return raw ? take(in, 8) : 0x4000000 + take(in, 2) % 64 * 0x800000 + take(in, 1) * 4096;
}

static struct site take_site(struct input *in)
{
	static const __u32 devices[] = {0, 1, 2, SITE_ADDRESS};
	__u64 what = take(in, 1);

	return (struct site){.ino = what & 3, .dev = devices[what >> 2 & 3], .off = what >> 4};
}

static void take_map(struct input *in, struct event_map *e, bool raw)
{
	e->addr = take_addr(in, raw);
	e->length = raw ? take(in, 8) : take(in, 2) * 4096;
	e->result = take(in, 1) % 3 ? e->addr : take_addr(in, raw);
	e->offset = raw ? take(in, 8) : take(in, 2) * 4096;
	e->request = take(in, 3);
	e->begin_ns = take(in, 1);
	e->prot = take(in, 1) % 4;
	e->flags = take(in, 1) % 8;
	e->ip = take_site(in);
	e->caller = take_site(in);
	e->e.size = e->length;
}

union record {
	struct event e;
	struct event_call call;
	struct event_brk brk;
	struct event_map map;
	struct event_exec exec;
	unsigned char bytes[sizeof(struct event_exec)];
};

static void send(struct run *r, union record *rec)
{
	__u8 type = rec->e.type;
	size_t size = type < EVENT_TYPE_END ? shapes[type].size : sizeof(*rec);
	int err = model__event(r->m, &rec->e, size, NULL);

	require(err == 0 || err == -EINVAL || err == -ENOENT, "an error that is documented");
	require((err == -EINVAL) == !event__valid(&rec->e, size), "what is valid is taken");
	require(err != -ENOENT || type == EVENT_EXEC || type == EVENT_EXIT, "who can be outside");
	/* What had begun before collection did changes the heap, and counts nowhere. */
	if (!err && !(type == EVENT_BRK && rec->e.flags & EVENT_F_LATE))
		count_taken(r, type, rec->e.flags, 1, rec->e.size);
}

/* A record as it is in the ring, whatever its length; and an event of its brief form is the same.
 */
static void do_record(struct run *r)
{
	static const __u8 sizes[] = {sizeof(struct brief_event), sizeof(struct brief_call)};
	__u64 what = take(&r->in, 1), bytes[sizeof(struct brief_call) / 8];
	union record rec = {0};
	size_t size = sizes[what & 1];
	const struct event *e;
	struct brief_event b;

	take_bytes(&r->in, bytes, size);
	e = brief__expand(bytes, &size, &rec.call);
	require(e == &rec.e && size >= sizeof(*e), "what is brief is expanded");
	if (e->type == EVENT_MALLOC && size == sizeof(*e)) {
		require(brief_event__holds(e->size, e->tgid, e->flags, e->object), "it fits");
		b = brief_event__of(e->size, e->tgid, e->op, e->flags, e->object);
		/* That is of the record, and not of the call. */
		b.repeated = brief_event__is_repeated(bytes, sizeof(b));
		require(!memcmp(&b, bytes, sizeof(b)), "it comes back as it was");
	}
	/* A brief call of a type that has no brief form is of another size than its type's. */
	if (e->type < EVENT_TYPE_END && size != shapes[e->type].size)
		return;
	r->raw |= what & 1;
	rec.e.tgid = take_pid(&r->in);
	send(r, &rec);
}

static bool is_map(__u8 type)
{
	return type == EVENT_MMAP || type == EVENT_MUNMAP || type == EVENT_MREMAP ||
	       type == EVENT_MPROTECT || type == EVENT_SHMAT || type == EVENT_SHMDT;
}

static bool is_task(__u8 type)
{
	return type == EVENT_FORK || type == EVENT_EXEC || type == EVENT_EXIT;
}

static void take_task(struct input *in, struct event_exec *x, bool raw)
{
	x->t.e.tid = take_pid(in);
	x->t.start_ns = take_start(in);
	strcpy(x->t.comm, take(in, 1) % 3 ? "in" : "out");
	if (raw) {
		take_bytes(in, x->path, 16);
		return;
	}
	x->t.total_vm %= 1 << 30;
	x->t.stack_vm %= 1 << 30;
}

static void do_event(struct run *r)
{
	struct input *in = &r->in;
	union record rec = {0};
	bool raw = take(in, 1) % 4 == 0;
	__u8 type = take(in, 1) % (EVENT_TYPE_END + 1);
	size_t size = type < EVENT_TYPE_END ? shapes[type].size : sizeof(rec);

	r->raw |= raw;
	if (is_map(type))
		take_map(in, &rec.map, raw);
	else
		take_bytes(in, rec.bytes, size < 96 ? size : 96);
	rec.e.type = type;
	rec.e.op = take(in, 1) % 5;
	rec.e.flags = take(in, 1);
	rec.e.tgid = take_pid(in);
	rec.e.ts_ns = take(in, 1);
	if (is_task(type))
		take_task(in, &rec.exec, raw);
	send(r, &rec);
}

static void send_task(struct run *r, __u8 type, __u32 pid, __u32 by, __u16 flags, __u64 start_ns)
{
	union record rec = {.exec.t = {.e = {.type = type, .tgid = pid, .tid = by, .flags = flags},
				       .start_ns = start_ns,
				       .total_vm = 100,
				       .stack_vm = 33,
				       .map_count = 9,
				       .comm = "in"}};

	send(r, &rec);
}

static void send_map(struct run *r, __u8 type, __u32 pid)
{
	union record rec = {0};

	take_map(&r->in, &rec.map, false);
	rec.e.type = type;
	rec.e.tgid = pid;
	send(r, &rec);
}

static void send_brk(struct run *r, __u32 pid)
{
	union record rec = {.brk.e = {.type = EVENT_BRK, .tgid = pid}};

	rec.brk.start = take(&r->in, 2) * 999;
	rec.brk.before = take(&r->in, 2) * 999;
	rec.brk.after = take(&r->in, 2) * 999;
	rec.e.op = take(&r->in, 1) % BRK_OP_COUNT;
	send(r, &rec);
}

/* Few threads, frames and addresses, so that they meet. */
static void do_calls(struct run *r)
{
	static const __u8 types[] = {EVENT_CALL, EVENT_RETURN, EVENT_FREE, EVENT_BLOCK};
	struct input *in = &r->in;
	__u64 n = take(in, 1) % 32;
	__u32 pid = take_pid(in);

	for (__u64 i = 0; i < n; i++) {
		__u64 what = take(in, 1), place = take(in, 1);
		union record rec = {
			.call = {.e = {.type = types[what & 3], .tgid = pid}, .call = place & 7}};

		rec.e.tid = pid + (what >> 2 & 1);
		rec.e.size = rec.e.type == EVENT_CALL || rec.e.type == EVENT_BLOCK ? take(in, 2)
										   : 0;
		rec.e.flags = rec.e.type == EVENT_CALL && what >> 3 == 31 ? place >> 4 : 0;
		if (rec.e.type != EVENT_CALL || what >> 3 & 1)
			rec.call.addr = place >> 3 ? 0x4000000 + (place >> 3) * 0x200000 : 0;
		send(r, &rec);
	}
}

/* What a kernel does not do, or what is lost on the way makes look so. */
static void do_impossible(struct run *r)
{
	struct input *in = &r->in;
	__u64 what = take(in, 1) % 6;
	__u32 a = take_pid(in), b = take_pid(in);
	__u64 start = take_start(in), other = take_start(in);

	switch (what) {
	case 0: /* gone before it has come, twice, and again under the same start */
		send_task(r, EVENT_EXIT, a, a, EVENT_F_MM, start);
		send_task(r, EVENT_EXIT, a, a, 0, other);
		send_task(r, EVENT_FORK, a, b, 0, start);
		break;
	case 1: /* its own child, in its own address space */
		send_task(r, EVENT_FORK, a, a, EVENT_F_SHARED_MM, start);
		send_map(r, EVENT_MMAP, a);
		break;
	case 2: /* each lives in what the other lends */
		send_task(r, EVENT_FORK, a, b, EVENT_F_SHARED_MM, start);
		send_task(r, EVENT_FORK, b, a, EVENT_F_SHARED_MM, other);
		send_map(r, EVENT_MMAP, a);
		send_map(r, EVENT_MUNMAP, b);
		break;
	case 3: /* the lender is gone, and its PID another's */
		send_task(r, EVENT_FORK, a, b, EVENT_F_SHARED_MM, start);
		send_task(r, EVENT_EXIT, b, b, 0, other);
		send_map(r, EVENT_MMAP, a);
		send_task(r, EVENT_FORK, b, 1, 0, other + 20000000);
		send_brk(r, a);
		send_task(r, EVENT_EXEC, a, a, 0, start);
		break;
	case 4: /* a PID comes again, with no word of who had it */
		send_task(r, EVENT_FORK, a, b, 0, start);
		send_task(r, EVENT_EXEC, a, a, 0, other);
		send_task(r, EVENT_EXIT, a, a, 0, start);
		break;
	default: /* of whom nobody has heard */
		send_map(r, EVENT_MREMAP, a);
		send_map(r, EVENT_MUNMAP, b);
		send_map(r, EVENT_MPROTECT, a);
		send_brk(r, b);
	}
}

/* mremap onto itself, into itself, across itself. */
static void do_overlap(struct run *r)
{
	struct input *in = &r->in;
	__u64 at = take_addr(in, false), pages = take(in, 1);
	union record rec = {.map = {.e = {.type = EVENT_MREMAP, .tgid = take_pid(in)},
				    .addr = at,
				    .offset = pages * 4096,
				    .flags = take(in, 1) % 8}};

	rec.map.length = take(in, 1) * 4096;
	rec.map.result = at + (take(in, 1) - 128) * 4096;
	rec.map.ip = take_site(in);
	rec.map.caller = take_site(in);
	rec.e.op = take(in, 1) % REMAP_OP_COUNT;
	send(r, &rec);
}

static void take_key(struct input *in, struct cell_key *key)
{
	key->type = 1 + take(in, 1) % (EVENT_TYPE_END - 1);
	if (key->type == EVENT_CALL || key->type == EVENT_BLOCK) /* which spill as a MALLOC */
		key->type = EVENT_MALLOC;
	key->op = take(in, 1) % shapes[key->type].ops;
	key->bucket = take(in, 1) % SIZE_BUCKETS;
	key->flags = take(in, 1) & shapes[key->type].flags;
	key->ip = take_site(in);
	key->caller = take_site(in);
	if (take(in, 1) % 8) {
		key->tgid = take_pid(in);
		key->start_ns = 1 + take_start(in);
	}
}

static void do_cell(struct run *r)
{
	struct input *in = &r->in;
	struct cell_key key = {0};
	struct cell cell = {take(in, 2), take(in, 3)};
	bool raw = take(in, 1) % 4 == 0;
	int err;

	if (raw)
		take_bytes(in, &key, sizeof(key));
	else
		take_key(in, &key);
	/* Others would be more processes than are told apart below. */
	key.tgid = key.start_ns || key.tgid ? 1 + key.tgid % PIDS : 0;
	err = model__cell(r->m, &key, &cell);
	require(err == 0 || err == -EINVAL, "an error that is documented");
	require((err == -EINVAL) == !cell__valid(&key), "a key of ours is taken, and no other");
	require(raw || !err, "a cell is taken");
	if (!err)
		count_taken(r, key.type, key.flags, cell.calls, cell.bytes);
}

static void do_entry(struct run *r)
{
	struct input *in = &r->in;
	__u64 what = take(in, 1);
	struct spilled_process s = {.start_ns = 1 + take_start(in),
				    .brk_start = take(in, 3),
				    .brk_end = take(in, 3),
				    .rss_anon = take(in, 8),
				    .exited = what & 1,
				    .exit_flags = what >> 1 & 3,
				    .mm_changed = what >> 3 & 1,
				    .calls_missed = what >> 4 == 15};
	__u32 pid = take_pid(in);

	memset(s.comm, 'c', sizeof(s.comm));
	require(model__spilled(r->m, pid, &s) || !s.exited, "who has exited has");
}

static void seed(struct run *r, struct process *p)
{
	struct mapping maps[MOST_MAPS];
	struct input *in = &r->in;
	__u64 n = take(in, 1) % (MOST_MAPS + 1), what;

	for (__u64 i = 0; i < n; i++) {
		what = take(in, 2);
		r->raw |= what >> 12 == 1;
		maps[i] = (struct mapping){.start = take_addr(in, what >> 12 == 1),
					   .ino = what & 3,
					   .dev = what >> 2 & 1,
					   .kind = (what >> 3) % 5,
					   .readable = what >> 6 & 1,
					   .writable = what >> 7 & 1,
					   .executable = what >> 8 & 1};
		maps[i].end = maps[i].start + take(in, 2) * 0x100000;
	}
	model__seed(r->m, p, maps, n, take(in, 1) * 4096, 0);
}

static void maps_wanted(__u32 pid, bool image, void *arg)
{
	struct run *r = arg;
	struct process *p = model__find(r->m, pid);

	require(p, "who is wanted is there");
	if (take(&r->in, 1) % 2)
		seed(r, p);
}

static void resolve(__u32 pid, struct site *site, void *arg)
{
	struct run *r = arg;

	*site = take_site(&r->in);
}

#include "model_holds.h"

static void do_snapshot(struct run *r)
{
	struct snapshot s;

	require(!model__snapshot(r->m, &s), "a snapshot works");
	require(s.count == r->m->n, "of all rows");
	require(!model__update_callers(r->m), "callers are told");
	for (size_t i = 0; i < s.count; i++) {
		require(memchr(s.processes[i]->comm, 0, 16), "a comm ends");
		check_callers(s.processes[i], true);
	}
}

static void do_forget(struct run *r)
{
	model__forget_exited(r->m);
	r->sums = sums_of(r->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ops[])(struct run * r) = {
		do_event,   do_event,	   do_event, do_record, do_calls,    do_calls,
		do_overlap, do_impossible, do_cell,  do_entry,	do_snapshot, do_forget};
	struct run r = {.in = {data, size}};
	struct cause_table *causes = cause_table__new();
	struct model_config config = {.page_size = 4096,
				      .level = LEVEL_LIVE,
				      .causes = causes,
				      .comm = take(&r.in, 1) % 2 ? "in" : NULL,
				      .maps_wanted = maps_wanted,
				      .resolve = resolve,
				      .arg = &r};
	struct process *p;

	for (int kind = CODE_LOADER; kind <= CODE_WRAPPER; kind++) {
		struct code_range range = {
			.ino = kind & 1, .dev = 1, .kind = kind, .lo = kind, .hi = kind + 4};

		require(!cause_table__add(causes, &range), "a range is taken");
	}
	r.m = model__new(&config);
	while (r.in.size) {
		__u64 what = take(&r.in, 1);

		if (what < 16) {
			p = model__find(r.m, take_pid(&r.in));
			if (p)
				seed(&r, p);
		} else {
			ops[what % (sizeof(ops) / sizeof(*ops))](&r);
		}
		check(&r);
	}
	model__free(r.m);
	cause_table__free(causes);
	return 0;
}

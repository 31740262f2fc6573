/*
 * events.c - events, the cells that the kernel makes of them, and a world of code to come from.
 */
#include "events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	__u64 ino;
	__u32 off;
} places[PLACES] = {
	[IN_APP] = {40, 0x1800},
	[IN_GLIBC] = {10, 0x1800},
	[IN_GLIBC_WRAPPER] = {10, 0x3010},
	[IN_GLIBC_REST] = {10, 0x8000},
	[IN_MUSL] = {20, 0x1800},
	[IN_MUSL_WRAPPER] = {20, 0x3010},
	[IN_LOADER] = {30, 0x1800},
	[IN_ALLOCATOR] = {70, 0x1800},
	[IN_ALLOCATOR_WRAPPER] = {70, 0x3010},
	[IN_REFMALLOC] = {80, 0x1800},
	[IN_NAMELESS] = {90, 0x1800},
};

#define DEVICE 0x800001

struct site events__site(enum place place)
{
	if (place == NOWHERE)
		return (struct site){0};
	if (place == AT_ADDRESS)
		return (struct site){.ino = 0x7f1234567000, .dev = SITE_ADDRESS};
	return (struct site){.ino = places[place].ino, .dev = DEVICE, .off = places[place].off};
}

struct cause_table *events__causes(void)
{
	static const struct code_range ranges[] = {
		{70, DEVICE, CODE_ALLOCATOR, 0x1000, 0x8000},
		{70, DEVICE, CODE_WRAPPER, 0x3000, 0x3040},
		{80, DEVICE, CODE_REFMALLOC, 0x1000, 0x8000},
		{90, DEVICE, CODE_NAMELESS, 0x1000, 0x8000},
		{10, DEVICE, CODE_GLIBC, 0x1000, 0x2000},
		{10, DEVICE, CODE_WRAPPER, 0x3000, 0x3040},
		{20, DEVICE, CODE_MUSL, 0x1000, 0x2000},
		{20, DEVICE, CODE_WRAPPER, 0x3000, 0x3040},
		{30, DEVICE, CODE_LOADER, 0x1000, 0x9000},
	};
	struct cause_table *t = cause_table__new();

	assert_non_null(t);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		assert_int_equal(cause_table__add(t, &ranges[i]), 0);
	return t;
}

size_t events__size(__u8 type)
{
	switch (type) {
	case EVENT_MALLOC:
		return sizeof(struct event);
	case EVENT_CALL:
	case EVENT_RETURN:
	case EVENT_FREE:
		return sizeof(struct event_call);
	case EVENT_BRK:
		return sizeof(struct event_brk);
	case EVENT_EXEC:
		return sizeof(struct event_exec);
	case EVENT_FORK:
	case EVENT_EXIT:
		return sizeof(struct event_task);
	default:
		return sizeof(struct event_map);
	}
}

/* Later than all before it. */
static struct event header(__u8 type, __u32 pid, __u64 size)
{
	static __u64 now_ns = 1000000000;

	now_ns += 1000;
	return (struct event){.ts_ns = now_ns, .size = size, .tgid = pid, .tid = pid, .type = type};
}

struct event events__malloc(__u32 pid, enum alloc_fn fn, __u64 size)
{
	struct event e = header(EVENT_MALLOC, pid, size);

	e.op = fn;
	return e;
}

struct event_call events__call(__u32 pid, __u64 size, __u64 old)
{
	return (struct event_call){.e = header(EVENT_CALL, pid, size), .addr = old, .call = 99};
}

struct event_call events__return(__u32 pid, __u64 addr)
{
	return (struct event_call){.e = header(EVENT_RETURN, pid, 0), .addr = addr, .call = 99};
}

struct event_call events__free(__u32 pid, __u64 addr)
{
	return (struct event_call){.e = header(EVENT_FREE, pid, 0), .addr = addr, .call = 98};
}

struct event_brk events__brk(__u32 pid, __u64 before, __u64 after)
{
	struct event_brk b = {.e = header(EVENT_BRK, pid, 0),
			      .request = after,
			      .start = BRK_BASE,
			      .before = before,
			      .after = after};

	b.e.op = after > before ? BRK_GROW : after < before ? BRK_SHRINK : BRK_QUERY;
	b.e.size = after > before ? after - before : before - after;
	return b;
}

static __u64 pages(__u64 bytes)
{
	return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static struct event_map map_event(__u8 type, __u32 pid, __u64 addr, __u64 length)
{
	struct event_map e = {
		.e = header(type, pid, pages(length)), .addr = addr, .length = length, .fd = -1};

	e.begin_ns = e.e.ts_ns - 500;
	return e;
}

struct event_map events__mmap(__u32 pid, __u64 addr, __u64 length, __u16 flags, enum place caller)
{
	struct event_map e = map_event(EVENT_MMAP, pid, 0, length);

	e.e.flags = flags;
	e.result = addr;
	e.prot = flags & EVENT_F_RESERVE ? 0 : 3;
	e.ip = events__site(IN_GLIBC_WRAPPER);
	e.caller = events__site(caller);
	return e;
}

struct event_map events__munmap(__u32 pid, __u64 addr, __u64 length)
{
	return map_event(EVENT_MUNMAP, pid, addr, length);
}

struct event_map events__mremap(__u32 pid, __u64 old, __u64 old_length, __u64 to, __u64 length,
				enum place caller)
{
	struct event_map e = map_event(EVENT_MREMAP, pid, old, length);
	__u64 was = pages(old_length), is = pages(length);

	e.e.op = is > was ? REMAP_GROW : is < was ? REMAP_SHRINK : REMAP_SAME;
	e.e.size = is > was ? is - was : was - is;
	e.offset = old_length;
	e.result = to;
	e.ip = events__site(IN_GLIBC_WRAPPER);
	e.caller = events__site(caller);
	return e;
}

struct event_map events__mprotect(__u32 pid, __u64 addr, __u64 length, __u32 prot)
{
	struct event_map e = map_event(EVENT_MPROTECT, pid, addr, length);

	e.prot = prot;
	return e;
}

void events__serve(struct event_map *e, __u64 request)
{
	e->e.flags |= EVENT_F_REQUEST | (request >= LARGE_REQUEST ? EVENT_F_LARGE : 0);
	e->request = request;
}

static struct event_task task_event(__u8 type, __u32 pid, __u64 start_ns, const char *comm)
{
	struct event_task t = {.e = header(type, pid, 0),
			       .start_ns = start_ns,
			       .brk_start = BRK_BASE,
			       .brk_end = BRK_BASE,
			       .ppid = 1};

	strncpy(t.comm, comm, sizeof(t.comm) - 1);
	return t;
}

struct event_task events__fork(__u32 child, __u32 parent, __u64 start_ns)
{
	struct event_task t = task_event(EVENT_FORK, child, start_ns, "child");

	t.e.tid = t.ppid = parent;
	return t;
}

struct event_exec events__exec(__u32 pid, __u64 start_ns, const char *comm)
{
	struct event_exec x = {.t = task_event(EVENT_EXEC, pid, start_ns, comm)};

	strcpy(x.path, "/usr/bin/program");
	/* Of 5 mappings one is the stack: 4 of 20 pages are exec's. */
	x.t.total_vm = 53;
	x.t.stack_vm = 33;
	x.t.map_count = 5;
	return x;
}

struct event_task events__exit(__u32 pid, __u64 start_ns)
{
	return task_event(EVENT_EXIT, pid, start_ns, "gone");
}

unsigned int events__spill(const void *event, __u64 start_ns, struct cell_key keys[2],
			   struct cell cells[2])
{
	const struct event *e = event;
	const struct event_map *map = event;
	bool sited = e->type == EVENT_MMAP || e->type == EVENT_MREMAP;

	memset(keys, 0, 2 * sizeof(*keys));
	keys[0] = (struct cell_key){.start_ns = start_ns,
				    .tgid = e->tgid,
				    .type = e->type == EVENT_CALL ? EVENT_MALLOC : e->type,
				    .op = e->op,
				    .flags = e->flags,
				    .bucket = size_bucket(e->size)};
	cells[0] = (struct cell){1, e->size};
	if (sited) {
		keys[0].ip = map->ip;
		keys[0].caller = map->caller;
	}
	if (!sited || !(e->flags & EVENT_F_REQUEST))
		return 1;
	keys[1] = keys[0];
	keys[1].type = EVENT_ROUTE;
	keys[1].op = 0;
	keys[1].bucket = size_bucket(map->request);
	cells[1] = (struct cell){1, map->request};
	return 2;
}

static void note_wanted(__u32 pid, bool image, void *arg)
{
	struct world *w = arg;

	w->wanted++;
	w->images += image;
	w->last_wanted = pid;
}

static void resolve(__u32 pid, struct site *site, void *arg)
{
	struct world *w = arg;

	w->resolved++;
	if (w->place_of_address != AT_ADDRESS)
		*site = events__site(w->place_of_address);
}

void world__open(struct world *w, enum level level, const char *comm)
{
	*w = (struct world){.causes = events__causes(), .place_of_address = AT_ADDRESS};
	struct model_config config = {.page_size = PAGE,
				      .level = level,
				      .causes = w->causes,
				      .comm = comm,
				      .maps_wanted = note_wanted,
				      .resolve = resolve,
				      .arg = w};

	w->m = model__new(&config);
	assert_non_null(w->m);
}

void world__close(struct world *w)
{
	model__free(w->m);
	cause_table__free(w->causes);
}

int world__feed(struct world *w, const void *event)
{
	const struct event *e = event;

	return model__event(w->m, e, events__size(e->type), NULL);
}

void world__take(struct world *w, const void *event)
{
	assert_int_equal(world__feed(w, event), 0);
}

void world__spill(struct world *w, const void *event, __u64 start_ns)
{
	struct cell_key keys[2];
	struct cell cells[2];
	unsigned int n = events__spill(event, start_ns, keys, cells);

	model__begin_spill(w->m, 0);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(model__cell(w->m, &keys[i], &cells[i]), 0);
}

const struct process_stats *world__stats(struct world *w, __u32 pid)
{
	struct process *p = model__find(w->m, pid);

	assert_non_null(p);
	return &p->stats;
}

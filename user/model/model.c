/*
 * model.c - all processes and their numbers: events and spilled cells in, snapshots out.
 *
 * A process is found by its PID among those that live; one that has exited
 * stays in the list, under the same PID as whatever comes after it.
 */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/decode.h"

#define CHAINS 1024 /* a power of two */

/* include/uapi/linux/mman.h */
#define REMAP_DONTUNMAP 4

struct model {
	struct model_config config;
	struct process *chains[CHAINS]; /* by PID: living ones */
	struct process **all;
	size_t n, most;
	struct process *others;
	const struct process_stats **rows;
};

struct model *model__new(const struct model_config *config)
{
	struct model *m = calloc(1, sizeof(*m));

	if (m)
		m->config = *config;
	return m;
}

void model__free(struct model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		process__free(m->all[i]);
	process__free(m->others);
	free(m->all);
	free(m->rows);
	free(m);
}

/* ---- the table ---- */

struct process *model__find(struct model *m, __u32 pid)
{
	struct process *p = m->chains[pid & (CHAINS - 1)];

	while (p && p->stats.pid != pid)
		p = p->next;
	return p;
}

static void unlink_process(struct model *m, struct process *p)
{
	struct process **at = &m->chains[p->stats.pid & (CHAINS - 1)];

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

struct process *model__add(struct model *m, __u32 pid, __u64 start_ns)
{
	struct process *p = model__find(m, pid), **more;

	if (p)
		return p;
	if (m->n == m->most) {
		size_t most = m->most ? m->most * 2 : 256;

		more = realloc(m->all, most * sizeof(*more));
		if (!more)
			return NULL;
		m->all = more;
		m->most = most;
	}
	p = process__new(pid, start_ns);
	if (!p)
		return NULL;
	p->unseen = true;
	p->stats.malloc_known = m->config.level >= LEVEL_SIZES;
	p->next = m->chains[pid & (CHAINS - 1)];
	m->chains[pid & (CHAINS - 1)] = p;
	m->all[m->n++] = p;
	return p;
}

static void want_maps(struct model *m, struct process *p, bool image)
{
	if (m->config.maps_wanted)
		m->config.maps_wanted(p->stats.pid, image, m->config.arg);
}

/* The process of an event, which may be its first: its fork went before the agent, or spilled. */
static struct process *process_of(struct model *m, __u32 pid)
{
	struct process *p = model__find(m, pid);

	if (p)
		return p;
	p = model__add(m, pid, 0);
	if (p)
		want_maps(m, p, false);
	return p;
}

static void end_process(struct model *m, struct process *p)
{
	process__end(p);
	unlink_process(m, p);
}

/* vfork: until its exec the child's mappings are its parent's. */
static struct process *owner_of_mm(struct model *m, struct process *p)
{
	struct process *owner = p->borrows ? model__find(m, p->borrows) : NULL;

	return owner ? owner : p;
}

/* ---- mappings from the kernel's list ---- */

struct keep {
	struct ledger *into;
	const struct region *now; /* a mapping that there is */
	int err;
};

/* The part of a known region that is still mapped keeps what is known of it. */
static bool keep_known(const struct region *known, void *arg)
{
	struct keep *k = arg;
	struct region r = *known;

	if (r.start >= k->now->end)
		return false;
	if (r.end <= k->now->start)
		return true;
	r.start = r.start > k->now->start ? r.start : k->now->start;
	r.end = r.end < k->now->end ? r.end : k->now->end;
	r.usable = k->now->usable;
	k->err = ledger__map(&k->into, &r);
	return !k->err;
}

static int seed_ledger(struct process *p, const struct region *regions, size_t n)
{
	struct keep k = {.into = ledger__new()};

	if (!k.into)
		return -ENOMEM;
	for (size_t i = 0; i < n && !k.err; i++) {
		k.err = ledger__map(&k.into, &regions[i]);
		k.now = &regions[i];
		if (!k.err)
			ledger__each(p->ledger, keep_known, &k);
	}
	if (k.err) {
		ledger__free(k.into);
		return k.err;
	}
	ledger__free(p->ledger);
	p->ledger = k.into;
	return 0;
}

/* The break: from its own mapping, or, where nothing has been asked of it yet, its start alone. */
static void seed_heap(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		      __u64 start_brk)
{
	__u64 end = start_brk, start = start_brk;

	for (size_t i = 0; i < n; i++) {
		if (maps[i].kind != MAPPING_HEAP)
			continue;
		if (!start || start > maps[i].start)
			start = maps[i].start;
		if (maps[i].end > end)
			end = maps[i].end;
	}
	process__set_heap(p, start, end, m->config.page_size);
}

int model__seed(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		__u64 start_brk)
{
	struct region *regions;
	int err;

	if (!p->ledger)
		return 0;
	regions = calloc(n ? n : 1, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	err = seed_ledger(p, regions, evidence__regions(maps, n, regions));
	free(regions);
	if (err)
		return err;
	p->stale = p->unseen = false;
	p->image_bytes = p->image_regions = 0;
	seed_heap(m, p, maps, n, start_brk);
	process__update_live(p);
	return 0;
}

/* ---- events ---- */

/* What malloc does outside of its arenas, by mmap or by mremap, is for one block. */
static enum cause route_cause(struct model *m, enum cause cause, const struct site *ip,
			      const struct site *caller)
{
	if (cause == CAUSE_ARENA)
		return cause;
	return cause_is_allocator(m->config.causes, ip, caller) ? CAUSE_MALLOC : CAUSE_DIRECT;
}

static int count_event(struct process *p, const struct event *e, enum cause cause)
{
	struct count c = {.type = e->type,
			  .op = e->op,
			  .flags = e->flags,
			  .bucket = size_bucket(e->size),
			  .cause = cause,
			  .calls = 1,
			  .bytes = e->size};

	return process__count(p, &c);
}

/* The request that malloc's own mmap or mremap was made for. */
static int count_request(struct model *m, struct process *p, const struct event_map *e,
			 enum cause cause)
{
	struct count c = {.type = EVENT_ROUTE,
			  .bucket = size_bucket(e->request),
			  .cause = route_cause(m, cause, &e->ip, &e->caller),
			  .calls = 1,
			  .bytes = e->request};

	return e->e.flags & EVENT_F_REQUEST ? process__count(p, &c) : 0;
}

static __u64 page_up(const struct model *m, __u64 bytes)
{
	return (bytes + m->config.page_size - 1) & ~(m->config.page_size - 1);
}

static __u64 page_down(const struct model *m, __u64 addr)
{
	return addr & ~(m->config.page_size - 1);
}

static int apply_mmap(struct process *mm, const struct event_map *e, enum cause cause)
{
	struct region r = {.start = e->result,
			   .end = e->result + e->e.size,
			   .born_ns = e->e.ts_ns,
			   .request = e->e.flags & EVENT_F_REQUEST ? e->request : 0,
			   .cause = cause,
			   .usable = e->prot != 0};

	/* A piece that malloc takes back inside one of its arenas is no new one. */
	if (cause == CAUSE_ARENA && e->addr == e->result) {
		struct region at;

		if (ledger__find(mm->ledger, r.start, &at) && at.cause == CAUSE_ARENA &&
		    at.end >= r.end && at.start < r.start)
			return ledger__protect(&mm->ledger, r.start, r.end, r.usable);
	}
	return ledger__map(&mm->ledger, &r);
}

static int apply_mremap(struct model *m, struct process *mm, const struct event_map *e,
			enum cause cause)
{
	__u64 old_len = page_up(m, e->offset), new_len = page_up(m, e->length);
	bool keep = !old_len || e->flags & REMAP_DONTUNMAP;

	/* Length 0 makes a second mapping of the same pages: as long as the new one. */
	return ledger__remap(&mm->ledger, e->addr, old_len ? old_len : new_len, e->result, new_len,
			     keep, cause);
}

static int apply_map(struct model *m, struct process *mm, const struct event_map *e,
		     enum cause cause)
{
	__u64 start = page_down(m, e->addr);

	switch (e->e.type) {
	case EVENT_MMAP:
		return apply_mmap(mm, e, cause);
	case EVENT_MREMAP:
		return apply_mremap(m, mm, e, cause);
	case EVENT_MUNMAP:
		return ledger__unmap(&mm->ledger, start, start + e->e.size);
	default:
		return ledger__protect(&mm->ledger, start, start + e->e.size, e->prot != 0);
	}
}

static bool map_failed(const struct event *e)
{
	return e->type == EVENT_MREMAP ? e->op == REMAP_REFUSED : e->op == MAP_REFUSED;
}

/* Why the range was mapped, now or before. */
static enum cause cause_of_map(struct model *m, struct process *mm, const struct event_map *e)
{
	struct region at;

	if (e->e.type == EVENT_MMAP)
		return cause_of(m->config.causes, e->e.flags, &e->ip, &e->caller);
	if (mm->ledger && ledger__find(mm->ledger, e->addr, &at))
		return at.cause;
	if (e->e.type == EVENT_MREMAP && cause_is_allocator(m->config.causes, &e->ip, &e->caller))
		return CAUSE_MALLOC;
	return CAUSE_UNATTRIBUTED;
}

static int on_map(struct model *m, struct process *p, const struct event_map *e, struct note *note)
{
	struct process *mm = owner_of_mm(m, p);
	enum cause cause = cause_of_map(m, mm, e);
	int err;

	note->cause = cause == CAUSE_UNATTRIBUTED && e->e.type != EVENT_MMAP ? CAUSE_COUNT : cause;
	err = count_event(p, &e->e, cause);
	if (!err)
		err = count_request(m, p, e, cause);
	if (err || map_failed(&e->e) || !mm->ledger)
		return err;
	/* Ranges that wrap are the kernel's no: there is nothing to apply. */
	err = apply_map(m, mm, e, cause);
	process__update_live(mm);
	return err == -EINVAL ? 0 : err;
}

static int on_brk(struct model *m, struct process *p, const struct event_brk *e)
{
	process__set_heap(owner_of_mm(m, p), e->start, e->after, m->config.page_size);
	return count_event(p, &e->e, CAUSE_UNATTRIBUTED);
}

static void set_comm(struct process *p, const char comm[16])
{
	memcpy(p->stats.comm, comm, 15);
	p->stats.comm[15] = 0;
}

static int inherit(struct process *child, const struct process *parent)
{
	struct process_stats *to = &child->stats;
	const struct process_stats *from = &parent->stats;
	int err = process__set_text(&to->exe, from->exe);

	if (!err)
		err = process__set_text(&to->cgroup, from->cgroup);
	if (!err)
		err = process__set_text(&to->allocator_object, from->allocator_object);
	to->allocator = from->allocator;
	to->allocator_probed = from->allocator_probed;
	to->malloc.arena_split = from->malloc.arena_split;
	child->allocator_seen = parent->allocator_seen;
	child->image_bytes = parent->image_bytes;
	child->image_regions = parent->image_regions;
	child->stale = parent->stale;
	child->unseen = parent->unseen;
	if (parent->ledger) {
		ledger__free(child->ledger);
		child->ledger = ledger__share(parent->ledger);
		if (!child->ledger)
			return -ENOMEM;
	}
	return err;
}

/* A PID comes again: the exit of who had it before has been spilled. */
static struct process *fresh_process(struct model *m, const struct event_task *t)
{
	struct process *p = model__find(m, t->e.tgid);

	if (p && p->stats.start_ns && p->stats.start_ns / 10000000 != t->start_ns / 10000000)
		end_process(m, p);
	return model__add(m, t->e.tgid, t->start_ns);
}

static int on_process_fork(struct model *m, const struct event_task *t, struct note *note)
{
	struct process *child = fresh_process(m, t);
	struct process *parent = model__find(m, t->e.tid); /* who forked; ppid may be another */
	int err = 0;

	if (!child)
		return -ENOMEM;
	child->stats.start_ns = t->start_ns;
	child->stats.ppid = t->ppid;
	set_comm(child, t->comm);
	if (parent && parent != child)
		err = inherit(child, parent);
	else
		want_maps(m, child, false);
	if (t->e.flags & EVENT_F_SHARED_MM)
		child->borrows = t->e.tid;
	process__set_heap(child, t->brk_start, t->brk_end, m->config.page_size);
	process__update_live(child);
	note->process = child;
	return err;
}

static int on_process_exec(struct model *m, const struct event_exec *x, struct note *note)
{
	const struct event_task *t = &x->t;
	struct process *p = model__add(m, t->e.tgid, t->start_ns);
	struct ledger *fresh = ledger__new();
	int err;

	if (!p || !fresh) {
		ledger__free(fresh);
		return -ENOMEM;
	}
	note->process = p;
	ledger__free(p->ledger);
	p->ledger = fresh;
	p->stale = false;
	p->borrows = 0;
	p->image_bytes = (t->total_vm - t->stack_vm) * m->config.page_size;
	p->image_regions = t->map_count ? t->map_count - 1 : 0;
	p->unseen = false;
	p->stats.start_ns = t->start_ns;
	if (!p->stats.ppid)
		p->stats.ppid = t->ppid;
	p->stats.allocator = ALLOCATOR_UNKNOWN;
	p->stats.allocator_probed = false;
	p->allocator_seen = false;
	set_comm(p, t->comm);
	process__forget_peaks(p);
	process__set_heap(p, t->brk_start, t->brk_end, m->config.page_size);
	process__update_live(p);
	err = process__set_text(&p->stats.exe, x->path[0] ? x->path : NULL);
	if (!err)
		err = process__set_text(&p->stats.allocator_object, NULL);
	if (!err)
		err = count_event(p, &t->e, CAUSE_UNATTRIBUTED);
	want_maps(m, p, true);
	return err;
}

static void set_final(struct model *m, struct process *p, __u64 brk_start, __u64 brk_end,
		      const __s64 rss_pages[3])
{
	__u64 page = m->config.page_size;

	if (brk_end)
		process__set_heap(p, brk_start, brk_end, page);
	p->stats.rss.known = rss_pages != NULL;
	if (!rss_pages)
		return;
	p->stats.rss.anon_bytes = rss_pages[0] * page;
	p->stats.rss.file_bytes = rss_pages[1] * page;
	p->stats.rss.shmem_bytes = rss_pages[2] * page;
}

static int on_process_exit(struct model *m, const struct event_task *t, struct note *note)
{
	struct process *p = model__add(m, t->e.tgid, t->start_ns);
	const __s64 rss[] = {t->rss_anon, t->rss_file, t->rss_shmem};

	if (!p)
		return -ENOMEM;
	note->process = p;
	if (!p->stats.ppid)
		p->stats.ppid = t->ppid;
	set_comm(p, t->comm);
	set_final(m, p, t->brk_start, t->brk_end, t->e.flags & EVENT_F_MM ? rss : NULL);
	end_process(m, p);
	return 0;
}

/* Exec and exit events come whatever the comm: a process may leave the filter by them. */
static bool outside_filter(struct model *m, const struct event_task *t)
{
	struct process *p;

	if (!m->config.comm || (t->e.type != EVENT_EXEC && t->e.type != EVENT_EXIT))
		return false;
	p = model__find(m, t->e.tgid);
	if (t->e.type == EVENT_EXIT)
		return !p;
	if (!strncmp(t->comm, m->config.comm, 15))
		return false;
	if (p)
		end_process(m, p);
	return true;
}

static int on_task(struct model *m, const struct event *e, struct note *note)
{
	if (outside_filter(m, (const struct event_task *)e))
		return 0;
	switch (e->type) {
	case EVENT_FORK:
		return on_process_fork(m, (const struct event_task *)e, note);
	case EVENT_EXEC:
		return on_process_exec(m, (const struct event_exec *)e, note);
	default:
		return on_process_exit(m, (const struct event_task *)e, note);
	}
}

int model__event(struct model *m, const struct event *e, size_t size, struct note *note)
{
	struct note unused;
	struct process *p;

	note = note ? note : &unused;
	*note = (struct note){.cause = CAUSE_COUNT};
	if (!event__valid(e, size))
		return -EINVAL;
	if (e->type == EVENT_FORK || e->type == EVENT_EXEC || e->type == EVENT_EXIT)
		return on_task(m, e, note);
	p = process_of(m, e->tgid);
	if (!p)
		return -ENOMEM;
	note->process = p;
	switch (e->type) {
	case EVENT_MALLOC:
		return count_event(p, e, CAUSE_UNATTRIBUTED);
	case EVENT_BRK:
		return on_brk(m, p, (const struct event_brk *)e);
	default:
		return on_map(m, p, (const struct event_map *)e, note);
	}
}

/* ---- the spill ---- */

static struct process *spilled_owner(struct model *m, __u32 tgid, __u64 start_ns)
{
	struct process *p = model__find(m, tgid);

	if (p && p->stats.start_ns / 10000000 == start_ns / 10000000)
		return p;
	/* Perhaps it has exited already. */
	for (size_t i = m->n; i-- > 0;)
		if (m->all[i]->stats.pid == tgid &&
		    m->all[i]->stats.start_ns / 10000000 == start_ns / 10000000)
			return m->all[i];
	if (p && !p->stats.start_ns) {
		p->stats.start_ns = start_ns;
		return p;
	}
	if (p)
		end_process(m, p);
	return model__add(m, tgid, start_ns);
}

bool model__spilled(struct model *m, __u32 tgid, const struct spilled_process *s)
{
	struct process *p = spilled_owner(m, tgid, s->start_ns);
	const __s64 rss[] = {s->rss_anon, s->rss_file, s->rss_shmem};

	if (!p)
		return false;
	if (p->stats.exited) {
		if (s->mm_changed)
			p->stats.live_known = false;
		return true;
	}
	if (!p->stats.comm[0] || s->exited)
		set_comm(p, s->comm);
	if (!p->stats.ppid)
		p->stats.ppid = s->ppid;
	if (s->mm_changed) {
		p->stale = true;
		p->stats.live_known = false;
	}
	if (!s->exited)
		return false;
	set_final(m, p, s->brk_start, s->brk_end, s->exit_flags & EVENT_F_MM ? rss : NULL);
	end_process(m, p);
	return true;
}

static struct process *others_row(struct model *m)
{
	if (!m->others) {
		m->others = process__new(0, 0);
		if (m->others) {
			m->others->stats.live_known = false;
			m->others->stats.malloc_known = m->config.level >= LEVEL_SIZES;
			m->others->stats.malloc.arena_split = false;
		}
	}
	return m->others;
}

/* The ledger of p has not seen this one. */
static void miss_event(struct process *p, const struct cell_key *key)
{
	bool changes = key->type == EVENT_FORK || key->type == EVENT_EXEC ||
		       (key->type == EVENT_BRK && key->op <= BRK_SHRINK) ||
		       (key->type == EVENT_MREMAP && key->op != REMAP_REFUSED) ||
		       ((key->type == EVENT_MMAP || key->type == EVENT_MUNMAP ||
			 key->type == EVENT_MPROTECT) &&
			key->op != MAP_REFUSED);

	if (!changes)
		return;
	p->stale = true;
	p->stats.live_known = false;
	/* Another program's regions would only seem to fit. */
	if (key->type == EVENT_EXEC && p->ledger)
		ledger__unmap(&p->ledger, 0, ~0ull);
}

int model__cell(struct model *m, const struct cell_key *key, const struct cell *cell)
{
	struct count c = {.type = key->type,
			  .op = key->op,
			  .flags = key->flags,
			  .bucket = key->bucket,
			  .cause = CAUSE_UNATTRIBUTED,
			  .calls = cell->calls,
			  .bytes = cell->bytes};
	struct process *p;

	p = key->tgid ? spilled_owner(m, key->tgid, key->start_ns) : others_row(m);
	if (!p)
		return -ENOMEM;
	if (key->type == EVENT_MMAP || key->type == EVENT_ROUTE)
		c.cause = cause_of(m->config.causes, key->flags, &key->ip, &key->caller);
	if (key->type == EVENT_ROUTE)
		c.cause = route_cause(m, c.cause, &key->ip, &key->caller);
	if (key->tgid)
		miss_event(p, key);
	return process__count(p, &c);
}

/* ---- out ---- */

void model__each(struct model *m, void (*visit)(struct process *p, void *arg), void *arg)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->all[i]->stats.exited)
			visit(m->all[i], arg);
}

static void close_window(struct process *p)
{
	struct process_stats *s = &p->stats;
	__u64 brk_calls = stats__brk_calls(s), mmap_calls = stats__mmap_calls(s);
	__u64 memory = stats__memory(s);

	s->window.brk_calls = brk_calls - p->last.brk_calls;
	s->window.mmap_calls = mmap_calls - p->last.mmap_calls;
	s->window.malloc_calls = s->malloc.calls - p->last.malloc_calls;
	s->window.growth_bytes = memory - p->last.memory;
	p->last.brk_calls = brk_calls;
	p->last.mmap_calls = mmap_calls;
	p->last.malloc_calls = s->malloc.calls;
	p->last.memory = memory;
}

int model__snapshot(struct model *m, struct snapshot *s)
{
	const struct process_stats **rows = realloc(m->rows, (m->n + 1) * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	m->rows = rows;
	for (size_t i = 0; i < m->n; i++) {
		struct process *p = m->all[i];

		/* No libc that is probed, and no call seen: 0 would be a guess. */
		p->stats.malloc_known = m->config.level >= LEVEL_SIZES &&
					(p->stats.malloc.calls || p->stats.allocator_probed);
		close_window(p);
		rows[i] = &p->stats;
	}
	s->processes = rows;
	s->count = m->n;
	s->others = m->others ? &m->others->stats : NULL;
	return 0;
}

void model__forget_exited(struct model *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->all[i]->stats.exited)
			process__free(m->all[i]);
		else
			m->all[kept++] = m->all[i];
	}
	m->n = kept;
}

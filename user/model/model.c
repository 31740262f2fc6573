/*
 * model.c - all processes and their numbers: the table, and snapshots of it.
 *
 * A process is found by its PID among those that live; one that has exited
 * stays in the list, under the same PID as whatever comes after it.
 */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>

#include "model/holes.h"
#include "model/space.h"
#include "model/state.h"

struct model *model__new(const struct model_config *config)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->config = *config;
	m->sites = call_sites__new();
	if (m->sites)
		return m;
	free(m);
	return NULL;
}

void model__free(struct model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		process__free(m->all[i]);
	process__free(m->others);
	call_sites__free(m->sites);
	free(m->all);
	free(m->rows);
	free(m);
}
bool start__same(__u64 a, __u64 b)
{
	return a / 10000000 == b / 10000000;
}

static struct process **chain_of(struct model *m, __u32 pid)
{
	return &m->chains[pid & (MODEL_CHAINS - 1)];
}

struct process *model__find(struct model *m, __u32 pid)
{
	struct process *p = *chain_of(m, pid);

	while (p && (p->stats.pid != pid || p->gone))
		p = p->next;
	return p;
}

struct process *model__find_start(struct model *m, __u32 pid, __u64 start_ns)
{
	struct process *p = *chain_of(m, pid);

	while (p && (p->stats.pid != pid || !start__same(p->stats.start_ns, start_ns)))
		p = p->next;
	return p;
}

bool model__has_ended(struct model *m, __u32 pid, __u64 start_ns)
{
	const struct process *p = model__find_start(m, pid, start_ns);

	return p && p->gone;
}

static void unlink_process(struct model *m, struct process *p)
{
	struct process **at = chain_of(m, p->stats.pid);

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

struct process *model__others(struct model *m)
{
	if (m->others)
		return m->others;
	m->others = process__new(0, 0);
	if (!m->others)
		return NULL;
	m->others->stats.live_known = false;
	m->others->stats.malloc_known = m->config.level >= LEVEL_SIZES;
	m->others->stats.malloc.arena_split = false;
	return m->others;
}

/* The address space of p lives on in those that it was lent to: the first is now whose it is. */
static void hand_on(struct model *m, struct process *p)
{
	struct process *heir = NULL;

	for (size_t i = 0; i < m->n && m->borrowers; i++) {
		struct process *q = m->all[i];

		if (q->gone || q == p || q->borrows != p->stats.pid)
			continue;
		q->borrows = heir ? heir->stats.pid : 0;
		if (heir)
			continue;
		heir = q;
		m->borrowers--;
		process__lend_live(q, p);
		ledger__free(q->ledger);
		q->ledger = ledger__share(p->ledger);
		list__free(q->list);
		ledger__free(q->holes);
		q->holes = holes__share(p->holes);
		q->list = p->list;
		p->list = NULL;
		pairing__free(q->pairing);
		q->pairing = p->pairing;
		p->pairing = NULL;
		q->unpaired = q->unpaired ? q->unpaired : p->unpaired;
		q->stale = p->stale;
		q->unseen = p->unseen;
		q->doubtful = p->doubtful;
		q->doubted_ns = p->doubted_ns;
		q->taken = p->taken;
		q->stack_is_code = p->stack_is_code;
		q->reread_ns = p->reread_ns;
		q->changed_ns = p->changed_ns;
		q->image_bytes = p->image_bytes;
		q->image_regions = p->image_regions;
	}
}

void model__own(struct model *m, struct process *p, struct ledger *fresh)
{
	if (p->borrows)
		m->borrowers--;
	else
		hand_on(m, p);
	p->borrows = 0;
	process__forget_blocks(p);
	ledger__free(p->ledger);
	p->ledger = fresh;
	ledger__free(p->holes);
	p->holes = NULL;
}

void model__end(struct model *m, struct process *p)
{
	p->stats.exited = true;
	model__leave(m, p);
}

#define FEW_BLOCKS 10000

static bool few_blocks(const struct process *p)
{
	return p->pairing && blocks__total(pairing__blocks(p->pairing)).blocks <= FEW_BLOCKS;
}

static void update_blocks(struct model *m, struct process *p)
{
	struct process *owner = model__mm_owner(m, p);

	if (m->calls_missed)
		p->unpaired = UNPAIRED_MISSED;
	process__update_blocks(p, owner, m->config.level);
	/* Of a fork that only ends all is its parent's, and to look through it each time takes
	 * long. */
	if (m->config.judge && (!p->stats.exited || p->stats.execs || few_blocks(owner)))
		process__judge(p, owner, m->config.page_size);
}

static void append_exited(struct model *m, struct process *p)
{
	p->next_exited = NULL;
	*(m->exited ? m->exited_end : &m->exited) = p;
	m->exited_end = &p->next_exited;
	m->n_exited++;
}

void model__leave(struct model *m, struct process *p)
{
	if (p->borrows)
		process__lend_live(p, model__mm_owner(m, p));
	update_blocks(m, p);
	process__update_callers(p, model__mm_owner(m, p));
	/* Nobody has compared its end: what was compared before does not go with its numbers. */
	if (!p->ended_ns)
		space__forget(p);
	model__own(m, p, NULL);
	list__free(p->list);
	p->list = NULL;
	p->gone = true;
	m->spill_due |= p->in_spill;
	append_exited(m, p);
}

static void drop(struct model *m, struct process *p)
{
	struct process *last = m->all[--m->n];

	m->all[p->index] = last;
	last->index = p->index;
	unlink_process(m, p);
	process__free(p);
}

/* Machines that fork without end: the numbers stay, the rows do not. */
static void fold_exited(struct model *m)
{
	struct process *p = m->exited;

	if (m->n_exited <= MOST_EXITED || !model__others(m) || process__add_counts(m->others, p))
		return;
	m->exited = p->next_exited;
	m->n_exited--;
	m->folded = true;
	drop(m, p);
}

struct process *model__add(struct model *m, __u32 pid, __u64 start_ns)
{
	struct process *p = model__find(m, pid), **more;

	if (p)
		return p;
	fold_exited(m);
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
	p->stats.live_known = false;
	p->stats.malloc_known = m->config.level >= LEVEL_SIZES;
	p->next = *chain_of(m, pid);
	*chain_of(m, pid) = p;
	p->index = m->n;
	m->all[m->n++] = p;
	return p;
}

void model__want_maps(struct model *m, struct process *p, bool image)
{
	if (m->config.maps_wanted)
		m->config.maps_wanted(p->stats.pid, image, m->config.arg);
}

/* Its first event: its fork came before the agent, or has spilled. */
struct process *model__process_of(struct model *m, __u32 pid)
{
	struct process *p = model__find(m, pid);

	if (p)
		return p;
	p = model__add(m, pid, 0);
	if (p)
		model__want_maps(m, p, false);
	return p;
}

/*
 * vfork, CLONE_VM: the child's mappings are its parent's, until one of the two
 * goes or execs.
 */
struct process *model__mm_owner(struct model *m, struct process *p)
{
	struct process *owner = p->borrows ? model__find(m, p->borrows) : NULL;

	if (!p->borrows || owner)
		return owner ? owner : p;
	/* Who lent it was not seen going, and what is there now was not kept here. */
	p->borrows = 0;
	m->borrowers--;
	p->stale = true;
	p->stats.live_known = false;
	return p;
}

void model__changed(struct process *p, __u64 ts_ns)
{
	if (ts_ns > p->changed_ns)
		p->changed_ns = ts_ns;
	if (ts_ns >= p->reread_ns)
		return;
	p->stale = true;
	p->stats.live_known = false;
}

bool model__spill_due(const struct model *m)
{
	return m->spill_due;
}

void model__each(struct model *m, void (*visit)(struct process *p, void *arg), void *arg)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->all[i]->gone)
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
	p->last.beyond = process__beyond(p);
	p->last.memory = memory;
}

/*
 * Calls of the program that it runs now tell that they are seen, unless they are
 * another allocator's than its own; without any, it takes an allocator that is
 * probed, and no code that might be another one.
 */
static bool malloc_known(const struct model *m, const struct process *p)
{
	bool called = p->stats.estimate.seen.calls > p->calls_before_exec;

	if (m->config.level < LEVEL_SIZES)
		return false;
	/* It has come and gone between two bursts. */
	if (p->stats.estimate.is && !(p->stats.estimate.coverage > 0))
		return false;
	if (p->stats.allocator_probed)
		return called || !p->code_unknown;
	return called && (p->allocator_called || p->stats.allocator == ALLOCATOR_UNKNOWN);
}

/* The first that is true: the others follow from it, or are mended with it. */
static enum live_unknown why_not_live(const struct process *p)
{
	if (p->stats.live_known)
		return LIVE_KNOWN;
	return p->unseen ? LIVE_UNSEEN : p->doubtful ? LIVE_DOUBTFUL : LIVE_MISSED;
}

static enum space_unknown why_not_compared(const struct process *p)
{
	if (p->unseen && p->stats.space.maps_error)
		return SPACE_UNREAD;
	if (p->borrows)
		return SPACE_BORROWED;
	if (p->stack_is_code)
		return SPACE_STACK;
	if (!p->stats.live_known || !p->stats.heap.known)
		return SPACE_NOT_LIVE;
	return p->gone ? SPACE_ENDED : SPACE_CHANGED;
}

int model__snapshot(struct model *m, struct snapshot *s)
{
	const struct process_stats **rows = realloc(m->rows, (m->n + 1) * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	m->rows = rows;
	for (size_t i = 0; i < m->n; i++) {
		struct process *p = m->all[i];

		sampling__estimate(m, p, s->start_ns + s->duration_ns);
		p->stats.malloc_known = malloc_known(m, p);
		if (p->borrows && !p->gone)
			process__lend_live(p, model__mm_owner(m, p));
		if (!p->gone)
			update_blocks(m, p);
		else if (m->calls_missed)
			spilled__forget_blocks(p);
		p->stats.live_why = why_not_live(p->borrows ? model__mm_owner(m, p) : p);
		p->stats.space.why = why_not_compared(p);
		close_window(p);
		rows[i] = &p->stats;
	}
	s->processes = rows;
	s->count = m->n;
	s->unowned = m->unowned;
	s->others = m->others ? &m->others->stats : NULL;
	if (m->others)
		sampling__estimate_others(m, s->start_ns + s->duration_ns);
	return 0;
}

int model__update_callers(struct model *m)
{
	int err = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct process *p = m->all[i];

		if (!p->gone && process__update_callers(p, model__mm_owner(m, p)))
			err = -ENOMEM;
	}
	return err;
}

const struct site *model__caller_site(const struct model *m, __u32 caller)
{
	return call_sites__at(m->sites, caller);
}

__u32 model__caller_count(const struct model *m)
{
	return call_sites__count(m->sites);
}

/* Of whom the spill still has an entry would come again, with that. */
void model__forget_exited(struct model *m)
{
	struct process *p = m->exited, *next;

	m->exited = NULL;
	m->n_exited = 0;
	for (; p; p = next) {
		next = p->next_exited;
		if (p->in_spill)
			append_exited(m, p);
		else
			drop(m, p);
	}
}

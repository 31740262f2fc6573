/*
 * spilled.c - what the kernel counted itself, when the ring had no room.
 */
#include <errno.h>

#include "model/decode.h"
#include "model/space.h"
#include "model/state.h"

static struct process *spilled_owner(struct model *m, __u32 tgid, __u64 start_ns)
{
	struct process *p = model__find_start(m, tgid, start_ns);

	if (p)
		return p;
	p = model__find(m, tgid);
	if (p && !p->stats.start_ns) {
		p->stats.start_ns = start_ns;
		return p;
	}
	/* Folded, or new: who has a row keeps it.  Of an earlier start: its own is gone. */
	if (p ? p->stats.start_ns > start_ns : m->folded)
		return model__others(m);
	/* Its exit has spilled, and somebody else has its PID. */
	if (p)
		model__end(m, p);
	return model__add(m, tgid, start_ns);
}

/* Nor is what it had at its end, which may have been compared before anybody knew of the spill. */
static void forget_live(struct process *p)
{
	p->stats.live_known = false;
	space__forget(p);
}

static void make_stale(struct process *p)
{
	p->stale = true;
	forget_live(p);
}

/* Which blocks there are is not known any more. */
void spilled__forget_blocks(struct process *p)
{
	p->unpaired = UNPAIRED_MISSED;
	p->stats.paired.known = p->stats.paired.had_known = false;
	p->stats.paired.why = UNPAIRED_MISSED;
	p->stats.retained = NULL;
}

/*
 * Of p, and of whose address space it was in: it may have left it since, as a vfork's child does.
 * If it had by the last reading, which then had all from before, only its own is meant.
 */
static void each_in_space(struct model *m, struct process *p, void (*miss)(struct process *p))
{
	struct process *q = p;

	miss(p);
	if (!p->gone)
		miss(model__mm_owner(m, p));
	if (p->own_ns && p->own_ns < m->last_spill_ns)
		return;
	/* Records from elsewhere may have some lend to each other. */
	for (size_t i = 0; i < m->n && q->lender; i++) {
		struct process *lender = model__find_start(m, q->lender, q->lender_start_ns);

		if (!lender)
			return;
		miss(lender);
		if (!q->lent_on)
			return;
		q = lender;
	}
}

static void miss_call(struct model *m, struct process *p)
{
	each_in_space(m, p, spilled__forget_blocks);
	p->had_missed = true;
}

static void miss_change(struct model *m, struct process *p)
{
	each_in_space(m, p, make_stale);
}

void model__begin_spill(struct model *m, __u64 now_ns)
{
	m->changes_missed = false;
	m->last_spill_ns = m->this_spill_ns;
	m->this_spill_ns = now_ns;
}

void model__end_spill(struct model *m, __u64 now_ns)
{
	m->spilled_ns = now_ns;
}

/* All are marked once for all that is read at a time. */
void model__miss_changes(struct model *m)
{
	if (m->changes_missed)
		return;
	m->changes_missed = true;
	for (size_t i = 0; i < m->n; i++) {
		if (m->all[i]->gone)
			forget_live(m->all[i]);
		else
			make_stale(m->all[i]);
	}
}

bool model__spilled(struct model *m, __u32 tgid, const struct spilled_process *s)
{
	struct process *p = spilled_owner(m, tgid, s->start_ns);
	const __s64 rss[] = {s->rss_anon, s->rss_file, s->rss_shmem};

	if (!p)
		return false;
	m->spill_due = false;
	p->in_spill = !p->gone && !s->exited; /* or the kernel's goes, by what is answered here */
	/* Who has its PID by now says that it has ended. */
	if (p == m->others)
		return s->exited || model__find(m, tgid);
	if (p->gone) {
		if (s->mm_changed)
			miss_change(m, p);
		if (s->calls_missed)
			miss_call(m, p);
		return true;
	}
	if (!p->stats.comm[0] || s->exited)
		lifecycle__set_comm(p, s->comm);
	if (!p->stats.ppid)
		p->stats.ppid = s->ppid;
	if (s->calls_missed)
		miss_call(m, p);
	if (s->mm_changed)
		miss_change(m, p);
	if (!s->exited)
		return false;
	lifecycle__set_final(m, p, s->brk_start, s->brk_end,
			     s->exit_flags & EVENT_F_MM ? rss : NULL);
	model__end(m, p);
	return true;
}

/* Calls of malloc, and what served them: how many more they stand for; of no burst, they are none.
 */
static void sample_cell(struct model *m, struct process *p, const struct cell_key *key,
			struct count *c)
{
	__u32 bits = key->type == EVENT_ROUTE ? key->op : key->flags >> EVENT_BURST_SHIFT, times;

	times = bursts__times_of(&m->bursts, bits);
	if (!times)
		c->calls = c->bytes = 0;
	c->beyond = c->calls * (times - 1);
	c->beyond_bytes = bytes_times(c->bytes, times - 1);
	if (key->type == EVENT_MALLOC)
		sampling__count(m, p, c, bits, 0);
}

/* One that blocks are paired by; where they are not, nobody misses it. */
static bool is_call(const struct cell_key *key)
{
	return key->type == EVENT_MALLOC || key->type == EVENT_RETURN || key->type == EVENT_FREE;
}

static bool changes_mappings(const struct cell_key *key)
{
	switch (key->type) {
	case EVENT_BRK:
		return key->op <= BRK_SHRINK;
	case EVENT_MUNMAP:
		return key->op != MAP_REFUSED;
	case EVENT_FORK:
	case EVENT_EXEC:
	/* These may have done a part of it even where they failed. */
	case EVENT_MREMAP:
	case EVENT_MMAP:
	case EVENT_MPROTECT:
	case EVENT_SHMAT:
	case EVENT_SHMDT:
		return true;
	}
	return false;
}

/* Its fork has spilled, and did not say so to the model: what it changed was its parent's. */
static void note_lender(struct model *m, struct process *p)
{
	struct process *parent = model__find(m, p->stats.ppid);

	if (!parent || parent == p || p->lender)
		return;
	p->lender = parent->stats.pid;
	p->lender_start_ns = parent->stats.start_ns;
	p->lent_on = model__mm_owner(m, parent) != parent;
}

/* Another program's regions would only seem to fit; and it is in nobody else's any more. */
static int miss_exec(struct model *m, struct process *p)
{
	struct ledger *fresh;

	make_stale(p);
	if (!p->ledger)
		return 0;
	fresh = ledger__new();
	if (!fresh)
		return -ENOMEM;
	model__own(m, p, fresh);
	list__free(p->list);
	p->list = NULL;
	return 0;
}

/* The ledger of p, or of whose address space p ran in, has not seen this one. */
static int miss_event(struct model *m, struct process *p, const struct cell_key *key)
{
	if (is_call(key))
		miss_call(m, p);
	if (!changes_mappings(key))
		return 0;
	if (key->type == EVENT_EXEC)
		return miss_exec(m, p);
	if (key->type == EVENT_FORK && key->flags & EVENT_F_SHARED_MM)
		note_lender(m, p);
	miss_change(m, p);
	return 0;
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
	struct caller by;
	struct process *p;

	if (!cell__valid(key))
		return -EINVAL;
	p = key->start_ns ? spilled_owner(m, key->tgid, key->start_ns) : model__others(m);
	if (!p)
		return -ENOMEM;
	if (key->type == EVENT_MMAP || key->type == EVENT_ROUTE) {
		by = caller__of(m, key->tgid, &key->ip, &key->caller);
		c.cause = cause_of(m->config.causes, key->flags, &by.ip, &by.caller);
		if (key->type == EVENT_MMAP)
			c.caller = caller__index(m, p, &by);
		else
			c.cause = caller__route(m, c.cause, &by);
	}
	/* Nobody knows whose it was. */
	if (!key->start_ns) {
		if (key->type != EVENT_ROUTE) /* a call's, and that is counted as such */
			m->unowned += cell->calls;
		m->calls_missed |= is_call(key);
		if (changes_mappings(key))
			model__miss_changes(m);
	}
	if (key->start_ns && miss_event(m, p, key))
		return -ENOMEM;
	if (key->type == EVENT_MALLOC || key->type == EVENT_ROUTE)
		sample_cell(m, p, key, &c);
	return process__count(p, &c);
}

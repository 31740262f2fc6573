/*
 * verdict.c - what was expected beside what was measured.
 */
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int verdicts__add(struct verdicts *v, const struct verdict *one)
{
	struct verdict *more;
	size_t most;

	if (v->n == v->most) {
		most = v->most ? 2 * v->most : 256;
		more = realloc(v->all, most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		v->all = more;
		v->most = most;
	}
	v->all[v->n++] = *one;
	return 0;
}

void verdicts__clear(struct verdicts *v)
{
	free(v->all);
	*v = (struct verdicts){};
}

int verdicts__add_missing(struct verdicts *v, const char *workload, const char *reason)
{
	struct verdict one = {.outcome = OUTCOME_UNKNOWN};

	snprintf(one.workload, sizeof(one.workload), "%s", workload);
	snprintf(one.reason, sizeof(one.reason), "%s", reason);
	return verdicts__add(v, &one);
}

static enum outcome outcome_of(bool right)
{
	return right ? OUTCOME_RIGHT : OUTCOME_WRONG;
}

int verdicts__add_number(struct verdicts *v, const char *workload, const char *quantity, bool any,
			 __u64 expected, __u64 measured)
{
	struct verdict one = {.any = any,
			      .expected = expected,
			      .measured = measured,
			      .outcome = outcome_of(any ? measured : measured == expected)};

	snprintf(one.workload, sizeof(one.workload), "%s", workload);
	snprintf(one.quantity, sizeof(one.quantity), "%s", quantity);
	return verdicts__add(v, &one);
}

/* ---- measuring ---- */

/* The latest of this PID. */
static const struct process_stats *row_of(const struct snapshot *s, __u32 pid)
{
	const struct process_stats *found = NULL;

	for (size_t i = 0; i < s->count; i++)
		if (s->processes[i]->pid == pid &&
		    (!found || s->processes[i]->start_ns > found->start_ns))
			found = s->processes[i];
	return found;
}

static bool tells_rss_at_exit(const struct snapshot *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->processes[i]->exited && s->processes[i]->rss.known)
			return true;
	return false;
}

static void unknown(struct verdict *v, bool excused, const char *reason)
{
	v->outcome = excused ? OUTCOME_NOT_MEASURED : OUTCOME_UNKNOWN;
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
}

/* Is all known that it takes?  Else the verdict is made. */
static bool is_known(struct verdict *v, const struct comparison *c, const struct process_stats *p,
		     unsigned int needs)
{
	if (needs & NEEDS_CALLER && !c->callers_known)
		unknown(v, true, "who calls mmap cannot be looked up: no bpf_find_vma here");
	else if (needs & NEEDS_MALLOC && !p->malloc_known)
		unknown(v, false, "its malloc is not known to be probed");
	else if (needs & NEEDS_PAIRED && !p->paired.known)
		unknown(v, false, "not all of its calls were seen to return");
	else if (needs & NEEDS_HEAP && !p->heap.known)
		unknown(v, false, "its heap is not known");
	else if (needs & NEEDS_LIVE && !p->live_known)
		unknown(v, false, "what is live of it is not known");
	else if (needs & NEEDS_SPLIT && !stats__split(p))
		unknown(v, false, "arenas and heap are not told apart");
	else if (needs & NEEDS_RSS && !p->rss.known)
		unknown(v, !tells_rss_at_exit(c->snapshot),
			"this kernel has let the pages go when it tells of an exit");
	else
		return true;
	return false;
}

/* What a quantity was at a reading, or 0. */
static __u64 was(const struct reading *r, const char *name, __u64 page_size)
{
	struct quantity q;

	return r && !quantity__read(&q, name, &r->stats, page_size) ? q.value : 0;
}

/* What of it was there before, or came from a loader. */
static __u64 not_its_own(const struct quantity *q, const char *name, const struct baseline *base,
			 bool inherited, __u64 page_size)
{
	__u64 value;

	if (q->kind == QUANTITY_NOW || (inherited && q->kind == QUANTITY_COUNTED))
		return 0;
	if (q->kind == QUANTITY_LIVE && base->marked_again)
		return was(&base->again, name, page_size);
	value = was(&base->begin, name, page_size);
	if (base->marked_again)
		value += was(&base->again, name, page_size) - was(&base->at_exec, name, page_size);
	return value;
}

static void compare_one(struct verdict *v, const struct comparison *c, const struct claimant *who,
			const struct claim *claim)
{
	const struct process_stats *p = row_of(c->snapshot, who->pid);
	const struct baseline *base = c->instead;
	__u64 page_size = c->snapshot->page_size;
	struct quantity q;

	if (!base)
		base = baselines__find(c->baselines, who->parent ? who->parent : who->pid);
	snprintf(v->quantity, sizeof(v->quantity), "%s", claim->quantity);
	v->expected = claim->value;
	if (!p)
		unknown(v, false, "there is no row of this process");
	else if (!base)
		unknown(v, false, "where it began was not seen");
	else if (quantity__read(&q, claim->quantity, p, page_size))
		unknown(v, false, "there is no such quantity");
	else if (claim->optional && !p->allocator_probed)
		unknown(v, true, "its allocator is not probed");
	else if (is_known(v, c, p, q.needs)) {
		v->measured = q.value -
			      not_its_own(&q, claim->quantity, base, who->parent != 0, page_size);
		v->outcome = outcome_of(v->measured == v->expected);
	}
}

/* Is it a number of the level that this was measured at? */
static bool is_of_level(const struct comparison *c, const struct claim *claim)
{
	static const struct process_stats none;
	struct quantity q;

	return c->snapshot->level >= LEVEL_LIVE ||
	       quantity__read(&q, claim->quantity, &none, c->snapshot->page_size) ||
	       !(q.needs & NEEDS_PAIRED);
}

static int compare_claimant(struct verdicts *v, const struct comparison *c,
			    const struct claimant *who)
{
	struct verdict one = {.pid = who->pid};
	int err = 0;

	snprintf(one.workload, sizeof(one.workload), "%s%s", who->label, c->suffix);
	if (who->failed || who->skipped || !who->count) {
		unknown(&one, who->skipped && !who->failed,
			*who->reason ? who->reason : "it expects nothing");
		return verdicts__add(v, &one);
	}
	for (size_t i = 0; i < who->count && !err; i++) {
		struct verdict next = one;

		if (!is_of_level(c, &c->claims->all[who->first + i]))
			continue;
		compare_one(&next, c, who, &c->claims->all[who->first + i]);
		err = verdicts__add(v, &next);
	}
	return err;
}

int verdicts__compare(struct verdicts *v, const struct comparison *c)
{
	int err = 0;

	for (size_t i = 0; i < c->claims->n_claimants && !err; i++)
		err = compare_claimant(v, c, &c->claims->claimants[i]);
	return err;
}

/* Or a number of the agent's own. */
static bool is_workload(const struct verdict *v)
{
	return v->pid || !v->quantity[0];
}

static bool is_first(const struct verdicts *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_workload(&v->all[k]) && !strcmp(v->all[k].workload, v->all[i].workload))
			return false;
	return is_workload(&v->all[i]);
}

struct verdict_sums verdicts__sum(const struct verdicts *v)
{
	struct verdict_sums s = {};

	for (size_t i = 0; i < v->n; i++) {
		enum outcome outcome = v->all[i].outcome;

		s.not_measured += outcome == OUTCOME_NOT_MEASURED;
		s.quantities += outcome != OUTCOME_NOT_MEASURED && v->all[i].quantity[0];
		s.errors += outcome == OUTCOME_WRONG || outcome == OUTCOME_UNKNOWN;
		s.workloads += is_first(v, i);
	}
	return s;
}

/*
 * baseline.c - what a process of the self-test had before its mark.
 */
#include "baseline.h"

#include <errno.h>
#include <stdlib.h>

#include "brkscope/selftest.h"

static void read_into(struct reading *r, const struct process_stats *p)
{
	r->stats = *p;
	r->histograms = p->histograms ? *p->histograms : (struct histograms){};
	r->stats.histograms = &r->histograms;
	r->stats.exe = r->stats.cgroup = r->stats.allocator_object = NULL;
}

static bool is_mark(const struct event *e)
{
	const struct event_map *m = (const struct event_map *)e;

	return e->type == EVENT_MUNMAP && e->op == MAP_REFUSED &&
	       m->addr == SELFTEST_MARK_ADDRESS && m->length == SELFTEST_MARK_LENGTH;
}

static struct baseline *find(const struct baselines *b, __u32 pid)
{
	struct baseline *at = b->first;

	while (at && at->pid != pid)
		at = at->next;
	return at;
}

static int mark(struct baselines *b, const struct process_stats *p)
{
	struct baseline *at = find(b, p->pid);

	if (at) {
		read_into(&at->again, p);
		at->marked_again = at->execed;
		return 0;
	}
	at = calloc(1, sizeof(*at));
	if (!at)
		return -ENOMEM;
	at->pid = p->pid;
	read_into(&at->begin, p);
	at->next = b->first;
	b->first = at;
	return 0;
}

int baselines__event(struct baselines *b, const struct event *e, const struct process_stats *p)
{
	struct baseline *at;

	if (is_mark(e))
		return mark(b, p);
	if (e->type != EVENT_EXEC)
		return 0;
	at = find(b, p->pid);
	if (at) {
		at->execed = true;
		read_into(&at->at_exec, p);
	}
	return 0;
}

const struct baseline *baselines__find(const struct baselines *b, __u32 pid)
{
	return find(b, pid);
}

void baselines__clear(struct baselines *b)
{
	struct baseline *next;

	for (; b->first; b->first = next) {
		next = b->first->next;
		free(b->first);
	}
}

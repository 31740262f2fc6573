/*
 * cmd_map_follow.c - with -d: a ledger kept by events, and what has changed in it.
 *
 * It is compared with the kernel's list while events still come: one that comes
 * meanwhile makes the comparison void.
 */
#include "cmd_map.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "cmd_callers.h"
#include "cmd_collect.h"
#include "cmd_targets.h"
#include "log.h"

static void on_event(const struct event *e, const struct note *note, void *arg)
{
	struct mapped_process *mp = e->type == EVENT_MALLOC ? NULL : map__find(arg, e->tgid);

	if (mp)
		mp->events++;
}

static void on_begun(void *arg)
{
	struct mapper *m = arg;
	size_t following = 0;

	if (collector__catch_up(m->collector))
		return;
	for (size_t i = 0; i < m->n; i++) {
		struct mapped_process *mp = &m->all[i];
		struct process *p = collector__process(m->collector, mp->pid);

		if (mp->failed || !p)
			continue;
		following++;
		mp->before = ledger__share(p->ledger);
		mp->heap_start_before = p->stats.heap.start;
		mp->heap_end_before = p->stats.heap.end;
		mp->execs_before = p->stats.execs;
		mp->since_ns = clock__boot_ns();
	}
	log__debug("following %zu process%s", following, following == 1 ? "" : "es");
}

static int find_changes(struct mapped_process *mp, const struct process *p)
{
	struct space before = {mp->before, mp->heap_start_before, mp->heap_end_before, NULL};
	struct space after = map__space(p);
	int err;

	changes__clear(&mp->changes);
	err = changes__find(&mp->changes, &before, &after, mp->since_ns);
	mp->snapshot.followed = true;
	mp->snapshot.followed_ns = mp->snapshot.time_ns - mp->since_ns;
	mp->snapshot.execs = p->stats.execs - mp->execs_before;
	mp->snapshot.changes = mp->changes.all;
	mp->snapshot.change_count = mp->changes.n;
	return err;
}

/* Between two looks into the ring, in which there is nothing new of this process. */
static int read_between(struct mapper *m, struct mapped_process *mp,
			const struct address_space *old, bool *done)
{
	struct process *p;
	struct snapshot s;
	unsigned long events;
	struct space space;
	int err = collector__catch_up(m->collector);

	/* Also where events have spilled: reads the mappings again that they have changed. */
	if (!err)
		err = collector__snapshot(m->collector, &s);
	p = err ? NULL : collector__process(m->collector, mp->pid);
	if (!p || !mp->before)
		return err ? err : -ESRCH;
	events = mp->events;
	space = map__space(p);
	err = address_space__read(&mp->space, mp->pid, &space);
	if (!err)
		err = map__take(m, mp, p, old, done);
	if (!err && *done)
		err = find_changes(mp, p);
	if (!err && *done)
		err = map__name_callers(mp, m->callers, p);
	if (!err)
		err = collector__catch_up(m->collector);
	if (!err && *done && events != mp->events) {
		mp->snapshot.settled = false;
		*done = map__last(mp);
	}
	return err;
}

static void on_ending(void *arg)
{
	struct mapper *m = arg;

	for (size_t i = 0; i < m->n; i++)
		if (!m->all[i].failed)
			map__read(m, &m->all[i], read_between);
}

int map__followed(struct mapper *m)
{
	struct collector_hooks hooks = {
		.event = on_event,
		.begun = on_begun,
		.ending = on_ending,
		.progress = true,
		.arg = m,
	};
	struct options o = *m->options;
	struct snapshot s;
	int err = -ENOMEM;

	o.level = o.level_given ? o.level : LEVEL_SYSCALLS;
	o.n_pids = 0;
	o.pids = calloc(m->n, sizeof(*o.pids));
	for (size_t i = 0; o.pids && i < m->n; i++)
		if (!m->all[i].failed)
			o.pids[o.n_pids++] = m->all[i].pid;
	if (o.pids)
		err = collector__open(&m->collector, &o, &hooks);
	if (!err) {
		m->callers = callers__new(collector__model(m->collector),
					  targets__objects(collector__targets(m->collector)));
		err = m->callers ? collector__run(m->collector) : -ENOMEM;
	}
	if (!err)
		err = collector__snapshot(m->collector, &s);
	for (size_t i = 0; i < m->n && !err; i++) {
		m->all[i].snapshot.received = s.received;
		m->all[i].snapshot.spilled = s.spilled;
		m->all[i].snapshot.lost = s.lost + s.skipped;
	}
	for (size_t i = 0; i < m->n; i++)
		ledger__free(m->all[i].before);
	callers__free(m->callers);
	collector__close(m->collector);
	free(o.pids);
	return err;
}

/*
 * cmd_map_read.c - a process's address space read until it agrees with itself; without -d at once.
 *
 * Without -d nothing is attached: the ledger is seeded from one reading of the
 * kernel's list and compared with another.
 */
#include "cmd_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_targets.h"
#include "kernel/lister.h"
#include "kernel/procfs.h"
#include "log.h"

#define READINGS_MOST 12
#define PAUSE_NS      1000000l /* before the second one; doubled each time, to two seconds in all */

static void failed(struct mapped_process *m, int err)
{
	m->failed = true;
	if (err == -ESRCH)
		log__error("PID %u: has ended while it was looked at", m->pid);
	else
		log__error("PID %u: its mappings cannot be read: %s%s", m->pid, strerror(-err),
			   err == -EACCES || err == -EPERM ? "; run as root, or as who may trace it"
							   : "");
}

static void pause_before(unsigned int reading)
{
	unsigned int doublings = reading < 9 ? reading : 9;
	struct timespec t = {.tv_nsec = PAUSE_NS << (doublings - 1)};

	nanosleep(&t, NULL);
}

/* ---- one reading ---- */

struct space map__space(const struct process *p)
{
	return (struct space){p->ledger, p->stats.heap.start, p->stats.heap.end, p->holes};
}

static int show(struct mapper *m, struct mapped_process *mp, const struct process *p)
{
	struct map_snapshot *s = &mp->snapshot;
	int err = address_space__lay_out(&mp->space, mp->pid);

	if (err)
		return err;
	free(mp->exe);
	mp->exe = p->stats.exe ? strdup(p->stats.exe) : NULL;
	s->host = m->uname.nodename;
	s->kernel = m->uname.release;
	s->page_size = sysconf(_SC_PAGESIZE);
	s->time_ns = clock__boot_ns();
	s->pid = mp->pid;
	memcpy(s->comm, p->stats.comm, sizeof(s->comm));
	s->exe = mp->exe;
	s->heap_start = p->stats.heap.start;
	s->heap_end = p->stats.heap.end;
	s->heap_unmapped_bytes = p->stats.heap.unmapped_bytes;
	s->segments = mp->space.layout.segments;
	s->count = mp->space.layout.n;
	layout__totals(&mp->space.layout, s->totals);
	s->ledger = mp->space.ledger;
	s->rss = mp->space.rss;
	return 0;
}

/*
 * *old is the reading before.  True: this one is to be shown.  Whether it is of
 * one instant, the snapshot says.
 */
static bool is_final(struct mapped_process *mp, const struct address_space *old)
{
	const struct address_space *a = &mp->space;
	struct map_snapshot *s = &mp->snapshot;
	bool agrees = !a->ledger.difference_bytes && a->rss_agrees;

	s->settled = agrees || (old->n && address_space__same(a, old));
	return s->settled || map__last(mp);
}

bool map__last(const struct mapped_process *mp)
{
	return mp->snapshot.readings == READINGS_MOST;
}

int map__take(struct mapper *m, struct mapped_process *mp, const struct process *p,
	      const struct address_space *old, bool *done)
{
	*done = is_final(mp, old);
	return *done ? show(m, mp, p) : 0;
}

void map__read(struct mapper *m, struct mapped_process *mp, map_reader read)
{
	struct address_space old = {};
	bool done = false;
	int err = 0;

	while (!err && !done) {
		if (mp->snapshot.readings++)
			pause_before(mp->snapshot.readings - 1);
		address_space__clear(&old);
		old = mp->space;
		mp->space = (struct address_space){};
		err = read(m, mp, &old, &done);
	}
	address_space__clear(&old);
	if (err)
		failed(mp, err);
}

/* ---- without -d ---- */

static struct model *new_model(struct mapper *m)
{
	struct model_config config = {
		.page_size = sysconf(_SC_PAGESIZE),
		.level = LEVEL_SYSCALLS,
		.causes = targets__causes(m->targets),
	};

	return model__new(&config);
}

/* Seeds a ledger of its own, and reads the list again; shows it if it is the last. */
static int read_once(struct mapper *m, struct mapped_process *mp, const struct address_space *old,
		     bool *done)
{
	struct model *model = new_model(m);
	struct proc_info info;
	struct process *p;
	struct space space;
	int err = model ? procfs__info(mp->pid, &info) : -ENOMEM;

	if (!err) {
		p = model__add(model, mp->pid, info.start_ns);
		err = p ? 0 : -ENOMEM;
	}
	if (!err) {
		targets__read(m->targets, model, mp->pid, false);
		err = model__settle(model);
	}
	if (!err) {
		err = p->unseen ? -ESRCH : 0;
	}
	if (!err) {
		space = map__space(p);
		err = address_space__read(&mp->space, mp->pid, &space);
	}
	if (!err)
		err = map__take(m, mp, p, old, done);
	model__free(model);
	return err;
}

static int may_be_read(__u32 pid)
{
	char *text;
	int err = procfs__text(pid, "maps", &text);

	if (!err)
		free(text);
	return err;
}

int map__now(struct mapper *m)
{
	struct lister lister;
	struct iterators *iterators = iterators__open(&lister);
	int err = targets__open(&m->targets, m->options, NULL, NULL), gone;

	if (!err)
		targets__list_by(m->targets, &lister);
	for (size_t i = 0; i < m->n && !err; i++) {
		struct mapped_process *mp = &m->all[i];

		if (mp->failed)
			continue;
		gone = may_be_read(mp->pid);
		if (gone)
			failed(mp, gone);
		else
			map__read(m, mp, read_once);
	}
	targets__close(m->targets);
	iterators__close(iterators);
	return err;
}

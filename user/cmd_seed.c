/*
 * cmd_seed.c - processes that were there before: from the kernel's lists into the model.
 *
 * A list is of no one instant.  It is read while events are collected: what
 * changes meanwhile is in the ring too, and is applied on top (ledger.h).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_mappings.h"
#include "cmd_targets_state.h"
#include "kernel/cgroup.h"
#include "kernel/procfs.h"
#include "log.h"

static struct proc_info info_of(const struct listed *p)
{
	const struct task_record *r = listed__process(p);
	struct proc_info info = {
		.tgid = r->tgid,
		.ppid = r->ppid,
		.start_ns = r->start_ns,
		.start_brk = r->start_brk,
	};

	memcpy(info.comm, r->comm, sizeof(info.comm));
	info.comm[sizeof(info.comm) - 1] = 0;
	return info;
}

static void seed(struct targets *t, struct model *m, struct process *p, const struct listed *from,
		 const struct proc_image *image)
{
	const struct object *allocator = targets__find_allocator(t, from);
	struct proc_info info = info_of(from);
	struct mappings maps = {};
	int err = mappings__take(&maps, from, t->objects);

	if (!err && image)
		mappings__keep_image(&maps, image);
	else if (!err && allocator && allocator->kind == OBJECT_GLIBC)
		mappings__prove(&maps, from->vmas->tid); /* or all stays as it is listed */
	if (!p->allocator_called)
		targets__set_allocator(t, p, allocator);
	p->allocator_seen = !image;
	targets__set_identity(p, &info);
	targets__set_paths(p);
	if (!err)
		err = (image ? model__seed : model__seed_later)(
			m, p, maps.maps, maps.n, info.start_brk, from->vmas->read_ns);
	if (err)
		log__error("PID %u: no memory for its mappings", from->pid);
	mappings__clear(&maps);
}

static void read_listed(struct targets *t, struct model *m, const struct listed *from, bool image)
{
	struct process *p = model__find(m, from->pid);
	struct proc_info info = info_of(from);
	struct proc_image parts;

	if (p && from->n_vmas && targets__same_process(p, &info) &&
	    (!image || !procfs__image(from->pid, &parts)))
		seed(t, m, p, from, image ? &parts : NULL);
}

void targets__read(struct targets *t, struct model *m, __u32 pid, bool image)
{
	struct listing l;

	if (!listing__read(&l, &t->lister, pid) && l.n)
		read_listed(t, m, l.processes, image);
	listing__clear(&l);
}

struct seeding {
	struct targets *t;
	struct model *m;
	const struct listing *from;
};

static bool is_wanted(const struct options *o, __u32 pid)
{
	for (size_t i = 0; i < o->n_pids; i++)
		if (o->pids[i] == pid)
			return true;
	return false;
}

static bool in_filter(const struct targets *t, __u32 pid, const struct proc_info *info)
{
	const struct options *o = t->options;

	if (pid == (__u32)getpid())
		return false;
	if (o->command && info->ppid != (__u32)getpid())
		return false;
	if (o->n_pids && !is_wanted(o, pid))
		return false;
	return !o->comm || !strncmp(info->comm, o->comm, 15);
}

/* NULL: there is no memory for it, or it has ended since. */
static struct process *add(const struct seeding *s, __u32 pid, __u64 start_ns)
{
	return model__has_ended(s->m, pid, start_ns) ? NULL : model__add(s->m, pid, start_ns);
}

/* It has no memory any more, and is not a row without numbers until its parent asks for it. */
static bool is_zombie(const struct listed *from)
{
	struct proc_info info;

	return !from->n_vmas && !procfs__info(from->pid, &info) && info.ended;
}

static void seed_listed(const struct seeding *s, const struct listed *from)
{
	struct proc_info info = info_of(from);

	if (!is_zombie(from) && in_filter(s->t, from->pid, &info) &&
	    add(s, from->pid, info.start_ns))
		read_listed(s->t, s->m, from, false);
}

static int seed_process(__u32 pid, void *arg)
{
	const struct seeding *s = arg;
	const struct listed *from = listing__find(s->from, pid);

	if (from)
		seed_listed(s, from);
	return 0;
}

/* The iterator can leave one out that /proc has: all that is known of it is that it is there. */
static int seed_unlisted(__u32 pid, void *arg)
{
	const struct seeding *s = arg;
	struct proc_info info;
	struct process *p;

	if (listing__find(s->from, pid) || procfs__info(pid, &info) || info.kernel_thread ||
	    info.ended || !in_filter(s->t, pid, &info))
		return 0;
	p = add(s, pid, info.start_ns);
	if (p)
		targets__set_identity(p, &info);
	return 0;
}

/* pid 0: every process, in one reading. */
static void seed_all(struct targets *t, struct model *m, __u32 pid)
{
	const char *cgroup = t->options->cgroup;
	struct seeding s = {.t = t, .m = m};
	__u64 begin_ns = clock__boot_ns();
	struct listing l;

	if (listing__read(&l, &t->lister, pid)) {
		log__error("listing the processes: no memory");
		return;
	}
	s.from = &l;
	if (cgroup)
		cgroup__each(cgroup, seed_process, &s);
	for (size_t i = 0; i < l.n && !cgroup; i++)
		seed_listed(&s, &l.processes[i]);
	if (!pid && !cgroup)
		procfs__each(seed_unlisted, &s);
	log__debug("%zu processes read in %.1f ms", l.n, (clock__boot_ns() - begin_ns) / 1e6);
	listing__clear(&l);
}

void targets__seed(struct targets *t, struct model *m)
{
	const struct options *o = t->options;

	if (!o->n_pids || o->cgroup)
		seed_all(t, m, 0);
	for (size_t i = 0; i < o->n_pids && !o->cgroup; i++)
		seed_all(t, m, o->pids[i]);
}

/*
 * cmd_targets.c - who is watched: which processes, what they map, which allocator they use.
 */
#include "cmd_targets.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_mappings.h"
#include "kernel/cgroup.h"
#include "kernel/objects.h"
#include "kernel/probes.h"
#include "kernel/procfs.h"
#include "log.h"
#include "model/space.h"

#define MOST_LINKED_PIDS 8

/* include/linux/errno.h: what a uprobe on an instruction that cannot be stepped says */
#define ENOTSUPP 524

struct targets {
	const struct options *options;
	struct probes *probes;
	struct objects *objects;
	struct cause_table *causes;
	bool *probed; /* by object index */
	size_t n_probed;
	size_t n_causes; /* objects whose code is in the cause table */
};

int targets__check_pids(const __u32 *pids, size_t n)
{
	struct proc_info info;

	for (size_t i = 0; i < n; i++) {
		if (procfs__info(pids[i], &info)) {
			log__error("PID %u: there is no such process; see: ps -e", pids[i]);
			return -ESRCH;
		}
		if (info.tgid != pids[i]) {
			log__error("PID %u: is a thread, of process %u; give that", pids[i],
				   info.tgid);
			return -ESRCH;
		}
		if (info.kernel_thread) {
			log__error("PID %u: is the kernel's own, and has no memory to watch",
				   pids[i]);
			return -ESRCH;
		}
	}
	return 0;
}

/* ---- objects: causes and probes ---- */

static int add_range(struct targets *t, const struct object *o, enum code_kind kind,
		     const struct code_span *span)
{
	struct code_range r = {
		.ino = o->ino, .dev = o->dev, .kind = kind, .lo = span->lo, .hi = span->hi};

	return cause_table__add(t->causes, &r);
}

static int add_causes_of(struct targets *t, const struct object *o)
{
	enum code_kind allocator = o->kind == OBJECT_MUSL ? CODE_MUSL : CODE_GLIBC;
	int err = 0;

	if (o->kind == OBJECT_LOADER)
		err = add_range(t, o, CODE_LOADER, &o->text);
	if (!object__is_libc(o))
		return err;
	for (unsigned int i = 0; i < o->n_internal && !err; i++)
		err = add_range(t, o, allocator, &o->internal[i]);
	for (unsigned int i = 0; i < o->n_wrappers && !err; i++)
		err = add_range(t, o, CODE_WRAPPER, &o->wrapper[i]);
	return err;
}

/* Those of every object that is new. */
static int add_causes(struct targets *t)
{
	int err = 0;

	while (t->n_causes < objects__count(t->objects) && !err) {
		const struct object *o = objects__get(t->objects, t->n_causes++);

		probes__learn_wrappers(t->probes, o);
		err = add_causes_of(t, o);
	}
	return err;
}

struct look {
	struct targets *t;
	__u32 pid;
};

static int look_at_map(const struct proc_map *map, void *arg)
{
	struct look *l = arg;

	if (map->ino && map->perms[2] == 'x')
		objects__of_mapping(l->t->objects, l->pid, map);
	return 0;
}

static int look_at_process(__u32 pid, void *arg)
{
	struct look l = {arg, pid};

	procfs__maps(pid, look_at_map, &l);
	return 0;
}

/* Libraries that a program may bring which no process has mapped yet. */
static void look_at_libcs(struct targets *t)
{
	char path[PROC_PATH_MAX];
	glob_t g;

	if (!glob("/lib/ld-musl-*.so.1", 0, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			objects__of_path(t->objects, g.gl_pathv[i]);
		globfree(&g);
	}
	if (t->options->command && objects__interpreter(t->options->command[0], path, sizeof(path)))
		objects__of_path(t->objects, path);
}

int targets__open(struct targets **out, const struct options *o, struct probes *probes)
{
	struct targets *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	t->options = o;
	t->probes = probes;
	t->objects = objects__new();
	t->causes = cause_table__new();
	if (!t->objects || !t->causes)
		goto fail;
	err = procfs__each(look_at_process, t);
	if (err) {
		log__error("/proc: %s", strerror(-err));
		goto fail;
	}
	look_at_libcs(t);
	err = add_causes(t);
	if (err)
		goto fail;
	*out = t;
	return 0;
fail:
	targets__close(t);
	return err;
}

void targets__close(struct targets *t)
{
	if (!t)
		return;
	objects__free(t->objects);
	cause_table__free(t->causes);
	free(t->probed);
	free(t);
}

const struct cause_table *targets__causes(const struct targets *t)
{
	return t->causes;
}

struct objects *targets__objects(const struct targets *t)
{
	return t->objects;
}

/* One file that cannot be probed, whoever brought it, is no reason to watch nothing. */
static bool attach_object(struct targets *t, size_t index, const __u32 *pids, size_t n)
{
	const struct object *o = objects__get(t->objects, index);
	int err = probes__attach_object(t->probes, o, index, pids, n);

	if (!err)
		log__debug("probing malloc in %s", o->path);
	else if (err != -ESRCH)
		log__note("%s: malloc in it cannot be probed: %s; processes that use it have no "
			  "malloc numbers",
			  o->path, err == -ENOTSUPP ? "the kernel cannot" : strerror(-err));
	return !err;
}

int targets__attach(struct targets *t, const __u32 *pids, size_t n)
{
	size_t count = objects__count(t->objects), libcs = 0;

	t->probed = calloc(count ? count : 1, sizeof(*t->probed));
	if (!t->probed)
		return -ENOMEM;
	t->n_probed = count;
	/* A link for each process and libc: with many, one for all and the filter are cheaper. */
	if (n > MOST_LINKED_PIDS)
		n = 0;
	for (size_t i = 0; i < count; i++) {
		if (!object__is_libc(objects__get(t->objects, i)))
			continue;
		t->probed[i] = attach_object(t, i, pids, n);
		libcs += t->probed[i];
	}
	if (libcs)
		return 0;
	log__error("malloc can be probed in no C library that a process maps; -l syscalls does "
		   "without");
	return -ENOENT;
}

/* ---- processes ---- */

struct reading {
	struct targets *t;
	__u32 pid;
	const struct object *allocator;
};

/* Whoever defines malloc before libc does in the search order takes its place. */
static bool takes_over(const struct object *o, const struct object *from)
{
	if (!o || o->kind == OBJECT_PLAIN || o->kind == OBJECT_LOADER)
		return false;
	return !from || (object__is_libc(from) && !object__is_libc(o));
}

static void consider_allocator(const struct proc_map *map, void *arg)
{
	struct reading *r = arg;
	const struct object *o = objects__of_mapping(r->t->objects, r->pid, map);

	if (takes_over(o, r->allocator))
		r->allocator = o;
}

static enum allocator_kind allocator_kind(const struct object *o)
{
	switch (o->kind) {
	case OBJECT_GLIBC:
		return ALLOCATOR_GLIBC;
	case OBJECT_MUSL:
		return ALLOCATOR_MUSL;
	case OBJECT_JEMALLOC:
		return ALLOCATOR_JEMALLOC;
	case OBJECT_TCMALLOC:
		return ALLOCATOR_TCMALLOC;
	case OBJECT_MIMALLOC:
		return ALLOCATOR_MIMALLOC;
	default:
		return ALLOCATOR_OTHER;
	}
}

static void set_allocator(struct targets *t, struct process *p, const struct object *o)
{
	size_t index;

	if (!o)
		return;
	index = objects__index(t->objects, o);
	p->has_allocator = true;
	p->allocator_index = index;
	p->stats.allocator = allocator_kind(o);
	p->stats.allocator_probed = index < t->n_probed && t->probed[index];
	process__set_text(&p->stats.allocator_object, o->path);
}

/* The same process as the model's, not one that has its PID by now? */
static bool same_process(const struct process *p, const struct proc_info *info)
{
	return !p->stats.start_ns || p->stats.start_ns / 10000000 == info->start_ns / 10000000;
}

static void set_identity(struct process *p, const struct proc_info *info)
{
	if (!p->stats.start_ns)
		p->stats.start_ns = info->start_ns;
	if (!p->stats.ppid)
		p->stats.ppid = info->ppid;
	memcpy(p->stats.comm, info->comm, sizeof(p->stats.comm));
}

static void set_paths(struct process *p)
{
	char path[PROC_PATH_MAX];

	if (!procfs__exe(p->stats.pid, path, sizeof(path)))
		process__set_text(&p->stats.exe, path);
	if (!procfs__cgroup(p->stats.pid, path, sizeof(path)))
		process__set_text(&p->stats.cgroup, path);
}

void targets__read(struct targets *t, struct model *m, __u32 pid, bool image)
{
	struct process *p = model__find(m, pid);
	struct reading r = {.t = t, .pid = pid};
	struct mappings maps = {};
	__u64 read_ns = clock__boot_ns();
	struct proc_image parts;
	struct proc_info info;

	if (!p || procfs__info(pid, &info) || !same_process(p, &info) ||
	    (image && procfs__image(pid, &parts)))
		return;
	if (!mappings__read(&maps, pid, consider_allocator, &r) && maps.n) {
		if (image)
			mappings__keep_image(&maps, &parts);
		else if (r.allocator && r.allocator->kind == OBJECT_GLIBC)
			mappings__prove(&maps, pid); /* or all stays as it is listed */
		if (!image)
			set_allocator(t, p, r.allocator);
		p->allocator_seen = !image;
		set_identity(p, &info);
		set_paths(p);
		add_causes(t);
		if (model__seed(m, p, maps.maps, maps.n, info.start_brk, read_ns))
			log__error("PID %u: no memory for its mappings", pid);
	}
	mappings__clear(&maps);
}

static const struct object *allocator_of(const struct targets *t, const struct process *p)
{
	return p->has_allocator ? objects__get(t->objects, p->allocator_index) : NULL;
}

/* Whose malloc it is cannot be told before its own calls do, or its mappings are read. */
static void doubt_allocator(struct process *p)
{
	p->code_unknown = true;
	p->has_allocator = false;
	p->stats.allocator = ALLOCATOR_UNKNOWN;
	p->stats.allocator_probed = false;
	process__set_text(&p->stats.allocator_object, NULL);
}

void targets__saw_code(struct targets *t, struct process *p, const struct event_map *e)
{
	const struct object *o = NULL;

	if (e->file.ino && e->file.dev != SITE_ADDRESS)
		o = objects__of_range(t->objects, p->stats.pid, &e->file, e->result,
				      e->result + e->e.size);
	if (!o)
		doubt_allocator(p);
	else if (!p->code_unknown && takes_over(o, allocator_of(t, p)))
		set_allocator(t, p, o);
	add_causes(t);
}

void targets__saw_malloc(struct targets *t, struct process *p, unsigned int index)
{
	set_allocator(t, p, objects__get(t->objects, index));
}

/* Once after each exec, when its libraries are loaded: a preloaded one comes before libc. */
static void look_for_allocator(struct targets *t, struct process *p)
{
	struct reading r = {.t = t, .pid = p->stats.pid};
	struct mappings maps = {};

	if (p->allocator_seen)
		return;
	if (!mappings__read(&maps, p->stats.pid, consider_allocator, &r) && r.allocator) {
		set_allocator(t, p, r.allocator);
		p->allocator_seen = true;
		p->code_unknown = false;
	}
	mappings__clear(&maps);
}

static int resolve_in_map(const struct proc_map *map, void *arg)
{
	struct site *site = arg;
	__u64 addr = site->ino, off = addr - map->start + map->offset;

	if (addr < map->start || addr >= map->end)
		return 0;
	*site = (struct site){.ino = map->ino, .dev = map->dev, .off = off};
	return 1;
}

void targets__resolve(__u32 pid, struct site *site)
{
	if (pid)
		procfs__maps(pid, resolve_in_map, site);
}

struct seeding {
	struct targets *t;
	struct model *m;
};

static bool listed(const struct options *o, __u32 pid)
{
	for (size_t i = 0; i < o->n_pids; i++)
		if (o->pids[i] == pid)
			return true;
	return false;
}

static bool in_filter(const struct targets *t, __u32 pid, const struct proc_info *info)
{
	const struct options *o = t->options;

	if (info->kernel_thread || pid == (__u32)getpid())
		return false;
	if (o->command && info->ppid != (__u32)getpid())
		return false;
	if (o->n_pids && !listed(o, pid))
		return false;
	return !o->comm || !strncmp(info->comm, o->comm, 15);
}

static int seed_process(__u32 pid, void *arg)
{
	struct seeding *s = arg;
	struct proc_info info;

	if (procfs__info(pid, &info) || !in_filter(s->t, pid, &info))
		return 0;
	if (model__add(s->m, pid, info.start_ns))
		targets__read(s->t, s->m, pid, false);
	return 0;
}

void targets__seed(struct targets *t, struct model *m)
{
	const struct options *o = t->options;
	struct seeding s = {t, m};

	if (o->cgroup)
		cgroup__each(o->cgroup, seed_process, &s);
	else if (!o->n_pids)
		procfs__each(seed_process, &s);
	for (size_t i = 0; i < o->n_pids && !o->cgroup; i++)
		seed_process(o->pids[i], &s);
}

void targets__refresh(struct targets *t, struct model *m, struct process *p)
{
	struct proc_info info;
	struct proc_size size;
	__u64 read_ns;

	p->counted.read_ns = 0;
	space__forget(p);
	if (procfs__info(p->stats.pid, &info) || !same_process(p, &info)) {
		p->stats.rss.known = false;
		return;
	}
	if (p->stale || p->unseen || p->doubtful)
		targets__read(t, m, p->stats.pid, false);
	look_for_allocator(t, p);
	set_identity(p, &info);
	set_paths(p);
	read_ns = clock__boot_ns();
	p->stats.rss.known = !procfs__size(p->stats.pid, &size);
	if (!p->stats.rss.known)
		return;
	p->stats.rss.anon_bytes = size.anon_bytes;
	p->stats.rss.file_bytes = size.file_bytes;
	p->stats.rss.shmem_bytes = size.shmem_bytes;
	p->counted.bytes = size.bytes;
	p->counted.stack_bytes = size.stack_bytes;
	p->counted.read_ns = read_ns;
}

static int look_at_thread(__u32 tid, void *arg)
{
	const struct targets *t = arg;

	return probes__in_syscall(t->probes, tid);
}

static int add_for_probes(const struct proc_map *map, void *arg)
{
	__u64 *bytes = arg;

	if (procfs__is_for_probes(map))
		*bytes += map->end - map->start;
	return 0;
}

/* Looked for only where something is not explained: it is a list to read. */
static bool explained_by_probes(struct process *p)
{
	__u64 bytes = 0;

	if (procfs__maps(p->stats.pid, add_for_probes, &bytes) || !bytes)
		return false;
	space__check(p, p->counted.bytes, p->counted.stack_bytes + bytes);
	return !stats__unexplained(&p->stats);
}

bool targets__check(struct targets *t, struct process *p)
{
	/* What came since may be in the kernel's count or not. */
	if (!p->counted.read_ns || p->changed_ns >= p->counted.read_ns) {
		space__forget(p);
		return true;
	}
	space__check(p, p->counted.bytes, p->counted.stack_bytes);
	if (!p->stats.space.known || !stats__unexplained(&p->stats) || explained_by_probes(p))
		return true;
	/* The kernel may have done what a call asks for that has not returned. */
	if (!procfs__threads(p->stats.pid, look_at_thread, t))
		return false;
	space__forget(p);
	return true;
}

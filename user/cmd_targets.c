/*
 * cmd_targets.c - who is watched: which processes, what they map, which allocator they use.
 */
#include "cmd_targets_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_ahead.h"
#include "kernel/objects.h"
#include "kernel/probes.h"
#include "kernel/procfs.h"
#include "log.h"
#include "model/space.h"

/* 0, or errno. */
static int open_maps(__u32 pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Root is refused as well where a security module or a user namespace says so. */
static bool may_be_read(__u32 pid)
{
	errno = open_maps(pid);
	return errno != EACCES && errno != EPERM;
}

int targets__check_pid(__u32 pid)
{
	struct proc_info info;

	if (procfs__info(pid, &info))
		log__error("PID %u: there is no such process; see: ps -e", pid);
	else if (info.tgid != pid)
		log__error("PID %u: is a thread, of process %u; give that", pid, info.tgid);
	else if (info.kernel_thread)
		log__error("PID %u: is the kernel's own, and has no memory to watch", pid);
	else if (info.ended)
		log__error("PID %u: has ended, and has no memory any more; its parent has not "
			   "asked for its status yet (a zombie)",
			   pid);
	else if (!may_be_read(pid))
		log__error("PID %u: its mappings may not be read (/proc/%u/maps: %s); it takes "
			   "root with CAP_SYS_PTRACE, and a security module may refuse that too",
			   pid, pid, strerror(errno));
	else
		return 0;
	return -ESRCH;
}

int targets__check_pids(const __u32 *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (targets__check_pid(pids[i]))
			return -ESRCH;
	return 0;
}

/* ---- what they map ---- */

static bool is_code(const struct vma_record *r)
{
	return r->kind == VMA_FILE && r->flags & VMA_F_EXEC;
}

static const struct object *object_of(struct targets *t, const struct vma_record *r)
{
	struct site file = {.ino = r->ino, .dev = r->dev};

	return objects__of_range(t->objects, r->tid, &file, r->start, r->end);
}

static bool may_be_watched(const struct options *o, __u32 pid)
{
	for (size_t i = 0; i < o->n_pids; i++)
		if (o->pids[i] == pid)
			return true;
	return !o->n_pids;
}

/* Every file that is mapped executable now, by a process that matters.  0: by all of them. */
static int look_at_processes(struct targets *t, __u32 pid)
{
	struct listing l;
	int err = listing__read(&l, &t->lister, pid);

	for (size_t i = 0; i < l.n && !err; i++)
		for (size_t k = 0; k < l.processes[i].n_vmas; k++)
			if (may_be_watched(t->options, l.processes[i].pid) &&
			    is_code(&l.processes[i].vmas[k]))
				object_of(t, &l.processes[i].vmas[k]);
	listing__clear(&l);
	return err;
}

/* Of more the list of all is read faster than each one's. */
#define FEW_PIDS 8

static int look_at_code(struct targets *t)
{
	const struct options *o = t->options;
	int err = 0;

	if (!o->n_pids || o->n_pids > FEW_PIDS)
		return look_at_processes(t, 0);
	for (size_t i = 0; i < o->n_pids && !err; i++)
		err = look_at_processes(t, o->pids[i]);
	return err;
}

int targets__open(struct targets **out, const struct options *o, struct probes *probes,
		  struct ahead *ahead)
{
	struct targets *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	t->options = o;
	t->probes = probes;
	t->lister = probes ? probes__lister(probes) : (struct lister){.vma_fd = -1, .task_fd = -1};
	t->allocators = allocators__new(o, probes, ahead ? ahead__objects(ahead) : NULL);
	if (!t->allocators)
		goto fail;
	t->objects = allocators__objects(t->allocators);
	if (ahead) {
		err = look_at_code(t);
		if (err) {
			log__error("listing the processes: %s", strerror(-err));
			goto fail;
		}
		ahead__list(ahead, t->objects);
	}
	err = allocators__update(t->allocators);
	if (err)
		goto fail;
	*out = t;
	return 0;
fail:
	targets__close(t);
	return err;
}

void targets__list_by(struct targets *t, const struct lister *lister)
{
	t->lister = *lister;
}

void targets__close(struct targets *t)
{
	if (!t)
		return;
	allocators__free(t->allocators);
	free(t);
}

const struct cause_table *targets__causes(const struct targets *t)
{
	return allocators__causes(t->allocators);
}

struct objects *targets__objects(const struct targets *t)
{
	return t->objects;
}

int targets__attach(struct targets *t)
{
	return allocators__attach(t->allocators);
}

/* ---- processes ---- */

/*
 * Whoever comes first in the loader's search order defines malloc: the program,
 * what is preloaded or linked, libc.
 */
static int rank(const struct object *o)
{
	if (!o || !object__is_allocator(o))
		return o && o->kind == OBJECT_NAMELESS;
	return o->program ? 4 : object__is_libc(o) ? 2 : 3;
}

/* Of two libraries the loader has mapped the first one, which is the first asked, higher up. */
const struct object *targets__find_allocator(struct targets *t, const struct listed *p)
{
	const struct object *found = NULL, *o;

	for (size_t i = 0; i < p->n_vmas; i++) {
		o = is_code(&p->vmas[i]) ? object_of(t, &p->vmas[i]) : NULL;
		if (rank(o) > rank(found) || (rank(o) == rank(found) && rank(o) == 3))
			found = o;
	}
	allocators__update(t->allocators);
	return found;
}

/*
 * Its probes may have come later than the process: what it called before is not
 * in its numbers, and it has to be said from when on they count.
 */
void targets__set_allocator(struct targets *t, struct process *p, const struct object *o)
{
	struct process_stats *s = &p->stats;
	__u64 since_ns = 0;
	size_t index;

	if (!o)
		return;
	index = objects__index(t->objects, o);
	p->has_allocator = true;
	p->allocator_index = index;
	s->allocator = allocators__kind(o);
	s->allocator_probed = allocators__probed(t->allocators, index, &since_ns);
	/* Blocks from before are anywhere below the break as it is then. */
	if (!s->malloc_since_ns && since_ns > p->begun_ns)
		p->lowest_break = s->heap.end;
	s->malloc_since_ns = since_ns > p->begun_ns ? since_ns : 0;
	process__set_text(&s->allocator_object, o->path);
	/*
	 * Of what it had mapped before nothing proves that it is its arenas: only glibc's is known.
	 * An allocator that may have other memory as well has it elsewhere, as at level live.
	 */
	if ((s->allocator == ALLOCATOR_MUSL || s->allocator == ALLOCATOR_REFMALLOC) && !p->begun_ns)
		s->malloc.arena_split = false;
}

/* The same process as the model's, not one that has its PID by now? */
bool targets__same_process(const struct process *p, const struct proc_info *info)
{
	return !p->stats.start_ns || p->stats.start_ns / 10000000 == info->start_ns / 10000000;
}

void targets__set_identity(struct process *p, const struct proc_info *info)
{
	if (!p->stats.start_ns)
		p->stats.start_ns = info->start_ns;
	if (!p->stats.ppid)
		p->stats.ppid = info->ppid;
	memcpy(p->stats.comm, info->comm, sizeof(p->stats.comm));
}

void targets__set_paths(struct process *p)
{
	char path[PROC_PATH_MAX];

	if (!procfs__exe(p->stats.pid, path, sizeof(path)))
		process__set_text(&p->stats.exe, path);
	if (!procfs__cgroup(p->stats.pid, path, sizeof(path)))
		process__set_text(&p->stats.cgroup, path);
}

static const struct object *allocator_of(const struct targets *t, const struct process *p)
{
	return p->has_allocator ? objects__get(t->objects, p->allocator_index) : NULL;
}

/* Whose malloc it is cannot be told before its own calls do, or its mappings are read. */
static void doubt_allocator(struct process *p)
{
	p->code_unknown = true;
	p->has_allocator = p->allocator_called = false; /* the next call tells */
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
	allocators__update(t->allocators);
	/* One that is called already is not replaced by what is loaded later. */
	if (!o && objects__is_no_elf(t->objects, e->file.dev, e->file.ino))
		return;
	if (!o)
		doubt_allocator(p);
	else if (!p->code_unknown && !p->allocator_called && rank(o) > rank(allocator_of(t, p)))
		targets__set_allocator(t, p, o);
}

void targets__saw_malloc(struct targets *t, struct process *p, unsigned int index)
{
	const struct object *o = objects__get(t->objects, index);

	if (p->has_allocator && p->allocator_index == index)
		p->allocator_called = true;
	if (p->allocator_called && rank(o) <= rank(allocator_of(t, p)))
		return;
	targets__set_allocator(t, p, o);
	p->allocator_called = true;
}

/* Once after each exec, when its libraries are loaded: a preloaded one comes before libc. */
static void look_for_allocator(struct targets *t, struct process *p)
{
	const struct object *allocator = NULL;
	struct listing l;

	if (p->allocator_seen && p->has_allocator)
		return;
	if (!listing__read(&l, &t->lister, p->stats.pid) && l.n)
		allocator = targets__find_allocator(t, l.processes);
	if (allocator) {
		if (!p->allocator_called || !p->has_allocator)
			targets__set_allocator(t, p, allocator);
		p->allocator_seen = true;
		p->code_unknown = false;
	}
	listing__clear(&l);
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

void targets__refresh(struct targets *t, struct model *m, struct process *p)
{
	struct proc_info info;
	struct proc_size size;
	__u64 read_ns;

	p->counted.read_ns = 0;
	space__forget(p);
	if (procfs__info(p->stats.pid, &info) || !targets__same_process(p, &info)) {
		p->stats.rss.known = false;
		return;
	}
	if (p->stale || p->unseen || p->doubtful)
		targets__read(t, m, p->stats.pid, false);
	p->stats.space.maps_error = p->unseen ? open_maps(p->stats.pid) : 0;
	look_for_allocator(t, p);
	targets__set_identity(p, &info);
	targets__set_paths(p);
	read_ns = clock__boot_ns();
	p->stats.rss.known = !procfs__size(p->stats.pid, &size);
	if (!p->stats.rss.known)
		return;
	/* Or it stays what its parts, read with it, add up to. */
	if (!p->stats.resident.known) {
		p->stats.rss.anon_bytes = size.anon_bytes;
		p->stats.rss.file_bytes = size.file_bytes;
		p->stats.rss.shmem_bytes = size.shmem_bytes;
	}
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

/* Its address space is the new program's before the event comes that says so. */
static bool is_in_exec(struct targets *t, const struct process *p)
{
	struct listing l;
	bool in_exec = false;

	if (listing__read(&l, &t->lister, p->stats.pid))
		return false;
	for (size_t i = 0; l.n && i < l.processes->n_tasks; i++)
		in_exec |= l.processes->tasks[i].in_exec;
	listing__clear(&l);
	return in_exec;
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
	if (!procfs__threads(p->stats.pid, look_at_thread, t) && !is_in_exec(t, p))
		return false;
	space__forget(p);
	return true;
}

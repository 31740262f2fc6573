/*
 * probes_attach.c - the BPF programs: put at their places, and taken from there.
 */
#include "kernel/probes_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tracefs.h"
#include "log.h"

/* ---- tracepoints ---- */

static int attach_raw(struct probes *p, struct bpf_program *prog, const char *name)
{
	struct bpf_link *link = bpf_program__attach_raw_tracepoint(prog, name);
	int err;

	if (!link) {
		err = -errno;
		log__error("tracepoint %s: %s", name, strerror(-err));
		return err;
	}
	p->links[p->n_links++] = link;
	return 0;
}

#define N_SYSCALL_EVENTS 12
#define N_OPTIONAL	 2 /* at the end: kernels without System V shared memory have none of it */

static int attach_syscalls(struct probes *p)
{
	/* Exits first: a call whose entry is seen has its exit seen. */
	static const char *const names[N_SYSCALL_EVENTS] = {
		"syscalls/sys_exit_brk",      "syscalls/sys_exit_mmap",
		"syscalls/sys_exit_munmap",   "syscalls/sys_exit_mremap",
		"syscalls/sys_exit_mprotect", "syscalls/sys_enter_brk",
		"syscalls/sys_enter_mmap",    "syscalls/sys_enter_munmap",
		"syscalls/sys_enter_mremap",  "syscalls/sys_enter_mprotect",
		"syscalls/sys_exit_shmat",    "syscalls/sys_exit_shmdt",
	};
	bool find_vma = p->features.find_vma;
	const typeof(p->skel->progs) *g = &p->skel->progs;
	struct bpf_program *const progs[N_SYSCALL_EVENTS] = {
		g->brk_exit,
		find_vma ? g->mmap_exit : g->mmap_exit_old,
		g->munmap_exit,
		find_vma ? g->mremap_exit : g->mremap_exit_old,
		g->mprotect_exit,
		g->brk_enter,
		find_vma ? g->mmap_enter : g->mmap_enter_old,
		g->munmap_enter,
		find_vma ? g->mremap_enter : g->mremap_enter_old,
		g->mprotect_enter,
		g->shmat_exit,
		g->shmdt_exit,
	};
	size_t optional = N_SYSCALL_EVENTS - N_OPTIONAL;
	int ids[N_SYSCALL_EVENTS], err;

	err = tracefs__event_ids(names, ids, N_SYSCALL_EVENTS);
	for (size_t i = 0; i < N_SYSCALL_EVENTS && !err; i++) {
		if (i >= optional && (ids[i] < 0 || !find_vma))
			continue;
		err = ids[i];
		if (ids[i] >= 0)
			err = tracefs__attach(progs[i], ids[i], &p->links[p->n_links]);
		if (!err)
			p->n_links++;
		if (err)
			log__error("tracepoint %s: %s; it takes a kernel with "
				   "CONFIG_FTRACE_SYSCALLS=y",
				   names[i], strerror(-err));
	}
	return err;
}

int probes__attach_events(struct probes *p)
{
	double before = calibrate__traced_syscall();
	int err = attach_syscalls(p);

	p->syscall_ns = calibrate__traced_syscall() - before;
	if (!err)
		err = attach_raw(p, p->skel->progs.process_fork, "sched_process_fork");
	if (!err)
		err = attach_raw(p, p->skel->progs.process_exec, "sched_process_exec");
	if (!err)
		err = attach_raw(p, p->skel->progs.process_exit, "sched_process_exit");
	return err;
}

/* ---- the malloc family ---- */

static int attach_program(struct probes *p, struct bpf_program *prog, enum uprobe_kind kind,
			  const struct object *o, const struct places *at, __u32 pid)
{
	struct uprobes *u;

	if (!at->n)
		return 0;
	if (p->in_bursts)
		return links__add(p->in_bursts, prog, kind, o->file, at->place, at->n, pid,
				  &p->features.uprobe_multi);
	if (p->n_uprobes == MOST_LINKS)
		return -ENOSPC;
	u = uprobes__attach(prog, kind, o->file, at->place, at->n, pid, p->features.cookie);
	if (!u)
		return -errno;
	p->features.uprobe_multi = uprobes__multi(u);
	p->uprobes[p->n_uprobes++] = u;
	return 0;
}

/* What ends comes first: a block whose beginning is seen has its end seen. */
static int attach_object(struct probes *p, const struct object *o,
			 const struct object_places *places, __u32 pid)
{
	const typeof(p->skel->progs) *g = &p->skel->progs;
	bool session = p->live && p->features.session;
	int err = attach_program(p, g->usdt_hit, UPROBE_HERE, o, &places->sites, pid);

	if (!err)
		err = attach_program(p, g->free_enter, UPROBE_HERE, o, &places->frees, pid);

	if (!err && session)
		return attach_program(p, g->malloc_session, UPROBE_SESSION, o, &places->calls, pid);
	if (!err && p->live)
		err = attach_program(p, g->malloc_return, UPROBE_RETURN, o, &places->returns, pid);
	if (!err)
		err = attach_program(p, g->malloc_enter, UPROBE_HERE, o, &places->calls, pid);
	return err;
}

/*
 * An object of which some probes could not be put: it is not to have the others, which would tell
 * half of it, and later objects may have their places.  In bursts it keeps them: they come and go.
 */
static void take_back(struct probes *p, const struct object_places *places, size_t had)
{
	if (p->in_bursts)
		return;
	uprobes__detach_all(p->uprobes + had, p->n_uprobes - had);
	p->n_uprobes = had;
	place_table__undo(&p->places, places);
}

int probes__attach_object(struct probes *p, const struct object *o, unsigned int index,
			  const __u32 *pids, size_t n_pids)
{
	struct object_places places;
	size_t had = p->n_uprobes;
	int err = place_table__add(&p->places, o, index, p->live, &places);

	if (err)
		return err;
	if (!p->features.filter_by_pid)
		n_pids = 0;
	if (!n_pids)
		err = attach_object(p, o, &places, 0);
	for (size_t i = 0; i < n_pids && !err; i++)
		err = attach_object(p, o, &places, pids[i]);
	/* ESRCH: one of several processes has gone, and the others keep what they have. */
	if (err && (err != -ESRCH || p->n_uprobes == had))
		take_back(p, &places, had);
	return err;
}

int probes__calibrate(struct probes *p, struct calibration *out)
{
	struct uprobes *attached[CALIBRATE_LINKS];
	int err;

	if (p->n_uprobes + CALIBRATE_LINKS > MOST_LINKS)
		return -ENOSPC;
	err = calibrate__run(p->skel->progs.empty, out, attached);
	for (int i = 0; i < CALIBRATE_LINKS; i++)
		if (attached[i])
			p->uprobes[p->n_uprobes++] = attached[i];
	return err;
}

void probes__calibrate_meter(struct probes *p)
{
	struct calibration c;

	for (int i = 0; i < CALIBRATE_KINDS; i++)
		c.ns[i] = -1;
	if (bpf_program__fd(p->skel->progs.empty) >= 0)
		probes__calibrate(p, &c);
	meter__set_traps(p->meter, &c, p->syscall_ns > 0 ? p->syscall_ns : 0);
}

struct meter *probes__meter(struct probes *p)
{
	return p->meter;
}

/* ---- the end ---- */

static void *close_links(void *arg)
{
	struct probes *p = arg;

	while (p->n_links)
		bpf_link__destroy(p->links[--p->n_links]);
	return NULL;
}

/*
 * The kernel waits for each system call's tracepoint, some 40 ms, under one lock: several
 * threads are no faster (perf_trace_event_unreg, kernel/trace/trace_event_perf.c).  So this goes
 * on while the report is made and the uprobes are detached.
 */
void probes__begin_to_close(struct probes *p)
{
	if (!p->is_closing && p->n_links)
		p->is_closing = !pthread_create(&p->closing, NULL, close_links, p);
}

static void detach(struct probes *p)
{
	if (p->in_bursts)
		links__detach(p->in_bursts);
	probes__begin_to_close(p);
	uprobes__detach_all(p->uprobes, p->n_uprobes);
	p->n_uprobes = 0;
	links__free(p->in_bursts);
	p->in_bursts = NULL;
	if (p->is_closing)
		pthread_join(p->closing, NULL);
	close_links(p);
}

void probes__free(struct probes *p)
{
	if (!p)
		return;
	detach(p);
	meter__close(p->meter);
	brkscope__destroy(p->skel);
	free(p);
}

/*
 * probes_attach.c - the BPF programs: put at their places, and taken from there.
 */
#include "kernel/probes_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/functions.h"
#include "kernel/map.h"
#include "log.h"

/* ---- functions of the kernel ---- */

static bool attach_functions(struct probes *p, struct bpf_program *prog, const char **names,
			     size_t n, bool returns)
{
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = names, .cnt = n, .retprobe = returns);
	struct bpf_link *link = bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);

	if (!link)
		return false;
	p->links[p->n_links++] = link;
	return true;
}

static bool attach_function(struct probes *p, struct bpf_program *prog, const char *name)
{
	return attach_functions(p, prog, &name, 1, false);
}

#define N_OPTIONAL 2 /* at the end: kernels without System V shared memory have none of it */

static bool attach_syscall_functions(struct probes *p, struct bpf_program *prog, bool returns)
{
	const char *names[] = {
		SYSCALL_FUNCTION "brk",	   SYSCALL_FUNCTION "mmap",	SYSCALL_FUNCTION "munmap",
		SYSCALL_FUNCTION "mremap", SYSCALL_FUNCTION "mprotect", SYSCALL_FUNCTION "shmat",
		SYSCALL_FUNCTION "shmdt",
	};
	size_t n = sizeof(names) / sizeof(*names);

	return attach_functions(p, prog, names, n, returns) ||
	       attach_functions(p, prog, names, n - N_OPTIONAL, returns);
}

/* ---- tracepoints ---- */

static int attach_event(struct probes *p, struct bpf_program *prog, const char *name)
{
	/* libbpf knows of these only when they are loaded: programs.c */
	struct bpf_link *link = bpf_program__type(prog) == BPF_PROG_TYPE_TRACING
					? bpf_program__attach_trace(prog)
					: bpf_program__attach(prog);
	int err;

	if (!link) {
		err = -errno;
		log__error("tracepoint %s: %s", name, strerror(-err));
		return err;
	}
	p->links[p->n_links++] = link;
	return 0;
}

/* The exits first: a call whose entry is seen has its exit seen. */
static int attach_syscalls(struct probes *p)
{
	const typeof(p->skel->progs) *g = &p->skel->progs;
	bool find_vma = p->features.find_vma;
	int err;

	if (p->features.on_functions)
		return attach_syscall_functions(p, g->syscall_return, true) &&
				       attach_syscall_functions(p, g->syscall_call, false)
			       ? 0
			       : -errno;
	err = attach_event(p, find_vma ? g->syscall_exit : g->syscall_exit_old, "sys_exit");
	if (err)
		return err;
	return attach_event(p, find_vma ? g->syscall_enter : g->syscall_enter_old, "sys_enter");
}

static int attach_tasks(struct probes *p)
{
	const typeof(p->skel->progs) *g = &p->skel->progs;
	int err;

	if (p->features.on_functions)
		return attach_function(p, g->task_forks, "wake_up_new_task") &&
				       attach_function(p, g->task_will_exec, "begin_new_exec") &&
				       attach_function(p, g->task_execs, "finalize_exec") &&
				       attach_function(p, g->task_exits, "taskstats_exit")
			       ? 0
			       : -errno;
	err = attach_event(p, g->process_fork, "sched_process_fork");
	if (!err)
		err = attach_event(p, g->process_exec, "sched_process_exec");
	return err ?: attach_event(p, g->process_exit, "sched_process_exit");
}

static int attach_events(struct probes *p)
{
	double before = calibrate__traced_syscall();
	int err = attach_syscalls(p);

	p->syscall_ns = calibrate__traced_syscall() - before;
	return err ?: attach_tasks(p);
}

/*
 * On functions, and each of them is told of: a link to one is also made where nothing comes of it.
 * False, and said, where they cannot be had.
 */
static bool attach_to_functions(struct probes *p)
{
	const char *untold;
	int err;

	p->features.on_functions = true;
	err = attach_events(p);
	untold = err ? NULL : functions__untold(p->skel->bss->told);
	if (!err && !untold)
		return true;
	if (err)
		log__note("the kernel's functions cannot be probed: %s; on tracepoints it may skip "
			  "events, which are counted as lost then",
			  strerror(-err));
	else
		log__note("the kernel's function %s is probed, and nothing comes of it: "
			  "kernel.ftrace_enabled is 0, or its code is in its callers (LTO); on "
			  "tracepoints it may skip events, which are counted as lost then",
			  untold);
	probes__close_events(p);
	p->missed = 0; /* nothing was collected */
	p->features.on_functions = false;
	return false;
}

int probes__attach_events(struct probes *p)
{
	bool on_functions = p->features.skips_events && attach_to_functions(p);

	map__set_steady(on_functions);
	return on_functions ? 0 : attach_events(p);
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
	if (!err)
		err = attach_program(p, g->malloc_station, UPROBE_HERE, o, &places->stations, pid);
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

static int attach_once(struct probes *p, const struct object *o, unsigned int index,
		       const __u32 *pids, size_t n_pids, bool *by_stations)
{
	struct object_places places;
	size_t had = p->n_uprobes;
	int err = place_table__add(&p->places, o, index, p->live, &places);

	if (err)
		return err;
	*by_stations = places.stations.n;
	if (!n_pids)
		err = attach_object(p, o, &places, 0);
	for (size_t i = 0; i < n_pids && !err; i++)
		err = attach_object(p, o, &places, pids[i]);
	/* ESRCH: one of several processes has gone, and the others keep what they have. */
	if (err && (err != -ESRCH || p->n_uprobes == had))
		take_back(p, &places, had);
	return err;
}

int probes__attach_object(struct probes *p, const struct object *o, unsigned int index,
			  const __u32 *pids, size_t n_pids)
{
	bool by_stations = false;
	int err;

	if (!p->features.filter_by_pid)
		n_pids = 0;
	err = attach_once(p, o, index, pids, n_pids, &by_stations);
	if (!err || err == -ESRCH || !by_stations)
		return err;
	/* An instruction may be one on which this kernel puts no probe: then as others are. */
	p->places.stations = false;
	err = attach_once(p, o, index, pids, n_pids, &by_stations);
	p->places.stations = true;
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

void probes__detach(struct probes *p)
{
	probes__close_events(p);
	if (p->in_bursts)
		links__detach(p->in_bursts);
	uprobes__detach_all(p->uprobes, p->n_uprobes);
	p->n_uprobes = 0;
	links__free(p->in_bursts);
	p->in_bursts = NULL;
}

void probes__free(struct probes *p)
{
	if (!p)
		return;
	probes__detach(p);
	meter__close(p->meter);
	brkscope__destroy(p->skel);
	free(p);
}

/*
 * probes.c - the BPF programs: set, loaded, attached, started.
 */
#include "kernel/probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "brkscope.skel.h"
#include "brkscope/thread.h"
#include "kernel/links.h"
#include "kernel/meter.h"
#include "kernel/places.h"
#include "kernel/ring.h"
#include "kernel/spill.h"
#include "kernel/tracefs.h"
#include "kernel/uprobe.h"
#include "log.h"

#define BTF_PATH    "/sys/kernel/btf/vmlinux"
#define MOST_LINKS  1024
#define MOST_EVENTS 16

struct probes {
	struct brkscope *skel;
	struct features features;
	struct bpf_link *links[MOST_EVENTS];
	size_t n_links;
	struct uprobes *uprobes[MOST_LINKS];
	size_t n_uprobes;
	struct place_table places;
	struct links *in_bursts; /* where malloc is probed in bursts: instead of uprobes */
	struct meter *meter;
	double syscall_ns; /* that the tracepoints add to a system call of theirs */
	bool live;	   /* returns and frees are probed */
	bool stopped;
	pthread_t closing; /* the tracepoints' links, once stopped */
	bool is_closing;
};

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (!log__verbose() || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, args);
}

static unsigned int huge_page_shift(void)
{
	unsigned long kib = 2048;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Hugepagesize: %lu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return __builtin_ctzl(kib * 1024);
}

/*
 * One of each pair: the programs that call bpf_find_vma cannot be loaded where it
 * is not.  Nor can an iterator's program where there is no such iterator.
 */
static void set_autoload_by_kernel(struct probes *p)
{
	bool find_vma = p->features.find_vma;

	bpf_program__set_autoload(p->skel->progs.mmap_enter, find_vma);
	bpf_program__set_autoload(p->skel->progs.shmat_exit, find_vma);
	bpf_program__set_autoload(p->skel->progs.shmdt_exit, find_vma);
	bpf_program__set_autoload(p->skel->progs.mmap_exit, find_vma);
	bpf_program__set_autoload(p->skel->progs.mremap_enter, find_vma);
	bpf_program__set_autoload(p->skel->progs.mremap_exit, find_vma);
	bpf_program__set_autoload(p->skel->progs.mmap_enter_old, !find_vma);
	bpf_program__set_autoload(p->skel->progs.mmap_exit_old, !find_vma);
	bpf_program__set_autoload(p->skel->progs.mremap_enter_old, !find_vma);
	bpf_program__set_autoload(p->skel->progs.mremap_exit_old, !find_vma);
	bpf_program__set_autoload(p->skel->progs.list_task, p->features.iter_task);
	bpf_program__set_autoload(p->skel->progs.list_vma, p->features.iter_vma);
}

static void set_uprobe(struct bpf_program *prog, bool wanted, int attach_type)
{
	bpf_program__set_autoload(prog, wanted);
	bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)attach_type);
}

static void set_uprobes(struct probes *p, bool malloc)
{
	bool session = p->live && p->features.session;
	const typeof(p->skel->progs) *g = &p->skel->progs;

	set_uprobe(g->malloc_enter, malloc && !session, UPROBE_MULTI_ATTACH_TYPE);
	set_uprobe(g->malloc_return, p->live && !session, UPROBE_MULTI_ATTACH_TYPE);
	set_uprobe(g->malloc_session, session, UPROBE_SESSION_ATTACH_TYPE);
	set_uprobe(g->usdt_hit, malloc, UPROBE_MULTI_ATTACH_TYPE);
	set_uprobe(g->free_enter, p->live, UPROBE_MULTI_ATTACH_TYPE);
}

/*
 * The kernel refuses a mapping that all its memory and swap would not hold, and, where it is
 * strict, also others (__vm_enough_memory, mm/util.c).
 */
#define OVERCOMMIT_NEVER 2

static __u64 sure_size(void)
{
	unsigned long kib = 0;
	int overcommit = OVERCOMMIT_NEVER;
	FILE *f = fopen("/proc/sys/vm/overcommit_memory", "re");

	if (!f || fscanf(f, "%d", &overcommit) != 1)
		overcommit = OVERCOMMIT_NEVER;
	if (f)
		fclose(f);
	if (overcommit == OVERCOMMIT_NEVER)
		return 0;
	f = fopen("/proc/meminfo", "re");
	if (!f || fscanf(f, "MemTotal: %lu kB", &kib) != 1)
		kib = 0;
	if (f)
		fclose(f);
	return (__u64)kib * 1024 / 4;
}

static void configure(struct probes *p, const struct probes_config *c)
{
	struct config *k = &p->skel->rodata->config;
	__u64 page = sysconf(_SC_PAGESIZE), ring_bytes = c->ring_pages * page;

	k->agent_tgid = getpid();
	k->page_shift = __builtin_ctzl(page);
	k->huge_shift = huge_page_shift();
	k->malloc_limit = ring_bytes / 2;
	k->wake_at = ring_bytes / 8;
	k->by_pid = c->by_pid;
	k->by_cgroup = c->cgroup != NULL;
	k->follow = c->follow;
	k->has_task_regs = p->features.task_regs;
	k->has_cookie = p->features.cookie;
	k->cpus = libbpf_num_possible_cpus();
	if (c->comm) {
		k->by_comm = 1;
		strncpy(k->comm, c->comm, sizeof(k->comm) - 1);
	}
	bpf_map__set_max_entries(p->skel->maps.ring, ring_bytes);
	if (c->max_processes)
		bpf_map__set_max_entries(p->skel->maps.processes, c->max_processes);
	k->live = p->live;
	k->bursts = c->bursts;
	k->times = c->times;
	k->spare_filtered = p->features.returns == RETURNS_SPARE;
	k->session = p->features.session;
	k->sure_size = sure_size();
	set_uprobes(p, c->malloc);
	set_uprobe(p->skel->progs.empty, c->calibrate, UPROBE_MULTI_ATTACH_TYPE);
	set_autoload_by_kernel(p);
}

static int explain_load(int err)
{
	/* EACCES is the verifier's no as well, but not to root's lack of rights. */
	if (err == -EPERM || (err == -EACCES && geteuid()))
		log__error("loading BPF programs: %s; run as root, or with CAP_BPF, CAP_PERFMON, "
			   "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
			   strerror(-err));
	else if (access(BTF_PATH, R_OK))
		log__error("loading BPF programs: the kernel's type information " BTF_PATH
			   " is not there: %s; it takes a kernel with CONFIG_DEBUG_INFO_BTF=y",
			   strerror(errno));
	else
		log__error("loading BPF programs: %s; -v shows what the kernel says",
			   strerror(-err));
	return err;
}

static int set_cgroup(struct probes *p, const char *path)
{
	__u32 zero = 0, fd_value;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0) {
		err = -errno;
		log__error("cgroup %s: %s; give the directory of a cgroup v2", path,
			   strerror(-err));
		return err;
	}
	fd_value = fd;
	err = bpf_map_update_elem(bpf_map__fd(p->skel->maps.cgroup), &zero, &fd_value, BPF_ANY);
	if (err)
		log__error("cgroup %s: %s; it has to be a directory of a cgroup v2 file system",
			   path, strerror(-err));
	close(fd);
	return err;
}

int probes__open(struct probes **out, const struct probes_config *config)
{
	struct probes *p;
	int err;

	libbpf_set_print(print_libbpf);
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	features__probe(&p->features);
	if (config->live)
		features__probe_returns(&p->features);
	p->live = config->live && p->features.returns != RETURNS_NONE;
	p->skel = brkscope__open();
	if (!p->skel) {
		err = explain_load(-errno);
		goto fail;
	}
	configure(p, config);
	err = brkscope__load(p->skel);
	if (err) {
		explain_load(err);
		goto fail;
	}
	place_table__init(&p->places, bpf_map__fd(p->skel->maps.probes),
			  bpf_map__fd(p->skel->maps.probe_at), p->features.cookie);
	if (config->bursts) {
		p->in_bursts = links__new(p->features.cookie);
		if (!p->in_bursts) {
			err = -ENOMEM;
			goto fail;
		}
	}
	err = meter__open(&p->meter, p->skel);
	if (err)
		goto fail;
	if (config->cgroup) {
		err = set_cgroup(p, config->cgroup);
		if (err)
			goto fail;
	}
	*out = p;
	return 0;
fail:
	probes__free(p);
	return err;
}

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
static void begin_to_close(struct probes *p)
{
	if (!p->is_closing && p->n_links)
		p->is_closing = !pthread_create(&p->closing, NULL, close_links, p);
}

static void detach(struct probes *p)
{
	if (p->in_bursts)
		links__detach(p->in_bursts);
	begin_to_close(p);
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

int probes__watch(struct probes *p, __u32 pid)
{
	__u8 yes = 1;
	int err = bpf_map_update_elem(bpf_map__fd(p->skel->maps.pids), &pid, &yes, BPF_ANY);

	if (err)
		log__error("PID %u: adding it to the filter: %s", pid, strerror(-err));
	return err;
}

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

int probes__attach_object(struct probes *p, const struct object *o, unsigned int index,
			  const __u32 *pids, size_t n_pids)
{
	struct object_places places;
	int err = place_table__add(&p->places, o, index, p->live, &places);

	if (!p->features.filter_by_pid)
		n_pids = 0;
	if (!err && !n_pids)
		err = attach_object(p, o, &places, 0);
	for (size_t i = 0; i < n_pids && !err; i++)
		err = attach_object(p, o, &places, pids[i]);
	return err;
}

void probes__learn_object(struct probes *p, const struct object *o)
{
	const struct site file = {.ino = o->ino, .dev = o->dev};
	int map = bpf_map__fd(p->skel->maps.frames);
	const __u8 yes = 1;

	bpf_map_update_elem(bpf_map__fd(p->skel->maps.known_files), &file, &yes, BPF_ANY);
	for (unsigned int i = 0; i < o->n_calls; i++) {
		struct site site = {.ino = o->ino, .dev = o->dev, .off = o->calls[i].off};

		bpf_map_update_elem(map, &site, &o->calls[i].frame, BPF_ANY);
	}
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

/* ---- bursts ---- */

size_t probes__resume(struct probes *p)
{
	return links__attach(p->in_bursts);
}

void probes__pause(struct probes *p)
{
	links__detach(p->in_bursts);
}

bool probes__attached(const struct probes *p)
{
	return links__attached(p->in_bursts);
}

/* A program that reads it meanwhile sees one that is over, or all of it. */
void probes__set_burst(struct probes *p, int slot, __u64 from, __u64 to)
{
	volatile __u64 *at = p->skel->bss->bursts[slot];

	if (at[BURST_FROM] != from) {
		__atomic_store_n(&at[BURST_TO], 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&at[BURST_FROM], from, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&at[BURST_TO], to, __ATOMIC_SEQ_CST);
}

/* ---- running ---- */

void probes__start(struct probes *p)
{
	__atomic_store_n(&p->skel->bss->collecting, true, __ATOMIC_SEQ_CST);
}

void probes__stop(struct probes *p)
{
	if (p->stopped)
		return;
	p->stopped = true;
	__atomic_store_n(&p->skel->bss->collecting, false, __ATOMIC_SEQ_CST);
	/*
	 * A program that saw `collecting` still set may be under way on another
	 * CPU.  Programs run inside RCU read sections, and this waits for all of
	 * them (membarrier(2): MEMBARRIER_CMD_GLOBAL is a grace period).
	 */
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	begin_to_close(p);
}

__u64 probes__spilled(const struct probes *p)
{
	return __atomic_load_n(&p->skel->bss->spilled, __ATOMIC_RELAXED);
}

/* Runs that the kernel skipped, of one program. */
static __u64 skipped_runs(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_program__fd(prog) < 0 ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
		return 0;
	return info.recursion_misses;
}

__u64 probes__lost(const struct probes *p)
{
	__u64 lost = __atomic_load_n(&p->skel->bss->lost, __ATOMIC_RELAXED);
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, p->skel->obj) lost += skipped_runs(prog);
	return lost;
}

int probes__ring(struct probes *p, struct ring **out)
{
	int err = ring__open(out, bpf_map__fd(p->skel->maps.ring), &p->skel->bss->woken);

	if (err)
		log__error("ring buffer: %s", strerror(-err));
	return err;
}

int probes__spill(struct probes *p, struct spill **out)
{
	return spill__open(out, bpf_map__fd(p->skel->maps.processes),
			   bpf_map__fd(p->skel->maps.cells),
			   bpf_map__fd(p->skel->maps.other_cells));
}

struct lister probes__lister(struct probes *p)
{
	const struct features *f = &p->features;

	return (struct lister){
		.task_fd = f->iter_task ? bpf_program__fd(p->skel->progs.list_task) : -1,
		.vma_fd = f->iter_vma ? bpf_program__fd(p->skel->progs.list_vma) : -1,
		.only = &p->skel->bss->listed_tgid,
	};
}

bool probes__site_seen(const struct probes *p, __u32 pid, __u64 addr, struct site *site)
{
	struct site_key key = {.addr = addr, .tgid = pid};
	struct site_seen seen;

	if (bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.sites), &key, &seen))
		return false;
	*site = site_in(&seen, addr);
	return true;
}

bool probes__in_syscall(const struct probes *p, __u32 tid)
{
	struct thread thread;

	return !bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.threads), &tid, &thread) &&
	       thread.syscall;
}

const struct features *probes__features(const struct probes *p)
{
	return &p->features;
}

bool probes__live(const struct probes *p)
{
	return p->live;
}

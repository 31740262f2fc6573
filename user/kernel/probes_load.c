/*
 * probes_load.c - the BPF programs: which of them this kernel takes, their settings, and loading
 * them.
 */
#include "kernel/probes_state.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/map.h"
#include "kernel/programs.h"
#include "log.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

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

	bpf_program__set_autoload(p->skel->progs.syscall_enter, find_vma);
	bpf_program__set_autoload(p->skel->progs.syscall_exit, find_vma);
	bpf_program__set_autoload(p->skel->progs.syscall_enter_old, !find_vma);
	bpf_program__set_autoload(p->skel->progs.syscall_exit_old, !find_vma);
	bpf_program__set_autoload(p->skel->progs.list_task, p->features.iter_task);
	bpf_program__set_autoload(p->skel->progs.list_vma, p->features.iter_vma);
}

/* Those on functions, instead of the ones on tracepoints; these are loaded in case of need. */
static void set_autoload_of_functions(struct probes *p)
{
	const typeof(p->skel->progs) *g = &p->skel->progs;
	struct bpf_program *const progs[] = {g->syscall_call,	g->syscall_return, g->task_forks,
					     g->task_will_exec, g->task_execs,	   g->task_exits};

	for (size_t i = 0; i < sizeof(progs) / sizeof(*progs); i++)
		bpf_program__set_autoload(progs[i], p->features.skips_events);
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
	set_uprobe(g->malloc_station, p->features.stations, UPROBE_MULTI_ATTACH_TYPE);
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

/* Half of what a process may have: other threads map meanwhile.  0, for none: it cannot be read. */
static __u32 sure_maps(void)
{
	unsigned int most = 0;
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");

	if (!f || fscanf(f, "%u", &most) != 1)
		most = 0;
	if (f)
		fclose(f);
	return most / 2;
}

#define THREADS_BESIDE 2048
#define UNASKED_RING   (8u << 20)
#define UNASKED_CALLS  15
#define UNASKED_SHORT  63 /* where most take the shortest form */

static void configure(struct probes *p, const struct probes_config *c)
{
	struct config *k = &p->skel->rodata->config;
	__u64 page = sysconf(_SC_PAGESIZE), ring_bytes = c->ring_pages * page;

	k->agent_tgid = getpid();
	k->page_shift = __builtin_ctzl(page);
	k->huge_shift = huge_page_shift();
	k->malloc_limit = ring_bytes / 2;
	k->wake_at = ring_bytes / 8;
	/* Some thousand threads may then write a little each before the limit. */
	k->unasked = ring_bytes >= UNASKED_RING ? UNASKED_CALLS : 0;
	k->by_pid = c->by_pid;
	if (!c->follow)
		bpf_map__set_max_entries(p->skel->maps.pids, c->n_pids ? c->n_pids : 1);
	k->by_cgroup = c->cgroup != NULL;
	k->follow = c->follow;
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
	k->task_storage = p->features.task_storage;
	bpf_map__set_autocreate(p->skel->maps.task_threads, p->features.task_storage);
	/* Then those few are left that the kernel could not keep with their tasks. */
	if (k->task_storage)
		bpf_map__set_max_entries(p->skel->maps.threads, THREADS_BESIDE);
	/* Times and pairs take longer records; names change, and processes move, at any time. */
	k->repeats = k->task_storage && k->has_cookie && k->unasked && !k->times && !k->bursts &&
		     !k->live && !k->by_comm && !k->by_cgroup;
	if (k->repeats)
		k->unasked = UNASKED_SHORT;
	k->sure_size = sure_size();
	k->sure_maps = sure_maps();
	set_uprobes(p, c->malloc);
	set_uprobe(p->skel->progs.empty, c->calibrate, UPROBE_MULTI_ATTACH_TYPE);
	set_autoload_by_kernel(p);
	set_autoload_of_functions(p);
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
	err = map__update(bpf_map__fd(p->skel->maps.cgroup), &zero, &fd_value, BPF_ANY);
	if (err)
		log__error("cgroup %s: %s; it has to be a directory of a cgroup v2 file system",
			   path, strerror(-err));
	close(fd);
	return err;
}

static int load(struct probes *p, const struct probes_config *config)
{
	struct programs opened;
	int err = programs__open(&opened, &p->features);

	if (err)
		return err;
	p->skel = opened.skel;
	if (config->live)
		features__probe_returns(&p->features);
	p->live = config->live && p->features.returns != RETURNS_NONE;
	/* A thread has to be known there, and each place, and malloc to be probed all the time. */
	p->features.stations = p->live && p->features.session && p->features.task_storage &&
			       p->features.cookie && !config->bursts;
	configure(p, config);
	return programs__load(&opened);
}

int probes__open(struct probes **out, const struct probes_config *config)
{
	struct probes *p;
	int err;

	libbpf_set_print(print_libbpf);
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	err = load(p, config);
	if (err) {
		explain_load(err);
		goto fail;
	}
	place_table__init(&p->places, bpf_map__fd(p->skel->maps.probes),
			  bpf_map__fd(p->skel->maps.probe_at), &p->features);
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

/*
 * probes.c - the BPF programs while they run: told what to watch, started, stopped, asked.
 */
#include "kernel/probes_state.h"

#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/map.h"
#include "kernel/pidfd.h"
#include "kernel/ring.h"
#include "kernel/spill.h"
#include "log.h"

int probes__watch(struct probes *p, __u32 pid)
{
	__u8 yes = 1;
	int err = map__update(bpf_map__fd(p->skel->maps.pids), &pid, &yes, BPF_ANY);

	if (err)
		log__error("PID %u: adding it to the filter: %s", pid, strerror(-err));
	return err;
}

void probes__learn_object(struct probes *p, const struct object *o)
{
	const struct site file = {.ino = o->ino, .dev = o->dev};
	int map = bpf_map__fd(p->skel->maps.frames);
	const __u8 yes = 1;

	map__update(bpf_map__fd(p->skel->maps.known_files), &file, &yes, BPF_ANY);
	for (unsigned int i = 0; i < o->n_calls; i++) {
		struct site site = {.ino = o->ino, .dev = o->dev, .off = o->calls[i].off};

		map__update(map, &site, &o->calls[i].frame, BPF_ANY);
	}
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

/*
 * The slot's last burst is over.  A program that reads it meanwhile reads the end first: that one
 * with whatever beginning, which is over; none (0); or all of the new one.
 */
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
	probes__close_events(p);
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

/* All system calls pass it, whether they are traced or not. */
static bool is_passed_by_all(const struct probes *p, const struct bpf_program *prog)
{
	const typeof(p->skel->progs) *g = &p->skel->progs;

	return prog == g->syscall_enter || prog == g->syscall_enter_old ||
	       prog == g->syscall_exit || prog == g->syscall_exit_old;
}

/* Of those that all system calls pass, or of the others. */
static __u64 all_skipped_runs(const struct probes *p, bool passed_by_all)
{
	struct bpf_program *prog;
	__u64 n = 0;

	bpf_object__for_each_program(prog, p->skel->obj)
	{
		if (is_passed_by_all(p, prog) == passed_by_all)
			n += skipped_runs(prog);
	}
	return n;
}

__u64 probes__skipped(const struct probes *p)
{
	return all_skipped_runs(p, true);
}

/* struct bpf_link_info of Linux 6.7: the distribution's headers are older. */
struct link_info_functions {
	__u32 type, id, prog_id;
	__u64 addrs;
	__u32 count, flags;
	__u64 missed;
};

/* Calls of functions that the kernel did not tell any program of. */
static __u64 missed_calls(const struct bpf_link *link)
{
	struct link_info_functions info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &size) ||
	    info.type != BPF_LINK_TYPE_KPROBE_MULTI)
		return 0;
	return info.missed;
}

void probes__close_events(struct probes *p)
{
	while (p->n_links) {
		p->missed += missed_calls(p->links[--p->n_links]);
		bpf_link__destroy(p->links[p->n_links]);
	}
}

__u64 probes__lost(const struct probes *p)
{
	__u64 lost = __atomic_load_n(&p->skel->bss->lost, __ATOMIC_RELAXED) + p->missed;

	for (size_t i = 0; i < p->n_links; i++)
		lost += missed_calls(p->links[i]);
	return lost + all_skipped_runs(p, false);
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

	if (map__lookup(bpf_map__fd(p->skel->maps.sites), &key, &seen))
		return false;
	*site = site_in(&seen, addr);
	return true;
}

/* What the programs keep of a thread (bpf/thread.bpf.h). */
static bool read_thread(const struct probes *p, __u32 tid, struct thread *out)
{
	int fd, err;

	if (!map__lookup(bpf_map__fd(p->skel->maps.threads), &tid, out))
		return true;
	if (!p->features.task_storage)
		return false;
	fd = pidfd__of_thread(tid);
	if (fd < 0)
		return false;
	err = map__lookup(bpf_map__fd(p->skel->maps.task_threads), &fd, out);
	close(fd);
	return !err;
}

bool probes__in_syscall(const struct probes *p, __u32 tid)
{
	struct thread thread;

	return read_thread(p, tid, &thread) && thread.syscall;
}

const struct features *probes__features(const struct probes *p)
{
	return &p->features;
}

bool probes__live(const struct probes *p)
{
	return p->live;
}

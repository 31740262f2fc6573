/*
 * features.c - what this kernel offers, found by trying and not by its version.
 */
#include "kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel/pidfd.h"
#include "kernel/return_probes.h"
#include "kernel/uprobe.h"

static bool has_helper(enum bpf_prog_type type, enum bpf_func_id id)
{
	return libbpf_probe_bpf_helper(type, id, NULL) == 1;
}

bool features__kernel_has(unsigned int major, unsigned int minor)
{
	unsigned int has_major = 0, has_minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &has_major, &has_minor);
	return has_major > major || (has_major == major && has_minor >= minor);
}

/*
 * Told by what came later, a thread's pidfd, without which the agent could not look: that a program
 * finds what it keeps with a task, though another one has been preempted as it did so, is so since
 * Linux 6.2 (bpf_task_storage_get_recur, kernel/bpf/bpf_task_storage.c).
 */
static bool keeps_with_tasks(void)
{
	int fd = pidfd__of_thread(gettid());

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void features__probe(struct features *f)
{
	f->task_storage = keeps_with_tasks();
	f->find_vma = has_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_find_vma);
	f->cookie = has_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie);
	f->iter_task = f->iter_vma = false;
	/*
	 * A uprobe_multi link for one process dropped the process's other threads until
	 * 46ba0e49b642 ("bpf: fix multi-uprobe PID filtering logic", Linux 6.10).
	 */
	f->filter_by_pid = features__kernel_has(6, 10);
	f->uprobe_multi = false;
	f->session = uprobes__has_session();
	/*
	 * Programs on tracepoints of the scheduler's can be preempted since 7.0 (SRCU guards these
	 * tracepoints), those on system calls' since 7.2 (they may sleep).
	 */
	f->skips_events = features__kernel_has(7, 0);
	f->returns = RETURNS_NONE;
	f->shadow_stacks = false;
}

void features__probe_returns(struct features *f)
{
	bool kill = return_probes__kill_filtered();

	f->returns = !kill ? RETURNS_SAFE : f->session ? RETURNS_SPARE : RETURNS_NONE;
	f->shadow_stacks = return_probes__break_shadow_stacks();
	if (f->shadow_stacks)
		f->returns = RETURNS_NONE;
}

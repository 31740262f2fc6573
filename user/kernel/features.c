/*
 * features.c - what this kernel offers, found by trying and not by its version.
 */
#include "kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/utsname.h>

static bool has_helper(enum bpf_prog_type type, enum bpf_func_id id)
{
	return libbpf_probe_bpf_helper(type, id, NULL) == 1;
}

/*
 * A uprobe_multi link for one process dropped the process's other threads until
 * 46ba0e49b642 ("bpf: fix multi-uprobe PID filtering logic", Linux 6.10).  That cannot
 * be tried: the one question of a version.
 */
static bool can_filter_by_pid(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	return major > 6 || (major == 6 && minor >= 10);
}

/* An iterator is a function of the kernel's that only its type information shows. */
static void find_iterators(struct features *f)
{
	struct btf *btf = btf__load_vmlinux_btf();

	f->iter_task = btf && btf__find_by_name_kind(btf, "bpf_iter_task", BTF_KIND_FUNC) > 0;
	f->iter_vma = btf && btf__find_by_name_kind(btf, "bpf_iter_task_vma", BTF_KIND_FUNC) > 0;
	btf__free(btf);
}

void features__probe(struct features *f)
{
	f->find_vma = has_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_find_vma);
	f->task_regs = has_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_task_pt_regs) &&
		       has_helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_get_current_task_btf);
	f->cookie = has_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie);
	find_iterators(f);
	f->filter_by_pid = can_filter_by_pid();
	f->uprobe_multi = false;
}

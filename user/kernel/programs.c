/*
 * programs.c - the BPF object, opened with the few of the kernel's types that it is fitted to.
 */
#include "kernel/programs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel_types.h"

/* An iterator is a function of the kernel's that only its type information shows. */
#define ITER_TASK "bpf_iter_task"
#define ITER_VMA  "bpf_iter_task_vma"

static int read_types(struct programs *p, struct features *f)
{
	static const char *const names[] = {ITER_TASK, ITER_VMA};
	struct kernel_types *types;
	int err = kernel_types__open(&types, bpf_object__btf(p->skel->obj), names,
				     sizeof(names) / sizeof(*names));

	if (err)
		return err;
	f->iter_task = kernel_types__find(types, BTF_KIND_FUNC, ITER_TASK);
	f->iter_vma = kernel_types__find(types, BTF_KIND_FUNC, ITER_VMA);
	err = kernel_types__write(types, p->types_fd);
	kernel_types__close(types);
	return err;
}

/* By libbpf alone: its index takes longer, and may know kinds of types that are new. */
static void find_iterators(struct features *f)
{
	struct btf *btf = btf__load_vmlinux_btf();

	f->iter_task = btf && btf__find_by_name_kind(btf, ITER_TASK, BTF_KIND_FUNC) > 0;
	f->iter_vma = btf && btf__find_by_name_kind(btf, ITER_VMA, BTF_KIND_FUNC) > 0;
	btf__free(btf);
}

static int open_fitted(struct programs *p, struct features *f)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char path[32];
	int err;

	p->types_fd = memfd_create("types", MFD_CLOEXEC);
	if (p->types_fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->types_fd);
	opts.btf_custom_path = path;
	p->skel = brkscope__open_opts(&opts);
	err = p->skel ? read_types(p, f) : -errno;
	if (err)
		programs__close(p);
	return err;
}

int programs__open(struct programs *p, struct features *f)
{
	features__probe(f);
	if (!open_fitted(p, f))
		return 0;
	find_iterators(f);
	p->skel = brkscope__open();
	return p->skel ? 0 : -errno;
}

int programs__load(struct programs *p)
{
	int err = brkscope__load(p->skel);

	if (p->types_fd >= 0)
		close(p->types_fd);
	p->types_fd = -1;
	return err;
}

void programs__close(struct programs *p)
{
	brkscope__destroy(p->skel);
	p->skel = NULL;
	if (p->types_fd >= 0)
		close(p->types_fd);
	p->types_fd = -1;
}

/*
 * programs.c - the BPF object, opened with the few of the kernel's types that it is fitted to.
 */
#include "kernel/programs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel_types.h"

/* An iterator is a function of the kernel's that only its type information shows. */
#define ITER_TASK "bpf_iter_task"
#define ITER_VMA  "bpf_iter_task_vma"

/*
 * Programs that are put at what has a type: by its number.  libbpf would find that in all types,
 * and reads them for programs that it knows to be of this kind.  So it is told what they are at
 * last.
 */
static const struct {
	const char *section, *prefix;
	unsigned int kind; /* of what is called prefix and the rest of the section's name */
	enum bpf_attach_type type;
} at_types[] = {
	{"tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP},
	{"iter/", "bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER},
};

#define PROGRAM_KINDS (int)(sizeof(at_types) / sizeof(*at_types))

static const char *const places[] = {ITER_TASK, ITER_VMA, "btf_trace_sys_enter",
				     "btf_trace_sys_exit"};

/* Of those that are being loaded; NULL: libbpf is to look. */
static const struct kernel_types *known;

static int tell_type(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long kind)
{
	const char *place = strchr(bpf_program__section_name(prog), '/') + 1;
	char name[64];
	int id;

	snprintf(name, sizeof(name), "%s%s", at_types[kind].prefix, place);
	id = known ? (int)kernel_types__find(known, at_types[kind].kind, name)
		   : libbpf_find_vmlinux_btf_id(place, at_types[kind].type);
	if (id <= 0)
		return -ESRCH;
	opts->attach_btf_id = id;
	return bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
}

/* Once, and for good: libbpf 1.1 uses a list that it has freed when its last handler is gone. */
static int handle_kinds(void)
{
	static int registered;

	while (registered < PROGRAM_KINDS) {
		LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = registered,
			    .prog_prepare_load_fn = tell_type);
		int id = libbpf_register_prog_handler(at_types[registered].section,
						      BPF_PROG_TYPE_RAW_TRACEPOINT,
						      at_types[registered].type, &opts);

		if (id < 0)
			return id;
		registered++;
	}
	return 0;
}

/* What is there until it is loaded. */
static void let_go(struct programs *p)
{
	kernel_types__close(p->types);
	p->types = NULL;
	if (p->types_fd >= 0)
		close(p->types_fd);
	p->types_fd = -1;
}

static int read_types(struct programs *p, struct features *f)
{
	int err = kernel_types__open(&p->types, bpf_object__btf(p->skel->obj), places,
				     sizeof(places) / sizeof(*places));

	if (err)
		return err;
	f->iter_task = kernel_types__find(p->types, BTF_KIND_FUNC, ITER_TASK);
	f->iter_vma = kernel_types__find(p->types, BTF_KIND_FUNC, ITER_VMA);
	return kernel_types__write(p->types, p->types_fd);
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

	p->types_fd = memfd_create("types", MFD_CLOEXEC);
	if (p->types_fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->types_fd);
	opts.btf_custom_path = path;
	p->skel = brkscope__open_opts(&opts);
	return p->skel ? read_types(p, f) : -errno;
}

int programs__open(struct programs *p, struct features *f)
{
	int err = handle_kinds();

	*p = (struct programs){.types_fd = -1};
	features__probe(f);
	if (err)
		return err;
	if (!open_fitted(p, f))
		return 0;
	brkscope__destroy(p->skel);
	let_go(p);
	find_iterators(f);
	p->skel = brkscope__open();
	return p->skel ? 0 : -errno;
}

int programs__load(struct programs *p)
{
	int err;

	known = p->types;
	err = brkscope__load(p->skel);
	known = NULL;
	let_go(p);
	return err;
}

/*
 * lister.c - the iterators alone, for who attaches nothing.
 */
#include "kernel/lister.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <unistd.h>

#include "brkscope/event.h"

#include "kernel/procfs.h"
#include "kernel/programs.h"

/* Of maps that only the other programs use: they are made all the same. */
#define FEW 64

struct iterators {
	struct brkscope *skel;
};

static void choose(struct brkscope *skel, const struct features *f)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_program(prog, skel->obj) bpf_program__set_autoload(prog, false);
	bpf_program__set_autoload(skel->progs.list_task, f->iter_task);
	bpf_program__set_autoload(skel->progs.list_vma, f->iter_vma);
	bpf_object__for_each_map(map, skel->obj)
	{
		if (bpf_map__max_entries(map) > FEW && map != skel->maps.ring)
			bpf_map__set_max_entries(map, FEW);
	}
	bpf_map__set_max_entries(skel->maps.ring, sysconf(_SC_PAGESIZE));
	bpf_map__set_autocreate(skel->maps.task_threads, false);
	skel->rodata->config.page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

struct iterators *iterators__open(struct lister *out)
{
	struct iterators *i = calloc(1, sizeof(*i));
	struct programs opened;
	struct features f = {};

	*out = (struct lister){.vma_fd = -1, .task_fd = -1};
	libbpf_set_print(NULL);
	/* The iterators know processes by the kernel's ids. */
	if (!i || procfs__pid_namespace() || programs__open(&opened, &f)) {
		free(i);
		return NULL;
	}
	i->skel = opened.skel;
	choose(i->skel, &f);
	if (programs__load(&opened) || !f.iter_task || !f.iter_vma) {
		iterators__close(i);
		return NULL;
	}
	out->task_fd = bpf_program__fd(i->skel->progs.list_task);
	out->vma_fd = bpf_program__fd(i->skel->progs.list_vma);
	out->only = &i->skel->bss->listed_tgid;
	return i;
}

void iterators__close(struct iterators *i)
{
	if (!i)
		return;
	brkscope__destroy(i->skel);
	free(i);
}

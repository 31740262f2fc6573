/*
 * listing.c - what there is now: the threads and the mappings of one process, or of all.
 */
#include "kernel/listing.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/listing_proc.h"
#include "kernel/records.h"

/*
 * Since Linux 6.1 (f0d74c4da1f0 "bpf: Parameterize task iterators.") a link can
 * be for one process; before, such an argument is too long.
 */
static int link_iterator(int prog_fd, __u32 pid)
{
	union bpf_iter_link_info info = {.task = {.pid = pid}};
	LIBBPF_OPTS(bpf_link_create_opts, one, .iter_info = &info, .iter_info_len = sizeof(info));
	int fd = pid ? bpf_link_create(prog_fd, 0, BPF_TRACE_ITER, &one) : -E2BIG;

	return fd == -E2BIG ? bpf_link_create(prog_fd, 0, BPF_TRACE_ITER, NULL) : fd;
}

static int read_iterator(struct records *to, const struct lister *by, int prog_fd, __u32 pid)
{
	int link = link_iterator(prog_fd, pid), fd, err;

	if (link < 0)
		return link;
	__atomic_store_n(by->only, pid, __ATOMIC_SEQ_CST);
	fd = bpf_iter_create(link);
	err = fd < 0 ? fd : records__read(to, fd);
	if (fd >= 0)
		close(fd);
	close(link);
	return err;
}

static int compare(__u64 a, __u64 b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

static int by_thread(const void *a, const void *b)
{
	const struct task_record *x = a, *y = b;

	return x->tgid == y->tgid ? compare(x->tid, y->tid) : compare(x->tgid, y->tgid);
}

static int by_address(const void *a, const void *b)
{
	const struct vma_record *x = a, *y = b;

	if (x->tgid != y->tgid)
		return compare(x->tgid, y->tgid);
	return x->tid == y->tid ? compare(x->start, y->start) : compare(x->tid, y->tid);
}

/* The process's, from *at on.  Where each of several threads has listed them, the first one's. */
static void take_vmas(struct listed *p, const struct vma_record *vmas, size_t n, size_t *at)
{
	while (*at < n && vmas[*at].tgid < p->pid)
		++*at; /* its fork came between the two lists, or it is the kernel's */
	p->vmas = vmas + *at;
	while (*at + p->n_vmas < n && p->vmas[p->n_vmas].tgid == p->pid &&
	       p->vmas[p->n_vmas].tid == p->vmas->tid)
		p->n_vmas++;
	*at += p->n_vmas;
}

static int find_processes(struct listing *l, size_t n_tasks, size_t n_vmas)
{
	size_t at = 0;

	l->processes = calloc(n_tasks ? n_tasks : 1, sizeof(*l->processes));
	if (!l->processes)
		return -ENOMEM;
	for (size_t i = 0; i < n_tasks; i++) {
		if (!i || l->tasks[i].tgid != l->tasks[i - 1].tgid)
			l->processes[l->n++] = (struct listed){.pid = l->tasks[i].tgid,
							       .tasks = &l->tasks[i]};
		l->processes[l->n - 1].n_tasks++;
	}
	for (size_t i = 0; i < l->n; i++)
		take_vmas(&l->processes[i], l->vmas, n_vmas, &at);
	return 0;
}

/* The iterator, or, where it is not there or fails, the other way. */
static int read_records(struct records *to, const struct lister *by, int prog_fd, __u32 pid,
			int (*read_proc)(struct records *to, __u32 pid))
{
	if (prog_fd >= 0 && !read_iterator(to, by, prog_fd, pid))
		return 0;
	to->have = 0;
	return read_proc(to, pid);
}

int listing__read(struct listing *out, const struct lister *by, __u32 pid)
{
	struct records tasks = {}, vmas = {};
	size_t n_tasks, n_vmas;
	int err;

	err = read_records(&tasks, by, by->task_fd, pid, listing_proc__tasks);
	if (!err && tasks.have) /* or it has gone */
		err = read_records(&vmas, by, by->vma_fd, pid, listing_proc__vmas);
	*out = (struct listing){.tasks = (void *)tasks.bytes, .vmas = (void *)vmas.bytes};
	n_tasks = tasks.have / sizeof(*out->tasks);
	n_vmas = vmas.have / sizeof(*out->vmas);
	if (!err) {
		if (n_tasks)
			qsort(out->tasks, n_tasks, sizeof(*out->tasks), by_thread);
		if (n_vmas)
			qsort(out->vmas, n_vmas, sizeof(*out->vmas), by_address);
		err = find_processes(out, n_tasks, n_vmas);
	}
	if (err)
		listing__clear(out);
	return err;
}

void listing__clear(struct listing *l)
{
	free(l->processes);
	free(l->tasks);
	free(l->vmas);
	*l = (struct listing){};
}

static int by_pid(const void *pid, const void *listed)
{
	return compare(*(const __u32 *)pid, ((const struct listed *)listed)->pid);
}

const struct listed *listing__find(const struct listing *l, __u32 pid)
{
	return l->n ? bsearch(&pid, l->processes, l->n, sizeof(*l->processes), by_pid) : NULL;
}

const struct task_record *listed__process(const struct listed *p)
{
	for (size_t i = 0; i < p->n_tasks; i++)
		if (p->tasks[i].tid == p->pid)
			return &p->tasks[i];
	return p->tasks;
}

static int holds(const void *addr, const void *vma)
{
	const struct vma_record *r = vma;
	__u64 at = *(const __u64 *)addr;

	return at < r->start ? -1 : at >= r->end;
}

const struct vma_record *listed__vma(const struct listed *p, __u64 addr)
{
	return p->n_vmas ? bsearch(&addr, p->vmas, p->n_vmas, sizeof(*p->vmas), holds) : NULL;
}

/*
 * cmd_space.c - a process's address space: the kernel's list of mappings and the model's ledger.
 */
#include "cmd_space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/pagemap.h"
#include "kernel/smaps.h"

/* A library's mappings come one after another: they have one copy of its path. */
static const char *keep_name(struct address_space *a, const char *name)
{
	if (!*name)
		return "";
	if (a->n && !strcmp(a->vmas[a->n - 1].name, name))
		return a->vmas[a->n - 1].name;
	return strdup(name);
}

static enum mapping_kind kind_of(const struct proc_map *map)
{
	if (map->ino || map->path[0] == '/')
		return MAPPING_FILE;
	if (!strcmp(map->path, "[heap]"))
		return MAPPING_HEAP;
	if (!strcmp(map->path, "[stack]"))
		return MAPPING_STACK;
	if (!strncmp(map->path, "[v", 2))
		return MAPPING_SPECIAL;
	return MAPPING_ANON;
}

static int take_map(const struct smap *map, void *arg)
{
	struct address_space *a = arg;
	struct vma v = {
		.start = map->map.start,
		.end = map->map.end,
		.rss_bytes = map->rss,
		.kind = kind_of(&map->map),
		.accounted = map->accounted,
		.grows = map->grows_down,
		.probes = procfs__is_for_probes(&map->map),
		.outside = !strcmp(map->map.path, "[vsyscall]"),
	};
	struct vma *more;

	if (a->n == a->most) {
		a->most = a->most ? a->most * 2 : 64;
		more = realloc(a->vmas, a->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		a->vmas = more;
	}
	memcpy(v.perms, map->map.perms, sizeof(v.perms));
	v.name = keep_name(a, map->map.path);
	if (!v.name)
		return -ENOMEM;
	a->rss.segments_bytes += v.rss_bytes;
	a->vmas[a->n++] = v;
	return 0;
}

static __u64 sum(const struct proc_size *rss)
{
	return rss->anon_bytes + rss->file_bytes + rss->shmem_bytes;
}

/*
 * The counters of /proc/PID/status are exact since Linux 6.17 (commit 82241a83cd15,
 * "mm: fix the inaccurate memory statistics issue for users").  Before, what a CPU
 * (from 6.2 on, commit f1a7941243c1) or a thread has not added to them yet is missing:
 * where they stand still and differ, the kernel's sum over the page tables decides.
 */
static int check_rss(struct address_space *a, __u32 pid, const struct proc_size *before,
		     const struct proc_size *after)
{
	struct rss_check *r = &a->rss;
	int err;

	a->size = sum(before) == r->segments_bytes ? *before : *after;
	r->counter_bytes = sum(&a->size);
	a->rss_agrees = r->counter_bytes == r->segments_bytes;
	if (a->rss_agrees || sum(before) != sum(after))
		return 0;
	err = smaps__rollup(pid, &r->walked_bytes);
	r->walked = !err;
	a->rss_agrees = r->walked && r->walked_bytes == r->segments_bytes;
	return err == -ENOENT ? 0 : err;
}

int address_space__read(struct address_space *a, __u32 pid, const struct space *model)
{
	struct proc_size before, after;
	struct proc_info info;
	int err;

	address_space__clear(a);
	err = procfs__size(pid, &before);
	if (!err)
		err = smaps__read(pid, take_map, a);
	if (!err)
		err = procfs__size(pid, &after);
	if (!err)
		err = check_rss(a, pid, &before, &after);
	/* The list of one that ends meanwhile is cut short, and nothing in it says so. */
	if (!err)
		err = procfs__info(pid, &info);
	if (!err && (info.ended || !a->n))
		err = -ESRCH;
	if (!err)
		err = holdings__build(&a->holdings, model, a->vmas, a->n);
	if (!err)
		reconcile(&a->ledger, &a->holdings, a->vmas, a->n);
	return err;
}

bool address_space__same(const struct address_space *a, const struct address_space *b)
{
	if (a->n != b->n || a->rss.segments_bytes != b->rss.segments_bytes ||
	    a->rss.counter_bytes != b->rss.counter_bytes ||
	    a->ledger.difference_bytes != b->ledger.difference_bytes)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->vmas[i].start != b->vmas[i].start || a->vmas[i].end != b->vmas[i].end ||
		    a->vmas[i].rss_bytes != b->vmas[i].rss_bytes ||
		    strcmp(a->vmas[i].perms, b->vmas[i].perms))
			return false;
	return true;
}

struct counting {
	struct pagemap *pagemap;
	__u32 pid;
};

static int count_pages(__u64 start, __u64 end, __u64 *bytes, void *arg)
{
	struct counting *c = arg;
	int err = 0;

	if (!c->pagemap)
		err = pagemap__open(&c->pagemap, c->pid);
	return err ? err : pagemap__resident(c->pagemap, start, end, bytes);
}

static int take_thread(__u32 tid, void *arg)
{
	__u64 stack_pointer;

	if (!procfs__stack_pointer(tid, &stack_pointer))
		layout__thread(arg, tid, stack_pointer);
	return 0;
}

static bool has_thread_stacks(const struct layout *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->segments[i].kind == SEGMENT_THREAD_STACK)
			return true;
	return false;
}

int address_space__lay_out(struct address_space *a, __u32 pid)
{
	struct counting c = {.pid = pid};
	int err = layout__build(&a->layout, &a->holdings, a->vmas, a->n);

	if (err)
		return err;
	layout__resident(&a->layout, a->vmas, count_pages, &c);
	pagemap__close(c.pagemap);
	if (has_thread_stacks(&a->layout))
		procfs__threads(pid, take_thread, &a->layout);
	return 0;
}

void address_space__clear(struct address_space *a)
{
	for (size_t i = 0; i < a->n; i++)
		if ((!i || a->vmas[i].name != a->vmas[i - 1].name) && *a->vmas[i].name)
			free((char *)a->vmas[i].name);
	free(a->vmas);
	holdings__clear(&a->holdings);
	layout__clear(&a->layout);
	*a = (struct address_space){};
}

/*
 * listing_proc.c - the records of the iterators, made of what /proc says.
 */
#include "kernel/listing_proc.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Shared anonymous memory and anonymous huge pages: their file is the kernel's own. */
static bool made_by_kernel(const struct proc_map *map)
{
	return begins(map->path, "[anon_shmem:") || /* named by prctl(PR_SET_VMA) */
	       (map->perms[3] == 's' && !strcmp(map->path, "/dev/zero (deleted)")) ||
	       !strcmp(map->path, "/anon_hugepage (deleted)");
}

static __u8 kind_of(const struct proc_map *map)
{
	if (map->ino || map->path[0] == '/')
		return made_by_kernel(map) ? VMA_SHARED : VMA_FILE;
	if (!strcmp(map->path, "[heap]"))
		return VMA_HEAP;
	if (!strcmp(map->path, "[stack]"))
		return VMA_STACK;
	if (procfs__is_for_probes(map))
		return VMA_PROBES;
	return map->path[0] == '[' && !begins(map->path, "[anon:") ? VMA_SPECIAL : VMA_ANON;
}

bool vma__of_map(struct vma_record *r, __u32 pid, const struct proc_map *map)
{
	/* The kernel's own page, the same in every process and not in its address space. */
	if (!strcmp(map->path, "[vsyscall]"))
		return false;
	*r = (struct vma_record){
		.start = map->start,
		.end = map->end,
		.offset = map->offset,
		.ino = map->ino,
		.dev = map->dev,
		.tgid = pid,
		.tid = pid,
		.kind = kind_of(map),
		.flags = (map->perms[0] == 'r' ? VMA_F_READ : 0) |
			 (map->perms[1] == 'w' ? VMA_F_WRITE : 0) |
			 (map->perms[2] == 'x' ? VMA_F_EXEC : 0) |
			 (map->perms[3] == 's' ? VMA_F_MAYSHARE : 0),
	};
	return true;
}

struct reading {
	struct records *to;
	__u32 pid;
	__u64 read_ns;
};

static int take_map(const struct proc_map *map, void *arg)
{
	struct reading *reading = arg;
	struct vma_record r;

	if (!vma__of_map(&r, reading->pid, map))
		return 0;
	r.read_ns = reading->read_ns;
	return records__add(reading->to, &r, sizeof(r));
}

static int read_maps(__u32 pid, void *arg)
{
	struct reading reading = {arg, pid, clock__boot_ns()};

	return procfs__maps(pid, take_map, &reading) == -ENOMEM ? -ENOMEM : 0;
}

static int read_task(__u32 pid, void *arg)
{
	struct proc_info info;
	struct task_record r;

	if (procfs__info(pid, &info) || info.kernel_thread || info.tgid != pid)
		return 0;
	r = (struct task_record){
		.start_ns = info.start_ns,
		.start_brk = info.start_brk,
		.tgid = pid,
		.tid = pid,
		.ppid = info.ppid,
	};
	memcpy(r.comm, info.comm, sizeof(r.comm));
	return records__add(arg, &r, sizeof(r));
}

int listing_proc__vmas(struct records *to, __u32 pid)
{
	return pid ? read_maps(pid, to) : procfs__each(read_maps, to);
}

int listing_proc__tasks(struct records *to, __u32 pid)
{
	return pid ? read_task(pid, to) : procfs__each(read_task, to);
}

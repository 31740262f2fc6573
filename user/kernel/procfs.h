/*
 * procfs.h - what /proc says about a process.
 *
 * A process can vanish between any two reads: every function says so with
 * -ESRCH, and what it wrote by then is not to be used.
 */
#ifndef BRKSCOPE_PROCFS_H
#define BRKSCOPE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define PROC_PATH_MAX 4096

struct proc_map {
	__u64 start, end;
	__u64 offset;
	__u64 ino;
	__u32 dev;	  /* the kernel's dev_t: major << 20 | minor */
	char perms[5];	  /* "rwxp" */
	const char *path; /* "" for anonymous memory; valid during the visit */
};

struct proc_info {
	__u32 tgid; /* the process, where the PID is a thread's */
	__u32 ppid;
	__u64 start_ns; /* since boot, in steps of a clock tick */
	__u64 start_brk;
	bool kernel_thread;
	bool ended; /* all of its threads; a zombie: its parent has not asked for it yet */
	char comm[16];
};

/* How large it is: the kernel's own counters, all of one instant. */
struct proc_size {
	__u64 bytes;				   /* of the address space */
	__u64 stack_bytes;			   /* of that, of mappings that grow down */
	__u64 anon_bytes, file_bytes, shmem_bytes; /* resident */
};

/* Each line of /proc/PID/maps, in address order, until visit returns nonzero (returned as is). */
int procfs__maps(__u32 pid, int (*visit)(const struct proc_map *map, void *arg), void *arg);
/* Pages that the kernel has mapped to carry out uprobes, anybody's. */
bool procfs__is_for_probes(const struct proc_map *map);
int procfs__info(__u32 pid, struct proc_info *info);
int procfs__size(__u32 pid, struct proc_size *size);
/* Addresses in what exec mapped: the program, its loader (0: none), the vdso. */
struct proc_image {
	__u64 entry, loader, vdso;
};
int procfs__image(__u32 pid, struct proc_image *image);
/* The target of /proc/PID/exe; of a cgroup v2 the path.  NUL-terminated, cut at size. */
int procfs__exe(__u32 pid, char *path, size_t size);
int procfs__cgroup(__u32 pid, char *path, size_t size);
/* The process's threads, until visit returns nonzero (returned as is); -ESRCH. */
int procfs__threads(__u32 pid, int (*visit)(__u32 tid, void *arg), void *arg);
/* Where the stack of a thread is now.  -EAGAIN: it runs, and nobody can tell. */
int procfs__stack_pointer(__u32 tid, __u64 *stack_pointer);
/* A whole file of /proc/PID, NUL-terminated; the caller frees it. */
int procfs__text(__u32 pid, const char *name, char **text);
/* A line of /proc/PID/maps, which map->path points into.  False: it is none. */
bool procfs__parse_map(char *line, struct proc_map *map);
/*
 * The number of the reader's PID namespace, in which processes have other ids than the kernel's; 0:
 * they have the kernel's.
 */
unsigned long long procfs__pid_namespace(void);
/* Every process there is now. */
int procfs__each(int (*visit)(__u32 pid, void *arg), void *arg);

#endif

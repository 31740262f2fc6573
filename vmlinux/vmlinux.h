/*
 * vmlinux.h - the kernel types that the BPF programs use, and no others.
 *
 * Every access is relocated at load time against the running kernel's BTF
 * (CO-RE): only the names and types of the fields matter here, neither their
 * offsets nor what stands between them.  So the build needs neither BTF nor
 * kernel headers.  struct pt_regs is the exception: the probed registers are
 * ABI, and are laid out as the architecture has them.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* The BPF ABI: include/uapi/linux/bpf.h. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum { BPF_F_NO_PREALLOC = 1 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
};
struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			__u64 regs[31];
			__u64 sp, pc, pstate;
		};
	};
	__u64 orig_x0; /* a system call's first argument, once its result is in regs[0] */
	__s32 syscallno;
};
#else
#error "this architecture's struct pt_regs is not here yet"
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic_long_t;

struct super_block {
	__u32 s_dev;
	unsigned char s_blocksize_bits;
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct qstr {
	const unsigned char *name;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
};

/* Since 6.5: what a stacked file system maps of a file, with the path that the user knows. */
struct backing_file {
	struct path user_path;
};

struct vm_area_struct;
struct vm_operations_struct {
	const char *(*name)(struct vm_area_struct *vma);
};

struct vm_special_mapping {
	const char *name;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_pgoff, vm_flags;
	struct file *vm_file;
	struct mm_struct *vm_mm;
	const struct vm_operations_struct *vm_ops;
	void *vm_private_data;
};

struct percpu_counter {
	__s64 count;
	__s32 *counters;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct xol_area {
	unsigned long vaddr;
};

struct return_instance {
	unsigned long stack;
	unsigned long orig_ret_vaddr;
};

struct uprobe_task {
	struct return_instance *return_instances;
};

struct uprobes_state {
	struct xol_area *xol_area;
	struct hlist_head head_tramps; /* since 6.18 */
};

struct mm_struct {
	struct uprobes_state uprobes_state;
	int map_count;
	unsigned long total_vm, stack_vm;
	unsigned long def_flags;
	unsigned long start_brk, brk, start_stack;
	struct percpu_counter rss_stat[4]; /* since 6.2 */
};

/* Before 6.2 (f1a7941243c1 "mm: convert mm's rss stats into percpu_counter"). */
struct mm_rss_stat {
	atomic_long_t count[4];
};
struct mm_struct___before_6_2 {
	struct mm_rss_stat rss_stat;
};

struct rlimit {
	unsigned long rlim_cur;
};

struct signal_struct {
	atomic_t live;
	struct rlimit rlim[16];
};

#if defined(__TARGET_ARCH_x86)
struct thread_struct {
	unsigned long fsbase;
};
#elif defined(__TARGET_ARCH_arm64)
struct thread_struct {
	struct {
		unsigned long tp_value;
	} uw;
};
#endif

struct seccomp {
	int mode;
};

#if defined(__TARGET_ARCH_x86)
struct thread_info {
	__u32 status;
};
#endif

struct task_struct {
#if defined(__TARGET_ARCH_x86)
	struct thread_info thread_info;
#endif
	unsigned int flags;
	struct thread_struct thread;
	struct mm_struct *mm, *active_mm;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	__u64 start_boottime;
	__u64 self_exec_id;
	char comm[16];
	struct files_struct *files;
	struct uprobe_task *utask;
	unsigned int in_execve : 1;
	struct signal_struct *signal;
	unsigned long sas_ss_sp;
	unsigned long sas_ss_size;
	struct seccomp seccomp;
};

struct seq_file;
struct bpf_iter_meta {
	__u64 session_id;
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

struct bpf_array {
	void *pptrs[0];
};

struct linux_binprm {
	struct file *file;
	const char *filename;
};

#pragma clang attribute pop

#endif

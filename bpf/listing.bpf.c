/*
 * listing.bpf.c - what there is now: a record of each thread, and of each mapping.
 *
 * Iterators: they run when their file descriptor is read, in whoever reads it,
 * and cost the listed processes nothing but their address space's lock, which
 * the kernel lets go whenever somebody waits for it, as for /proc/PID/maps.  So
 * neither list is of one instant; ledger.h says why that ends in the truth.
 */
#include "inode.bpf.h"
#include "maps.bpf.h"

#include "brkscope/listing.h"

/* include/linux/mm.h: as they have been since there are such flags. */
#define VM_READ	      0x00000001UL
#define VM_WRITE      0x00000002UL
#define VM_EXEC	      0x00000004UL
#define VM_MAYSHARE   0x00000080UL
#define VM_GROWSDOWN  0x00000100UL
#define VM_NOHUGEPAGE 0x40000000UL

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Only this process; 0: all.  Linux before 6.1 iterates over all of them always. */
__u32 listed_tgid = 0;

static __always_inline __u8 flags_of(unsigned long vm_flags)
{
	return (vm_flags & VM_READ ? VMA_F_READ : 0) | (vm_flags & VM_WRITE ? VMA_F_WRITE : 0) |
	       (vm_flags & VM_EXEC ? VMA_F_EXEC : 0) |
	       (vm_flags & VM_MAYSHARE ? VMA_F_MAYSHARE : 0) |
	       (vm_flags & VM_GROWSDOWN ? VMA_F_GROWS : 0) |
	       (vm_flags & VM_NOHUGEPAGE ? VMA_F_NOHUGE : 0);
}

static __always_inline bool same_text(const char *a, const char *b, int size)
{
	for (int i = 0; i < size; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/*
 * Shared anonymous memory, and anonymous huge pages, have a file that the kernel
 * makes for them (mm/shmem.c shmem_zero_setup, fs/hugetlbfs/inode.c
 * hugetlb_file_setup).  It is in no directory, so nobody else's has its name.
 */
static __always_inline bool made_by_kernel(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	static const char zero[] = "dev/zero", huge[] = "anon_hugepage";
	char name[16] = {};

	if (BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	return same_text(name, zero, sizeof(zero)) || same_text(name, huge, sizeof(huge));
}

/*
 * The kernel's own code and data in the process: only that has no file and an
 * operation that names it (mm/vma.c, special_mapping_vmops).  VMA_ANON: it is none.
 */
static __always_inline __u8 special_kind(struct vm_area_struct *vma)
{
	static const char probes[] = "[uprobes";
	struct vm_special_mapping *special;
	char text[sizeof(probes)] = {};

	if (!BPF_CORE_READ(vma, vm_ops, name))
		return VMA_ANON;
	special = BPF_CORE_READ(vma, vm_private_data);
	bpf_probe_read_kernel_str(text, sizeof(text), BPF_CORE_READ(special, name));
	if (text[0] != '[')
		return VMA_ANON;
	return same_text(text, probes, sizeof(probes)) ? VMA_PROBES : VMA_SPECIAL;
}

/* In the order of fs/proc/task_mmu.c, get_vma_name. */
static __always_inline __u8 kind_of(struct vm_area_struct *vma, struct file *file, __u64 start,
				    __u64 end)
{
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	__u8 special;
	__u64 stack;

	if (file)
		return made_by_kernel(file) ? VMA_SHARED : VMA_FILE;
	special = special_kind(vma);
	if (special != VMA_ANON)
		return special;
	/* Older kernels call [heap] what only touches it, too. */
	if (start < BPF_CORE_READ(mm, brk) && end > BPF_CORE_READ(mm, start_brk))
		return VMA_HEAP;
	stack = BPF_CORE_READ(mm, start_stack);
	return start <= stack && end >= stack ? VMA_STACK : VMA_ANON;
}

/* By tgid, where the leader has exited: the thread that lists instead, in which reading. */
struct stand_in {
	__u64 reading;
	__u32 tid;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct stand_in);
} stand_ins SEC(".maps");

/*
 * An address space is listed by its process's leader.  Where that has exited
 * and others have not, by the first of them that comes.
 */
static __always_inline bool lists_mappings(struct task_struct *task, __u64 reading)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct stand_in fresh = {.reading = reading, .tid = BPF_CORE_READ(task, pid)}, *known;

	if (fresh.tid == tgid)
		return true;
	if (BPF_CORE_READ(task, group_leader, mm))
		return false;
	known = bpf_map_lookup_elem(&stand_ins, &tgid);
	if (known && known->reading == reading)
		return known->tid == fresh.tid;
	bpf_map_update_elem(&stand_ins, &tgid, &fresh, BPF_ANY);
	return true;
}

SEC("iter/task_vma")
int list_vma(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	struct vma_record r = {};
	struct inode *inode;
	struct file *file;

	if (!task || !vma)
		return 0; /* the end */
	r.tgid = BPF_CORE_READ(task, tgid);
	if ((listed_tgid && r.tgid != listed_tgid) || !lists_mappings(task, ctx->meta->session_id))
		return 0;
	r.read_ns = bpf_ktime_get_boot_ns();
	r.tid = BPF_CORE_READ(task, pid);
	r.start = BPF_CORE_READ(vma, vm_start);
	r.end = BPF_CORE_READ(vma, vm_end);
	r.flags = flags_of(BPF_CORE_READ(vma, vm_flags));
	file = BPF_CORE_READ(vma, vm_file);
	r.kind = kind_of(vma, file, r.start, r.end);
	if (r.kind == VMA_HEAP) {
		r.heap_start = BPF_CORE_READ(vma, vm_mm, start_brk);
		r.heap_end = BPF_CORE_READ(vma, vm_mm, brk);
	}
	if (file) {
		inode = user_inode(file);
		r.offset = BPF_CORE_READ(vma, vm_pgoff) << config.page_shift;
		r.ino = BPF_CORE_READ(inode, i_ino);
		r.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	}
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

static __always_inline __u64 thread_pointer(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread.fsbase);
#else
	return BPF_CORE_READ(task, thread.uw.tp_value);
#endif
}

SEC("iter/task")
int list_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_record r = {};
	struct mm_struct *mm;

	if (!task || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	r.tgid = BPF_CORE_READ(task, tgid);
	if (listed_tgid && r.tgid != listed_tgid)
		return 0;
	r.tid = BPF_CORE_READ(task, pid);
	r.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	r.ppid = BPF_CORE_READ(task, group_leader, real_parent, tgid);
	BPF_CORE_READ_INTO(&r.comm, task, group_leader, comm);
	r.tp = thread_pointer(task);
	if (bpf_core_field_exists(task->in_execve))
		r.in_exec = BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	mm = BPF_CORE_READ(task, mm);
	r.start_brk = BPF_CORE_READ(mm, start_brk);
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

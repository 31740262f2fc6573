/*
 * caller.bpf.h - which code made the system call that this thread is in.
 *
 * Two places: the instruction behind the system call, and where the wrapper
 * around it will return to.  Both as file and offset, looked up in the
 * process's mappings now, so that they hold when the process has gone.
 */
#ifndef CALLER_BPF_H
#define CALLER_BPF_H

#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* Where the user's registers are, on kernels without bpf_task_pt_regs: at the stack's end. */
#define THREAD_SIZE 16384UL

struct find {
	__u64 addr;
	struct site *site;
};

static long site_fill(struct task_struct *task, struct vm_area_struct *vma, struct find *find)
{
	struct file *file = vma->vm_file;
	__u64 off;

	if (!file)
		return 0;
	find->site->ino = BPF_CORE_READ(file, f_inode, i_ino);
	find->site->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	off = find->addr - BPF_CORE_READ(vma, vm_start) +
	      (BPF_CORE_READ(vma, vm_pgoff) << config.page_shift);
	find->site->off = off < 0xffffffff ? off : 0xffffffff;
	return 0;
}

/* -EBUSY of bpf_find_vma: the address space's lock is taken.  -ENOENT is an answer. */
#define EBUSY	   16
#define FIND_TRIES 64

struct search {
	struct find find;
	bool found;
};

/* One try; 1 ends bpf_loop. */
static long find_vma(__u32 attempt, struct search *s)
{
	struct task_struct *task = bpf_get_current_task_btf();

	s->found = bpf_find_vma(task, s->find.addr, site_fill, &s->find, 0) != -EBUSY;
	return s->found;
}

static __always_inline void site_remember(const struct site_key *key, const struct site_seen *now)
{
	struct site_seen *seen = bpf_map_lookup_elem(&sites, key);

	if (seen && seen->exec_id == now->exec_id && seen->site.ino == now->site.ino &&
	    seen->site.dev == now->site.dev && seen->site.off == now->site.off)
		return;
	bpf_map_update_elem(&sites, key, now, BPF_ANY);
}

/*
 * Looks an address up; where the lock is taken, it is what it was the last time.
 * Only an address that is new is worth waiting for: another thread's mmap or
 * munmap holds the lock for a microsecond or so.
 */
static __always_inline void site_find(struct site *site, __u64 addr, bool can_find)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct site_key key = {.addr = addr, .tgid = bpf_get_current_pid_tgid() >> 32};
	struct site_seen now = {.exec_id = BPF_CORE_READ(task, self_exec_id)}, *seen;
	struct search search = {.find = {.addr = addr, .site = &now.site}};

	if (can_find && find_vma(0, &search)) {
		site_remember(&key, &now);
		*site = now.site;
		return;
	}
	seen = bpf_map_lookup_elem(&sites, &key);
	if (seen && seen->exec_id == now.exec_id) {
		*site = seen->site;
		return;
	}
	if (can_find)
		bpf_loop(FIND_TRIES, find_vma, &search, 0); /* Linux 5.17, as bpf_find_vma */
	if (search.found) {
		site_remember(&key, &now);
		*site = now.site;
		return;
	}
	site->ino = addr;
	site->dev = SITE_ADDRESS;
	site->off = 0;
}

static __always_inline struct pt_regs *user_regs(void)
{
	struct task_struct *task;

	if (config.has_task_regs)
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (struct task_struct *)bpf_get_current_task();
	return (struct pt_regs *)(BPF_CORE_READ(task, stack) + THREAD_SIZE) - 1;
}

/*
 * Who called the wrapper that made the system call.  Most wrappers keep no
 * frame: then the word at the stack pointer (on arm64 the link register) is
 * where they return to.  The agent has said which do, and how large it is.
 */
static __always_inline void caller_find(struct thread *t, bool can_find)
{
	struct pt_regs *regs = user_regs();
	__u64 ret = 0;
	__u32 *frame;

	site_find(&t->ip, PT_REGS_IP_CORE(regs), can_find);
#if defined(__TARGET_ARCH_x86)
	frame = bpf_map_lookup_elem(&frames, &t->ip);
	bpf_probe_read_user(&ret, sizeof(ret),
			    (void *)PT_REGS_SP_CORE(regs) + (frame ? *frame : 0));
#else
	ret = PT_REGS_RET_CORE(regs);
#endif
	site_find(&t->caller, ret, can_find);
}

/* A second try at the system call's end: the registers are as they were. */
static __noinline int caller_retry(struct thread *t)
{
	if (t && (t->ip.dev == SITE_ADDRESS || t->caller.dev == SITE_ADDRESS))
		caller_find(t, true);
	return 0;
}

#endif

/*
 * caller.bpf.h - which code made the system call that this thread is in.
 *
 * Two places: the instruction behind the system call, and where the wrapper
 * around it will return to.  Both as file and offset, looked up in the
 * process's mappings now, so that they hold when the process has gone.
 */
#ifndef CALLER_BPF_H
#define CALLER_BPF_H

#include "file.bpf.h"
#include "returns.bpf.h"
#include <bpf/bpf_tracing.h>

/* -EBUSY of bpf_find_vma: the address space's lock is taken.  -ENOENT is an answer. */
#define EBUSY	   16
#define FIND_TRIES 64

struct search {
	__u64 addr;
	struct site_seen map;
	bool found;
};

static long map_fill(struct task_struct *task, struct vm_area_struct *vma, struct search *s)
{
	struct file *file = vma->vm_file;
	struct inode *inode;

	s->map.start = BPF_CORE_READ(vma, vm_start);
	s->map.end = BPF_CORE_READ(vma, vm_end);
	if (!file)
		return 0;
	s->map.offset = BPF_CORE_READ(vma, vm_pgoff) << config.page_shift;
	inode = user_inode(file);
	s->map.ino = BPF_CORE_READ(inode, i_ino);
	s->map.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	return 0;
}

/* One try; 1 ends bpf_loop. */
static long find_vma(__u32 attempt, struct search *s)
{
	s->found = bpf_find_vma(bpf_get_current_task_btf(), s->addr, map_fill, s, 0) != -EBUSY;
	return s->found;
}

static __always_inline void map_remember(const struct site_key *key, const struct site_seen *now)
{
	struct site_seen *seen = bpf_map_lookup_elem(&sites, key);

	if (seen && seen->exec_id == now->exec_id && seen->start == now->start &&
	    seen->end == now->end && seen->offset == now->offset && seen->ino == now->ino &&
	    seen->dev == now->dev)
		return;
	bpf_map_update_elem(&sites, key, now, BPF_ANY);
}

/* The one that an address was in the last time. */
static __always_inline bool map_recall(const struct site_key *key, __u64 exec_id,
				       struct site_seen *map)
{
	struct site_seen *seen = bpf_map_lookup_elem(&sites, key);

	if (!seen || seen->exec_id != exec_id)
		return false;
	*map = *seen;
	return true;
}

/*
 * The mapping that an address is in; where the lock is taken, the one that it was
 * in the last time.  Only an address that is new is worth waiting for: another
 * thread's mmap or munmap holds the lock for a microsecond or so.
 *
 * As VERIFIED_ONCE, but with addresses: where there is bpf_find_vma, they are taken (5.12).  Before
 * 6.2 what they lead to is no key or value of a map (d1673304097c).
 */
__weak __noinline int map_look(__u64 addr, struct site_seen *map)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct site_key key = {.addr = addr, .tgid = bpf_get_current_pid_tgid() >> 32};
	struct search s = {.addr = addr};

	if (!map)
		return false;
	s.map.exec_id = BPF_CORE_READ(task, self_exec_id);
	if (!find_vma(0, &s)) {
		if (map_recall(&key, s.map.exec_id, map))
			return true;
		bpf_loop(FIND_TRIES, find_vma, &s, 0); /* Linux 5.17, as bpf_find_vma */
	}
	if (s.found)
		map_remember(&key, &s.map);
	*map = s.map;
	return s.found;
}

static __always_inline bool map_find(struct search *s, bool can_find)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct site_key key = {.addr = s->addr, .tgid = bpf_get_current_pid_tgid() >> 32};

	if (can_find)
		return map_look(s->addr, &s->map);
	return map_recall(&key, BPF_CORE_READ(task, self_exec_id), &s->map);
}

static __always_inline struct site site_of(const struct search *s, bool known)
{
	struct site address = {.ino = s->addr, .dev = SITE_ADDRESS};

	return known ? site_in(&s->map, s->addr) : address;
}

#if defined(__TARGET_ARCH_x86)
#define CALLER_AT(regs) PT_REGS_SP(regs)
#else
#define CALLER_AT(regs) PT_REGS_RET(regs)
#endif

/*
 * Who called the wrapper that made the system call.  Most wrappers keep no
 * frame: then the word at the stack pointer (on arm64 the link register) is
 * where they return to.  The agent has said which do, and how large it is.
 * tcmalloc's mmap() is a wrapper around libc's syscall(), which is one.
 *
 * behind: the instruction behind the system call; at: CALLER_AT.
 */
static __always_inline void caller_find(struct thread *t, __u64 behind, __u64 at, bool can_find)
{
	struct search ip = {.addr = behind}, caller = {};
	bool known = map_find(&ip, can_find);
	struct site site = site_of(&ip, known);

	t->ip = site;
#if defined(__TARGET_ARCH_x86)
	__u32 *frame = bpf_map_lookup_elem(&frames, &site);

	at += frame ? *frame : 0;
	/* What could not be read is not known, and no caller outside of all files. */
	t->caller = (struct site){.dev = SITE_ADDRESS};
	if (bpf_probe_read_user(&caller.addr, sizeof(caller.addr), (void *)at))
		return;
#else
	caller.addr = at;
#endif
	caller.addr = real_return(caller.addr);
	/* libc's malloc calls libc's mmap: one mapping tells both. */
	if (known && caller.addr >= ip.map.start && caller.addr < ip.map.end)
		caller.map = ip.map;
	else
		known = map_find(&caller, can_find);
	site = site_of(&caller, known);
	t->caller = site;
#if defined(__TARGET_ARCH_x86)
	/* An allocator's own mmap(), made by way of syscall(2): who called that? */
	frame = bpf_map_lookup_elem(&frames, &site);
	if (!frame)
		return;
	at += sizeof(caller.addr) + *frame;
	caller = (struct search){};
	t->caller = (struct site){.dev = SITE_ADDRESS};
	if (bpf_probe_read_user(&caller.addr, sizeof(caller.addr), (void *)at))
		return;
	caller.addr = real_return(caller.addr);
	known = map_find(&caller, can_find);
	t->caller = site_of(&caller, known);
#endif
}

/* The file that has just been mapped at an address. */
__weak __noinline int file_find(struct site *site, __u64 addr)
{
	struct search s = {.addr = addr};
	bool known;

	if (!site)
		return 0;
	known = map_find(&s, true);
	*site = site_of(&s, known);
	return 0;
}

__weak __noinline int caller_look(struct thread *t, __u64 behind, __u64 at)
{
	if (t)
		caller_find(t, behind, at, true);
	return 0;
}

#endif

/*
 * mapping.bpf.h - mmap, munmap, mremap and mprotect, from entry to exit.
 *
 * What was asked comes from sys_enter, what happened from sys_exit: a failed
 * mmap is a failure and not bytes.  The caller is read at entry, while the stack
 * is as the call left it.
 */
#ifndef MAPPING_BPF_H
#define MAPPING_BPF_H

#include "burst.bpf.h"
#include "call.bpf.h"

/* include/uapi/asm-generic/mman-common.h, asm-generic/mman.h, linux/mman.h */
#define PROT_EXEC	 4
#define PROT_NONE	 0
#define MAP_ANONYMOUS	 0x20
#define MAP_STACK	 0x20000
#define MAP_NORESERVE	 0x4000
#define MAP_HUGETLB	 0x40000
#define MAP_HUGE_SHIFT	 26
#define MAP_HUGE_MASK	 0x3f
#define MREMAP_DONTUNMAP 4

static __always_inline __u64 page_align(__u64 bytes, __u64 flags)
{
	__u64 shift = config.page_shift;

	if (flags & MAP_HUGETLB) {
		shift = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
		if (!shift)
			shift = config.huge_shift;
	}
	return (bytes + (1ULL << shift) - 1) & ~((1ULL << shift) - 1);
}

#define HUGETLBFS_MAGIC 0x958458f6 /* include/uapi/linux/magic.h */

/* A file of hugetlbfs is mapped in its own pages, whatever the flags (ksys_mmap_pgoff). */
VERIFIED_ONCE __u64 file_align(__u64 bytes, __u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	__u64 size;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != HUGETLBFS_MAGIC)
		return page_align(bytes, 0);
	size = 1ULL << (BPF_CORE_READ(file, f_inode, i_sb, s_blocksize_bits) & 63);
	return (bytes + size - 1) & ~(size - 1);
}

struct outcome {
	__u64 size;
	__u8 type, op;
	__u16 flags;
	bool sited; /* the cause depends on ip and caller */
	bool code;  /* a file has been mapped executable */
};

/*
 * The request that this mapping served, by its own: counted where the call was,
 * or a row would have more requests served by mmap than requests.
 */
VERIFIED_ONCE int route_spill(__u16 flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = EVENT_ROUTE, .flags = flags};
	struct thread *t = thread_find(bpf_get_current_pid_tgid());

	if (!t)
		return 0;
	key.op = bursts_at(t->request_ns);
	key.bucket = size_bucket(t->request);
	key.ip = t->ip;
	key.caller = t->caller;
	key.tgid = bpf_get_current_pid_tgid() >> 32;
	if (!t->in_others)
		key.start_ns = task_start_ns(task);
	cells_add(&key, t->request);
	return 0;
}

/* Without a ring record: the totals by key. */
VERIFIED_ONCE int map_spill(__u8 type, __u8 op, __u16 flags, __u64 size, bool sited)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cell_key key = {.type = type, .op = op, .flags = flags, .bucket = size_bucket(size)};
	struct spilled_process *p = spill_begin(&key, task, bpf_get_current_pid_tgid() >> 32);
	struct thread *t = sited ? thread_find(bpf_get_current_pid_tgid()) : NULL;

	if (t) {
		key.ip = t->ip;
		key.caller = t->caller;
	}
	cells_add(&key, size);
	note_change(p, &key);
	if (flags & EVENT_F_REQUEST)
		route_spill(flags);
	return 0;
}

/* One event: to the ring, or into the spill. */
static __always_inline void map_emit(struct outcome *o, struct thread *t, long ret)
{
	__u64 fill = ring_fill();
	struct event_map *m = bpf_ringbuf_reserve(&ring, sizeof(*m), 0);

	if (!m) {
		map_spill(o->type, o->op, o->flags, o->size, o->sited);
		return;
	}
	if (o->flags & EVENT_F_REQUEST && t->in_others) {
		route_spill(o->flags);
		o->flags &= ~(EVENT_F_REQUEST | EVENT_F_LARGE);
	}
	event_fill(&m->e, o->type, o->op, o->size, o->flags);
	m->addr = t->args[0];
	m->length = t->args[1];
	m->result = ret;
	m->offset = t->args[5];
	m->new_addr = 0;
	m->prot = t->args[2];
	m->flags = t->args[3];
	m->fd = t->args[4];
	if (o->type == EVENT_MREMAP) {
		m->offset = t->args[1];
		m->length = t->args[2];
		m->new_addr = t->args[4];
		m->prot = 0;
		m->fd = -1;
	}
	m->request = o->flags & EVENT_F_REQUEST ? t->request : 0;
	m->request_fn = t->fn;
	m->request_ns = config.bursts ? t->request_ns : 0;
	m->begin_ns = t->begin_ns;
	m->ip = t->ip;
	m->caller = t->caller;
	m->file = (struct site){};
	if (o->code)
		m->file = t->file;
	bpf_ringbuf_submit(m, o->code ? wake_for_code(fill, t->file.ino, t->file.dev)
				      : wake_flags(fill));
}

/*
 * A mapping that malloc makes inside a call is what that call is served from: say
 * so once.  size: of what is mapped by now; what is too small for a large request
 * is for something else, such as the allocator's own records.
 */
static __always_inline __u16 take_request(struct thread *t, __u64 size)
{
	bool large = t->request >= LARGE_REQUEST;

	if (!t->pending || (large && size < t->request) || !seen_since(t->request_ns, t->begin_ns))
		return 0;
	t->pending = false;
	return large ? EVENT_F_REQUEST | EVENT_F_LARGE : EVENT_F_REQUEST;
}

static __always_inline void caller_begin(__u8 type, struct pt_regs *regs, bool can_find)
{
	struct thread *t = syscall_begin(type, regs);

	if (t && can_find)
		caller_look(t, PT_REGS_IP(regs), CALLER_AT(regs));
	else if (t)
		caller_find(t, PT_REGS_IP(regs), CALLER_AT(regs), false);
}

static __always_inline bool caller_is_known(const struct thread *t)
{
	return t->ip.dev != SITE_ADDRESS && t->caller.dev != SITE_ADDRESS;
}

/* A second try: the registers are as they were. */
static __always_inline void caller_end(struct thread *t, struct pt_regs *regs, bool can_find)
{
	if (can_find && !caller_is_known(t))
		caller_look(t, PT_REGS_IP(regs), CALLER_AT(regs));
	else if (!can_find && !t->begin_ns)
		caller_find(t, PT_REGS_IP(regs), CALLER_AT(regs), false);
}

VERIFIED_ONCE __u32 flags_asked(__u64 prot, __u64 flags)
{
	__u32 asked = 0;

	if (flags & MAP_ANONYMOUS)
		asked |= EVENT_F_ANON;
	if (flags & MAP_STACK)
		asked |= EVENT_F_STACK;
	if (prot == PROT_NONE)
		asked |= EVENT_F_RESERVE;
	if (flags & MAP_NORESERVE)
		asked |= EVENT_F_NORESERVE;
	return asked;
}

/*
 * A block's own mapping has a page more than was asked for (sysmalloc_mmap, malloc/malloc.c).
 * glibc maps more, for a heap, also where it has not even tried to move the break, as in dlmopen's
 * namespaces (__always_fail_morecore).  An alignment would have been asked for beside the size.
 */
static __always_inline bool is_for_heap(const struct thread *t, const struct outcome *o)
{
	bool sized = t->fn == FN_MALLOC || t->fn == FN_CALLOC || t->fn == FN_REALLOC;

	return o->flags & EVENT_F_REQUEST && sized && !(t->args[3] & MAP_HUGETLB) &&
	       o->size > t->request + (2ULL << config.page_shift);
}

static __always_inline void mmap_end(struct pt_regs *regs, long ret, bool can_find)
{
	struct thread *t = syscall_end(EVENT_MMAP, regs);
	struct outcome o = {.type = EVENT_MMAP, .sited = true};

	if (!t)
		return;
	caller_end(t, regs, can_find);
	o.flags = flags_asked(t->args[2], t->args[3]);
	if (t->args[3] & MAP_ANONYMOUS) {
		o.size = page_align(t->args[1], t->args[3]);
	} else {
		o.size = file_align(t->args[1], t->args[4]);
	}
	if (t->brk_failed)
		o.flags |= EVENT_F_FOR_HEAP;
	if (gave_no_address(t, ret)) {
		o.op = MAP_REFUSED;
		o.size = 0;
	} else {
		/* Room for a thread's heap is no answer to the request: what comes next is. */
		if (!(o.flags & EVENT_F_RESERVE) && !(t->marks && o.flags & EVENT_F_NORESERVE))
			o.flags |= take_request(t, o.size);
		if (is_for_heap(t, &o))
			o.flags |= EVENT_F_FOR_HEAP;
		t->brk_failed = false;
		o.code = can_find && !(o.flags & EVENT_F_ANON) && t->args[2] & PROT_EXEC;
		if (o.code)
			file_find(&t->file, ret);
	}
	map_emit(&o, t, ret);
}

static __always_inline void mremap_end(struct pt_regs *regs, long ret, bool can_find)
{
	struct thread *t = syscall_end(EVENT_MREMAP, regs);
	struct outcome o = {.type = EVENT_MREMAP, .op = REMAP_SAME, .sited = true};
	__u64 old, new;

	if (!t)
		return;
	caller_end(t, regs, can_find);
	old = page_align(t->args[1], 0);
	new = page_align(t->args[2], 0);
	if (gave_no_address(t, ret)) {
		o.op = REMAP_REFUSED;
	} else {
		o.flags |= take_request(t, new);
		/* DONTUNMAP leaves the old range where it was. */
		if (t->args[3] & MREMAP_DONTUNMAP)
			old = 0;
		o.op = new > old ? REMAP_GROW : new < old ? REMAP_SHRINK : REMAP_SAME;
		o.size = new > old ? new - old : old - new;
	}
	map_emit(&o, t, ret);
}

/* munmap and mprotect: who called is not asked. */
static __always_inline void range_end(__u8 type, struct pt_regs *regs, long ret)
{
	struct thread *t = syscall_end(type, regs);
	struct outcome o = {.type = type};

	if (!t)
		return;
	o.size = page_align(t->args[1], 0);
	if (ret) {
		o.op = MAP_REFUSED;
		o.size = 0;
	}
	map_emit(&o, t, ret);
}

#endif

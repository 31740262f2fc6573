/*
 * lifecycle.bpf.c - processes that come, turn into other programs, and go.
 *
 * Raw tracepoints: they need no tracefs, and hand over the task itself.  An
 * exit's event carries the break and the RSS as they were just before it.
 *
 * Programs on them can be preempted since Linux 7.0 (tracepoint.h: SRCU), and skipped then, as
 * syscalls.bpf.c says.  Where that is so, the functions that are called next to them are used.
 */
#include "emit.bpf.h"
#include "begun.bpf.h"
#include "told.bpf.h"
#include <bpf/bpf_tracing.h>

/* include/linux/mm_types_task.h */
enum { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES };

#define MOST_CPUS 1024

/* A value of each CPU, to find out how far apart theirs are. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu SEC(".maps");

/*
 * What a per-CPU pointer has to be moved by for one CPU.  __per_cpu_offset says
 * it, but kernels without CONFIG_KALLSYMS_ALL do not say where that is; a map's
 * own per-CPU memory tells the same.
 */
static __always_inline bool per_cpu_offset(__u32 cpu, unsigned long *offset)
{
	__u32 zero = 0;
	void *map = &per_cpu, *here = bpf_map_lookup_percpu_elem(map, &zero, cpu), *base;
	unsigned long addr = 0;

	if (!here)
		return false;
	/* By way of memory: to the verifier a pointer of its own is not a number. */
	bpf_probe_read_kernel(&addr, sizeof(addr), &map);
	base = BPF_CORE_READ((struct bpf_array *)addr, pptrs[0]);
	bpf_probe_read_kernel(&addr, sizeof(addr), &here);
	*offset = addr - (unsigned long)base;
	return base;
}

/*
 * A percpu_counter's own count lags by what each CPU has not folded in yet, up
 * to a batch of pages each: the sum is what /proc/PID/smaps_rollup would say.
 */
static __always_inline __s64 percpu_sum(struct percpu_counter *counter)
{
	__s64 sum = BPF_CORE_READ(counter, count);
	__s32 *counters = BPF_CORE_READ(counter, counters);

	for (__u32 cpu = 0; cpu < MOST_CPUS && cpu < config.cpus; cpu++) {
		unsigned long offset = 0;
		__s32 part = 0;

		if (!per_cpu_offset(cpu, &offset))
			break;
		bpf_probe_read_kernel(&part, sizeof(part), (void *)counters + offset);
		sum += part;
	}
	return sum < 0 ? 0 : sum;
}

static __always_inline __s64 rss_pages(struct mm_struct *mm, int member)
{
	struct mm_struct___before_6_2 *old = (void *)mm;

	if (bpf_core_type_exists(struct mm_rss_stat))
		return BPF_CORE_READ(old, rss_stat.count[member].counter);
	/* Not &mm->rss_stat[member]: only the first element's offset is relocated. */
	return percpu_sum((void *)__builtin_preserve_access_index(&mm->rss_stat) +
			  member * bpf_core_type_size(struct percpu_counter));
}

/*
 * Pages that the kernel has mapped into the process to carry out uprobes, ours or
 * anybody's: where it single-steps what stood there, and since 6.18 (ba2bfc97b462
 * "uprobes/x86: Add support to optimize uprobes") what a rewritten nop calls.
 */
#define MOST_TRAMPOLINES 16

static __always_inline __u64 probe_pages(struct mm_struct *mm)
{
	__u64 pages = 0;
	struct hlist_node *node;

	if (!bpf_core_field_exists(mm->uprobes_state.xol_area))
		return 0;
	pages += BPF_CORE_READ(mm, uprobes_state.xol_area) != NULL;
	if (!bpf_core_field_exists(mm->uprobes_state.head_tramps))
		return pages;
	node = BPF_CORE_READ(mm, uprobes_state.head_tramps.first);
	for (int i = 0; i < MOST_TRAMPOLINES && node; i++) {
		node = BPF_CORE_READ(node, next);
		pages++;
	}
	return pages;
}

static __always_inline void task_fill(struct event_task *t, struct task_struct *task, __u8 type,
				      __u32 tid)
{
	t->e.ts_ns = bpf_ktime_get_boot_ns();
	t->e.size = 0;
	t->e.tgid = BPF_CORE_READ(task, tgid);
	t->e.tid = tid;
	t->e.type = type;
	t->e.op = 0;
	t->e.flags = 0;
	t->e.object = 0;
	t->start_ns = task_start_ns(task);
	t->cgroup = bpf_get_current_cgroup_id();
	t->ppid = BPF_CORE_READ(task, group_leader, real_parent, tgid);
	BPF_CORE_READ_INTO(&t->comm, task, group_leader, comm);
}

static __always_inline void mm_fill(struct event_task *t, struct mm_struct *mm, bool rss)
{
	t->brk_start = BPF_CORE_READ(mm, start_brk);
	t->brk_end = BPF_CORE_READ(mm, brk);
	t->total_vm = BPF_CORE_READ(mm, total_vm);
	t->stack_vm = BPF_CORE_READ(mm, stack_vm);
	t->map_count = BPF_CORE_READ(mm, map_count);
	t->e.size = probe_pages(mm);
	t->rss_file = t->rss_anon = t->rss_shmem = 0;
	if (rss) {
		t->rss_file = rss_pages(mm, MM_FILEPAGES);
		t->rss_anon = rss_pages(mm, MM_ANONPAGES);
		t->rss_shmem = rss_pages(mm, MM_SHMEMPAGES);
		t->e.flags |= EVENT_F_MM;
	}
}

/* The process stays known by its entry; what only the event had is gone with it. */
static __noinline int task_spill(struct task_struct *task, __u8 type, __u16 flags)
{
	struct cell_key key = {.type = type, .flags = flags};
	struct spilled_process *p = spill_begin(&key, task, BPF_CORE_READ(task, tgid));

	cells_add(&key, 0);
	note_change(p, &key);
	break_note(task, BPF_CORE_READ(task, tgid));
	return 0;
}

/* What the agent believes of the parent's blocks is wrong, and it does not know that yet. */
static __always_inline bool has_missed_calls(__u32 tgid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct spilled_process *p = spilled_find(task, tgid);

	return p && p->calls_missed;
}

static __always_inline int forked(struct task_struct *child)
{
	__u32 parent_tgid = bpf_get_current_pid_tgid() >> 32;
	__u32 tgid = BPF_CORE_READ(child, tgid);
	struct event_task *t;
	__u8 yes = 1;
	__u64 fill;
	__u16 flags = 0;

	if ((__u32)BPF_CORE_READ(child, pid) != tgid || !watched_but_for_comm(parent_tgid))
		return 0; /* a thread, or not ours */
	if (config.live)
		begun_fork(bpf_get_current_pid_tgid(), tgid);
	if (config.by_pid) {
		if (!config.follow)
			return 0;
		if (bpf_map_update_elem(&pids, &tgid, &yes, BPF_ANY)) {
			__sync_fetch_and_add(&lost, 1);
			return 0;
		}
	}
	/* Followed whatever its name: it may exec into one that matches. */
	if (config.by_comm && !comm_matches(child))
		return 0;
	if (BPF_CORE_READ(child, mm) ==
	    BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm))
		flags |= EVENT_F_SHARED_MM;
	if (config.live && has_missed_calls(parent_tgid))
		flags |= EVENT_F_MISSED;
	fill = ring_fill();
	t = bpf_ringbuf_reserve(&ring, sizeof(*t), 0);
	if (!t)
		return task_spill(child, EVENT_FORK, flags);
	task_fill(t, child, EVENT_FORK, parent_tgid);
	t->e.object = bpf_get_current_pid_tgid();
	mm_fill(t, BPF_CORE_READ(child, mm), false);
	t->e.flags = flags;
	bpf_ringbuf_submit(t, wake_flags(fill));
	return 0;
}

SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	return forked((void *)ctx->args[1]);
}

/* wake_up_new_task(p), kernel/sched/core.c: what kernel_clone does next. */
SEC("kprobe.multi")
int task_forks(struct pt_regs *ctx)
{
	tell(TOLD_CALL(EVENT_FORK));
	return forked((void *)PT_REGS_PARM1(ctx));
}

static __always_inline int execed(struct task_struct *task, struct linux_binprm *bprm)
{
	struct event_exec *x;
	struct inode *program;
	__u64 fill;

	thread_forget(bpf_get_current_pid_tgid());
	if (!watched_but_for_comm(bpf_get_current_pid_tgid() >> 32))
		return 0;
	fill = ring_fill();
	x = bpf_ringbuf_reserve(&ring, sizeof(*x), 0);
	if (!x)
		return task_spill(task, EVENT_EXEC, 0);
	task_fill(&x->t, task, EVENT_EXEC, bpf_get_current_pid_tgid());
	mm_fill(&x->t, BPF_CORE_READ(task, mm), false);
	x->path[0] = 0;
	bpf_probe_read_kernel_str(x->path, sizeof(x->path), BPF_CORE_READ(bprm, filename));
	break_note(task, bpf_get_current_pid_tgid() >> 32);
	program = user_inode(BPF_CORE_READ(bprm, file));
	bpf_ringbuf_submit(x, wake_for_code(fill, BPF_CORE_READ(program, i_ino),
					    BPF_CORE_READ(program, i_sb, s_dev)));
	return 0;
}

/* A thread that execs takes the leader's id; what either was in the middle of is void. */
SEC("raw_tp/sched_process_exec")
int process_exec(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = ctx->args[1];

	bpf_map_delete_elem(&threads, &tid);
	return execed((void *)ctx->args[0], (void *)ctx->args[2]);
}

/* begin_new_exec(bprm), fs/exec.c: the thread has its own id still. */
SEC("kprobe.multi")
int task_will_exec(struct pt_regs *ctx)
{
	tell(TOLD_WILL_EXEC);
	thread_forget(bpf_get_current_pid_tgid());
	return 0;
}

/* finalize_exec(bprm), fs/exec.c: all is mapped that the kernel maps. */
SEC("kprobe.multi")
int task_execs(struct pt_regs *ctx)
{
	tell(TOLD_CALL(EVENT_EXEC));
	return execed((struct task_struct *)bpf_get_current_task(), (void *)PT_REGS_PARM1(ctx));
}

/* The numbers of an exit that finds no room are kept in the process's entry. */
static __noinline int exit_spill(struct task_struct *task, struct mm_struct *mm)
{
	struct cell_key key = {.type = EVENT_EXIT};
	struct spilled_process *p = spill_begin(&key, task, BPF_CORE_READ(task, tgid));

	if (p) {
		BPF_CORE_READ_INTO(&p->comm, task, group_leader, comm);
		if (mm) {
			p->brk_start = BPF_CORE_READ(mm, start_brk);
			p->brk_end = BPF_CORE_READ(mm, brk);
			p->rss_file = rss_pages(mm, MM_FILEPAGES);
			p->rss_anon = rss_pages(mm, MM_ANONPAGES);
			p->rss_shmem = rss_pages(mm, MM_SHMEMPAGES);
			p->exit_flags = EVENT_F_MM;
		}
		p->exited = 1;
	}
	cells_add(&key, 0);
	return 0;
}

/* 0: all of its events are in the ring, and the last with the break tells. */
static __always_inline void break_recall(struct event_task *t, const struct spilled_process *p)
{
	t->brk_start = p ? p->brk_start : 0;
	t->brk_end = p ? p->brk_end : 0;
}

static __always_inline void exit_fill(struct event_task *t, struct task_struct *task,
				      struct mm_struct *mm)
{
	const struct spilled_process *p = spilled_find(task, BPF_CORE_READ(task, tgid));

	task_fill(t, task, EVENT_EXIT, bpf_get_current_pid_tgid());
	mm_fill(t, mm, mm);
	if (!mm)
		break_recall(t, p);
	if (p)
		t->e.flags |= EVENT_F_IN_SPILL;
}

static __always_inline int exited(struct task_struct *task)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tgid = id >> 32, tid = id;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	/*
	 * Until 6.16 (3e816361e94a "sched/tracepoints: Move and extend the
	 * sched_process_exit() tracepoint") the address space has been let go by
	 * now, and where the task has been switched out since, its active one is
	 * somebody else's.
	 */
	struct event_task *t;
	__u64 fill;

	bpf_map_delete_elem(&threads, &tid);
	if (config.live)
		bpf_map_delete_elem(&begun_forks, &tid);
	if (BPF_CORE_READ(task, signal, live.counter) || !watched_but_for_comm(tgid))
		return 0;
	fill = ring_fill();
	t = bpf_ringbuf_reserve(&ring, sizeof(*t), 0);
	if (!t) {
		exit_spill(task, mm);
	} else {
		exit_fill(t, task, mm);
		bpf_ringbuf_submit(t, wake_flags(fill));
	}
	if (config.by_pid)
		bpf_map_delete_elem(&pids, &tgid);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return exited((void *)ctx->args[0]);
}

/* taskstats_exit(tsk, group_dead), kernel/taskstats.c: what do_exit does before. */
SEC("kprobe.multi")
int task_exits(struct pt_regs *ctx)
{
	tell(TOLD_CALL(EVENT_EXIT));
	return exited((void *)PT_REGS_PARM1(ctx));
}

/*
 * maps.bpf.h - the state that the BPF programs share with each other and the agent.
 *
 * Each source of events is an object of its own and includes this; the
 * definitions are weak, so that the linker makes one map of each.
 *
 * All hashes are preallocated: BPF_F_NO_PREALLOC makes Linux 5.10 warn with a
 * backtrace when a uprobe's program updates one.
 */
#ifndef MAPS_BPF_H
#define MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "brkscope/event.h"
#include "brkscope/hits.h"
#include "brkscope/thread.h"

/*
 * A function that the verifier goes through once, whoever calls it and with what, and not again on
 * each way to each call: for what is called seldom and has many ways of its own, as the spill.  It
 * is weak, so that nothing of it is compiled into its callers, and one of all objects' is left.
 * What it is given are numbers: Linux 5.10 takes no others.
 */
#define VERIFIED_ONCE __weak __noinline

const volatile struct config config __weak = {};

/* Set once everything is attached; cleared before the last numbers are read. */
bool collecting __weak = false;
/* The reader has been woken and has not started to read yet. */
bool woken __weak = false;
/*
 * Programs of this group are to time themselves, on each CPU until so many runs of it have been
 * timed; 0: they are not.  Two readings of the clock cost half as much as all else that they do.
 */
__u64 runs_most[RUN_GROUPS] __weak = {};
__u64 spilled __weak = 0;
/* Events that could be counted nowhere.  The promise is 0. */
__u64 lost __weak = 0;
__u64 hits[HIT_CPUS][HIT_LINE] __weak __attribute__((aligned(128))) = {};

/* Written by the agent, a slot only while nothing is in it. */
volatile __u64 bursts[BURST_SLOTS][BURST_EDGES] __weak = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} ring SEC(".maps") __weak;

/* By tgid: the processes to watch, where config.by_pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} pids SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroup SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROBES_MAX);
	__type(key, __u32);
	__type(value, struct probe);
} probes SEC(".maps") __weak;

/* Kernels without cookies: the probe's index by the low 12 bits of its address. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} probe_at SEC(".maps") __weak;

/* By tid: where the kernel does not keep them with the task, or could not (thread.bpf.h). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct thread);
} threads SEC(".maps") __weak;

/* Not created where not config.task_storage. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} task_threads SEC(".maps") __weak;

/* By the child's tid: what its parent's thread was in the middle of, and so it is. */
struct begun_calls {
	struct begun_call call[BEGUN_MOST];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct begun_calls);
} begun_forks SEC(".maps") __weak;

/*
 * For the instruction behind the system call, or behind the call of syscall(2),
 * in each known wrapper of mmap and mremap: how many bytes the wrapper has on the
 * stack then.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct site);
	__type(value, __u32);
} frames SEC(".maps") __weak;

/* Files of code (off is 0) that the agent has looked at; of others it hears at once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct site);
	__type(value, __u8);
} known_files SEC(".maps") __weak;

/* The last places that code called mmap from: an old one that is gone is looked up anew. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct site_key);
	__type(value, struct site_seen);
} sites SEC(".maps") __weak;

/* The spill: who, and how much of what. */
struct process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, struct spilled_process);
} processes SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cell_key);
	__type(value, struct cell);
} cells SEC(".maps") __weak;

/* The same for processes that have no room in the two above, without who. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cell_key);
	__type(value, struct cell);
} other_cells SEC(".maps") __weak;

#endif

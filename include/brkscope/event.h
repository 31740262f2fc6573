/*
 * event.h - what the BPF programs write and the agent reads.
 *
 * Included after vmlinux.h on one side and beside libc on the other, so it may
 * use nothing but __uNN.  Two shapes carry the same facts:
 *
 *   - a record in the ring buffer: struct event, or a struct that begins with
 *     one.  The type gives the struct, each struct has one size.
 *   - a cell of the spill: when the ring has no room, the event is added to the
 *     counters under its struct cell_key.  The key keeps everything that a
 *     total, a cause or a histogram depends on; time and address are gone.
 *
 * One event is one cell of {calls 1, bytes size}: totals are the same whichever
 * way an event came.
 */
#ifndef BRKSCOPE_EVENT_H
#define BRKSCOPE_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum event_type {
	EVENT_MALLOC = 1, /* struct event; op: enum alloc_fn */
	EVENT_BRK,	  /* struct event_brk; op: enum brk_op */
	EVENT_MMAP,	  /* struct event_map; op: enum map_op */
	EVENT_MUNMAP,	  /* struct event_map; op: enum map_op */
	EVENT_MREMAP,	  /* struct event_map; op: enum remap_op */
	EVENT_MPROTECT,	  /* struct event_map; op: enum map_op */
	EVENT_FORK,	  /* struct event_task, of the child; tid: of the process that forked */
	EVENT_EXEC,	  /* struct event_exec */
	EVENT_EXIT,	  /* struct event_task; the last thread of a process */
	EVENT_SHMAT, /* struct event_map; size: of the mapping, 0: not known; fd: the segment's id
		      */
	EVENT_SHMDT, /* struct event_map */
	EVENT_ROUTE, /* in cells only: the request that an mmap or mremap served */
	/* Level live: a call of the malloc family is a CALL, and, if it returns, a RETURN. */
	EVENT_CALL,   /* struct event_call; in cells it is a MALLOC */
	EVENT_RETURN, /* struct event_call */
	EVENT_FREE,   /* struct event_call; of no null pointer */
	EVENT_BLOCK,  /* struct event_call: CALL and RETURN in one; in cells it is a MALLOC */
	EVENT_TYPE_END,
};

/*
 * Ordered so that a function that is written in terms of another one comes
 * after it (valloc calls memalign, memalign calls aligned_alloc, ...): a call
 * to a lower number from inside a call to a higher one is the same allocation.
 */
enum alloc_fn {
	FN_MALLOC,
	FN_REALLOC,
	FN_CALLOC,
	FN_ALIGNED_ALLOC,
	FN_MEMALIGN,
	FN_POSIX_MEMALIGN,
	FN_VALLOC,
	FN_PVALLOC,
	FN_REALLOCARRAY,
	/* what some allocators define beside them, instead of leaving it to the C++ library */
	FN_NEW,
	FN_NEW_ALIGNED,
	/* their own: jemalloc's, mimalloc's */
	FN_MALLOCX,
	FN_RALLOCX,
	FN_MI_MALLOC,
	FN_MI_REALLOC,
	FN_COUNT,
};

enum brk_op { BRK_GROW, BRK_SHRINK, BRK_QUERY, BRK_FAILED, BRK_OP_COUNT };
enum map_op { MAP_OK, MAP_REFUSED, MAP_OP_COUNT };
enum remap_op { REMAP_GROW, REMAP_SHRINK, REMAP_SAME, REMAP_REFUSED, REMAP_OP_COUNT };

/* struct event.flags and struct cell_key.flags */
enum event_flags {
	/* malloc family */
	EVENT_F_IMPOSSIBLE = 1 << 0, /* the request overflows or exceeds PTRDIFF_MAX: size is 0 */
	EVENT_F_KEEPS_MAPPING = 1 << 1, /* a realloc that leaves a block's own mapping as it is */
	EVENT_F_KEPT = 1 << 2,	    /* no call, but that of one counted before: as KEEPS_MAPPING */
	EVENT_F_NO_RETURN = 1 << 3, /* call: its return is not probed, for it would do harm */
	EVENT_F_TOLD = 1 << 4,	/* the allocator says what served it: if none of these, the heap */
	EVENT_F_ARENA = 1 << 5, /* an arena; KEEPS_MAPPING: a mapping of its own */
/* cells of MALLOC: of which bursts it was, a bit each (bursts_at) */
#define EVENT_BURST_SHIFT 6
	EVENT_F_BURSTS = 3 << EVENT_BURST_SHIFT,
	/* return: the block's address could not be read */
	EVENT_F_UNREAD = 1 << 0,
	/* mmap: all of the call's arguments that its cause depends on */
	EVENT_F_ANON = 1 << 0,
	EVENT_F_STACK = 1 << 1,	  /* MAP_STACK */
	EVENT_F_RESERVE = 1 << 2, /* PROT_NONE: room, not memory */
	/* in the heap's place: the same thread's brk failed, and this is what it did next; or it
	 * served a request, and is more by far than a mapping of its own for that would be */
	EVENT_F_FOR_HEAP = 1 << 3,
	/* mmap, mremap: struct event_map.request is the thread's pending malloc call */
	EVENT_F_REQUEST = 1 << 4,
	/* which asks for at least LARGE_REQUEST bytes, and for no more than this has */
	EVENT_F_LARGE = 1 << 5,
	EVENT_F_NORESERVE = 1 << 6, /* mmap: MAP_NORESERVE */
	/* brk: it had begun before collection did, and what it changed is not known */
	EVENT_F_LATE = 1 << 0,
	/* fork: the child runs in the parent's address space (vfork, CLONE_VM) */
	EVENT_F_SHARED_MM = 1 << 0,
	/* one of the parent's that blocks are paired by had spilled before */
	EVENT_F_MISSED = 1 << 1,
	/* exit: rss and the break could be read */
	EVENT_F_MM = 1 << 1,
	/* the process has an entry among those of which events have spilled */
	EVENT_F_IN_SPILL = 1 << 2,
};

/*
 * A place in code, the same in every process: the file, and the offset in it.
 * Where the file could not be had (no bpf_find_vma before Linux 5.17, or the
 * address space's lock was taken) ino is the address and dev SITE_ADDRESS.
 * All 0: not in a file (a JIT's code), or not read.
 */
struct site {
	__u64 ino;
	__u32 dev; /* the kernel's dev_t: major << 20 | minor, as in /proc/PID/maps */
	__u32 off; /* bytes from the file's start; capped at 4 GiB - 1 */
};
#define SITE_ADDRESS 0xffffffffu

/*
 * The mapping that an address of a process was found in, for when it cannot be
 * looked up: any other address in it is told by it too.
 */
struct site_key {
	__u64 addr;
	__u32 tgid;
	__u32 pad;
};

struct site_seen {
	__u64 exec_id; /* the program it was running then */
	__u64 start, end;
	__u64 offset; /* in the file, of start */
	__u64 ino;    /* 0: in no file */
	__u32 dev;
	__u32 pad;
};

static inline struct site site_in(const struct site_seen *map, __u64 addr)
{
	__u64 off = addr - map->start + map->offset;
	struct site site = {};

	if (!map->ino)
		return site;
	site.ino = map->ino;
	site.dev = map->dev;
	site.off = off < 0xffffffff ? off : 0xffffffff;
	return site;
}

/* musl's MMAP_THRESHOLD (src/malloc/mallocng/meta.h): from here on a block has its own mapping. */
#define LARGE_REQUEST 131052

struct event {
	__u64 ts_ns; /* CLOCK_BOOTTIME; syscalls: at their return; 0: of a call of
		      * malloc's family, where it is not asked for */
	__u64 size;  /* bytes: asked for (malloc), moved by (brk, mremap), mapped (mmap, munmap);
		      * fork, exec, exit: pages that the kernel has mapped for uprobes */
	__u32 tgid;  /* what user space calls the PID */
	__u32 tid;
	__u8 type;
	__u8 op;
	__u16 flags;
	__u32 object; /* MALLOC, CALL, FREE: index of the object whose function it was;
		       * FORK: the thread that forked */
};

/*
 * A call is told by its thread and by where its frame is: while it has not
 * returned no other call of the thread can be there.
 */
struct event_call {
	struct event e; /* size: CALL: bytes asked for */
	__u64 addr; /* of a block: CALL: to be resized; RETURN: had, 0: none; FREE: given back */
	__u32 call; /* sp >> 3 at the function's entry */
	__u32 pad;
};

struct event_brk {
	struct event e; /* size: bytes that it grew or shrank by */
	__u64 request;
	__u64 start; /* mm->start_brk */
	__u64 before;
	__u64 after; /* the syscall's result */
};

struct event_map {
	struct event e;	  /* size: whole pages; mremap: the difference */
	__u64 addr;	  /* as passed */
	__u64 length;	  /* as passed; mremap: the new length */
	__u64 result;	  /* as returned: an address, 0, or -errno */
	__u64 offset;	  /* mmap: of the file; mremap: the old length */
	__u64 new_addr;	  /* mremap, with MREMAP_FIXED */
	__u64 request;	  /* bytes that the thread's pending malloc call asked for */
	__u64 request_ns; /* when that was called; 0: not told, for calls are not seen in bursts */
	__u64 begin_ns;	  /* when the call was entered; 0: before collection began */
	__u32 prot;
	__u32 flags;
	__s32 fd;
	__u32 request_fn;   /* enum alloc_fn */
	struct site ip;	    /* of the instruction behind the syscall */
	struct site caller; /* what the word at the stack pointer points to */
	struct site file;   /* mmap of code: the file it is from */
};

struct event_task {
	struct event e;
	__u64 start_ns; /* of the process, CLOCK_BOOTTIME: with tgid, its identity */
	__u64 cgroup;	/* cgroup v2 id */
	__u64 brk_start;
	__u64 brk_end;
	__u64 total_vm; /* pages */
	__u64 stack_vm; /* pages */
	__s64 rss_file; /* pages */
	__s64 rss_anon;
	__s64 rss_shmem;
	__u32 ppid;
	__u32 map_count; /* mappings */
	char comm[16];	 /* the process's own, not of the thread: hostile bytes */
};

#define EXEC_PATH_MAX 128
struct event_exec {
	struct event_task t;
	char path[EXEC_PATH_MAX]; /* as passed to exec, cut; hostile bytes */
};

struct cell_key {
	__u64 start_ns; /* of the process; 0: other processes */
	struct site ip;
	struct site caller;
	__u32 tgid; /* other processes: 0, or where a site is only an address, whose */
	__u8 type;
	__u8 op;     /* ROUTE: of which bursts the request was, a bit each */
	__u8 bucket; /* size_bucket() of the event's size; ROUTE: of the request */
	__u8 flags;
};

struct cell {
	__u64 calls;
	__u64 bytes;
};

/* A process as the kernel's own table has it: made when its first event spills. */
struct spilled_process {
	__u64 start_ns;
	__u64 cgroup;
	__u64 brk_start; /* as last seen; 0: never, its exit was the first */
	__u64 brk_end;
	__s64 rss_file; /* pages, at its exit */
	__s64 rss_anon;
	__s64 rss_shmem;
	__u32 ppid;
	__u8 exited;	   /* its exit event spilled; the RSS is from it */
	__u8 exit_flags;   /* enum event_flags */
	__u8 mm_changed;   /* an event that the ledger needs is among the others' */
	__u8 calls_missed; /* one that blocks are paired by has spilled */
	char comm[16];
};

/* A burst, of the two that the programs know of: [from, to), CLOCK_BOOTTIME. */
enum burst_edge { BURST_FROM, BURST_TO, BURST_EDGES };
#define BURST_SLOTS 2

/* The settings, fixed between open and load. */
struct config {
	__u32 agent_tgid;
	__u32 page_shift;
	__u32 huge_shift;   /* of the default huge page */
	__u64 malloc_limit; /* ring fill, in bytes, from which malloc events spill */
	__u64 wake_at;	    /* ring fill from which the reader is woken */
	__u8 by_pid;	    /* only tgids in the map `pids` */
	__u8 by_comm;
	__u8 by_cgroup;
	__u8 follow;	     /* children of a process in `pids` are put there too */
	__u8 has_cookie;     /* bpf_get_attach_cookie, Linux 5.15 */
	__u8 never;	     /* false, but the compiler does not know */
	__u8 times;	     /* calls of malloc's family have theirs */
	__u8 live;	     /* calls are paired with their returns and with frees */
	__u8 bursts;	     /* calls of malloc count in bursts only */
	__u8 spare_filtered; /* return probes kill processes with a seccomp filter: none in these */
	__u8 session;	     /* which calls' returns are probed is said at their entries */
	__u8 task_storage;   /* threads are kept with their tasks */
	__u8 unasked;	     /* calls of a thread without looking how full the ring is */
	__u8 repeats;	     /* a call may be told by its thread's last one (bpf/again.bpf.h) */
	__u32 cpus;	     /* possible ones */
	__u64 sure_size;     /* of so many bytes there is memory, in a process without a limit */
	__u32 sure_maps;     /* with no more mappings than that a process gets another one */
	char comm[16];
};

/*
 * A general register, by the number of its word in struct pt_regs: x86's, and of
 * arm64 x0 to x30.
 */
#if defined(__x86_64__) || defined(__TARGET_ARCH_x86)
enum probe_reg {
	PROBE_REG_R15,
	PROBE_REG_R14,
	PROBE_REG_R13,
	PROBE_REG_R12,
	PROBE_REG_BP,
	PROBE_REG_BX,
	PROBE_REG_R11,
	PROBE_REG_R10,
	PROBE_REG_R9,
	PROBE_REG_R8,
	PROBE_REG_AX,
	PROBE_REG_CX,
	PROBE_REG_DX,
	PROBE_REG_SI,
	PROBE_REG_DI,
	PROBE_REGS,
	PROBE_REG_FIRST = PROBE_REG_DI /* a function's first argument */
};
#else
enum probe_reg { PROBE_REG_X0, PROBE_REG_FIRST = PROBE_REG_X0, PROBE_REGS = 31 };
#endif
#define PROBE_ARGS 8 /* arguments that a probe may read; a power of two */

/* refmalloc's own places for tracers (user/refmalloc/probes.h). */
enum probe_site {
	SITE_NONE, /* a function's */
	SITE_ALLOC,
	SITE_RESIZING,
	SITE_REALLOC,
	SITE_FAILED,
	SITE_FREE,
	SITE_COUNT,
};

/* Where a call of a function comes by on its way (user/kernel/course.h). */
enum station_kind {
	STATION_NONE,	/* at its entry, or near it */
	STATION_BEGINS, /* how it ends is not known yet */
	STATION_ENDS,	/* its result is known */
};

#define STATIONS_MOST 16 /* of a function */

/*
 * What the probe that just hit is: found by its cookie, or, on kernels without
 * cookies, by its page offset.
 */
#define PROBE_RANGES 12
#define PROBES_MAX   2048
#define ENTRIES_MAX  64
struct probe {
	__u32 object; /* index of the object */
	__u8 fn;      /* enum alloc_fn */
	__u8 entry;   /* which of its entry points, below ENTRIES_MAX */
	/* The arguments, from 1, with the bytes asked for and with what to multiply them by; 0:
	 * none */
	__u8 size_arg;
	__u8 count_arg;
	__u8 reg[PROBE_ARGS]; /* enum probe_reg: where the arguments are there */
	__u32 frame;	      /* bytes between the stack pointer and the return address there */
	__u64 off;	      /* file offset of the probed instruction */
	__u64 jumps; /* the entry points, as bits, that it may go on in by a jump, or, in a libc,
			call; of a free: frees */
	__u8 glibc;  /* its blocks have glibc's headers */
	__u8 libc;   /* and which ones it goes on in depends on the arguments as in glibc or musl */
	__u8 whole;  /* all of the object's code is the allocator's: internal[0] */
	__u8 marks;  /* MAP_NORESERVE is on all that it maps but for blocks */
	__u8 kept;   /* no entry: where a realloc comes by that leaves a block's mapping as it is */
	__u8 block_arg;	 /* the argument with the block to be resized; 0: none */
	__u8 by_pointer; /* the block is told, and given, by where a pointer to it is */
	__u8 throws;	 /* where there is no memory it throws an exception */
	__u8 hit;	 /* enum hit_kind */
	__u8 site;	 /* enum probe_site */
	__u8 outer;	 /* the allocator's own code calls it only where its bit is in jumps */
	__u8 station;	 /* enum station_kind */
	__u8 number;	 /* of the station, below STATIONS_MOST */
	__u8 sized;	 /* the arguments are known there */
	__u8 result;	 /* enum probe_reg: where the result is; PROBE_REGS: it is 0 */
	__u8 plain;	 /* its thread's next call may be told by it (bpf/again.bpf.h) */
	__u8 pad[4];
	__u32 after; /* stations, as bits, at which a call may have begun that comes to this one */
	/* File offsets of the allocator's own code: a call from there is not a user's. */
	__u64 internal_lo, internal_hi; /* of all of it, with what lies between */
	struct {
		__u64 lo, hi;
	} internal[PROBE_RANGES];
};

#define SIZE_BUCKETS 64

/*
 * n where one of the upper n bits of 2 * n is set, else 0.  By no branch, which would be one way
 * more for the verifier to go.
 */
static inline __u64 upper_bits(__u64 value, __u64 n)
{
	return (((value >> n) + (1ull << n) - 1) >> n) * n;
}

/* The place of the highest 1 of a value that is not 0, from 1 on.  BPF had no clz before its v4
 * instruction set, and no loop either. */
static inline __u64 highest_by_halves(__u64 value)
{
	__u64 place = 1;

#pragma GCC unroll 6
	for (__u64 n = 32; n; n /= 2) {
		__u64 bits = upper_bits(value, n);

		value >>= bits;
		place += bits;
	}
	return place;
}

static inline __u64 highest_one(__u64 value)
{
#if defined(__bpf__)
	return highest_by_halves(value);
#else
	return 64 - __builtin_clzll(value);
#endif
}

/* Bucket i holds sizes in (2^(i-1), 2^i]; bucket 0 holds 0 and 1.  Above 2^63: the last one. */
static inline __u8 size_bucket(__u64 size)
{
	__u64 bucket = size > 1 ? highest_one(size - 1) : 0;

	return bucket < SIZE_BUCKETS ? bucket : SIZE_BUCKETS - 1;
}

_Static_assert(sizeof(struct event) == 32, "BPF and agent must agree");
_Static_assert(sizeof(struct event_call) == 48, "BPF and agent must agree");
_Static_assert(sizeof(struct event_brk) == 64, "BPF and agent must agree");
_Static_assert(sizeof(struct event_map) == 160, "BPF and agent must agree");
_Static_assert(sizeof(struct event_task) == 128, "BPF and agent must agree");
_Static_assert(sizeof(struct event_exec) == 256, "BPF and agent must agree");
_Static_assert(sizeof(struct cell_key) == 48, "no padding: a map key is compared byte by byte");

#endif

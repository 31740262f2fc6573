/*
 * map_snapshot.h - one process's address space at one instant, segment by segment.
 *
 * Plain data, as snapshot.h: what the model makes and every renderer shows.
 * Addresses and sizes are bytes, times nanoseconds since boot.
 */
#ifndef BRKSCOPE_MAP_SNAPSHOT_H
#define BRKSCOPE_MAP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "model/snapshot.h"

/* Whose a segment is, for the totals: causes and what no mmap has made. */
enum part {
	PART_HEAP = CAUSE_COUNT, /* brk; below: enum cause */
	PART_MAIN_STACK,	 /* of the first thread, made by exec */
	PART_PROBES,		 /* [uprobes]: the kernel's own, to carry out anybody's uprobes */
	PART_MISSED,		 /* the kernel lists it, the ledger does not */
	PART_COUNT,
	PART_OUTSIDE = PART_COUNT, /* [vsyscall]: in every process, in nobody's address space */
};

enum segment_kind {
	SEGMENT_ANONYMOUS,
	SEGMENT_TEXT,	/* of a program or library: code */
	SEGMENT_RODATA, /* constants, and what the file has beside its segments */
	SEGMENT_RELRO,	/* data that the loader has written to and then closed */
	SEGMENT_DATA,
	SEGMENT_BSS, /* data without bytes in the file */
	SEGMENT_GAP, /* without access, between the others */
	SEGMENT_HEAP,
	SEGMENT_MAIN_STACK,
	SEGMENT_BLOCK, /* one block of malloc's */
	SEGMENT_ARENA, /* what is open of a heap of malloc's own */
	SEGMENT_ARENA_RESERVE,
	SEGMENT_THREAD_STACK,
	SEGMENT_STACK_GUARD,
	SEGMENT_FILE,
	SEGMENT_KERNEL, /* [vdso] and its kin */
	SEGMENT_KIND_COUNT,
};

/* What one mapping of the kernel's and one region of the ledger have in common. */
struct segment {
	__u64 start, end;
	__u64 rss_bytes;  /* if rss_known */
	__u64 born_ns;	  /* 0: was there before */
	__u64 request;	  /* SEGMENT_BLOCK: what malloc was asked for; 0: not known */
	const char *name; /* path, or [name]; "" where it has none; not owned; hostile bytes */
	__u32 tid;	  /* the thread whose stack it is; 0: not known, or none's */
	__u32 caller;	  /* as in struct region */
	size_t vma;	  /* in the kernel's list: neighbours may have it in common */
	char perms[5];	  /* "rwxp", as the kernel has them */
	__u8 kind;	  /* enum segment_kind */
	__u8 part;	  /* enum cause, or enum part */
	bool usable;	  /* not PROT_NONE */
	bool rss_known;
};

struct part_total {
	__u64 segments, bytes, usable_bytes;
	bool rss_known; /* of every one of them */
	__u64 rss_bytes;
};

/* Where the ledger and the kernel's list differ. */
enum difference_kind {
	ONLY_LEDGER,	/* the kernel has nothing there */
	ONLY_KERNEL,	/* the ledger has nothing there */
	OPEN_IN_LEDGER, /* without access for the kernel */
	OPEN_IN_KERNEL,
};

struct difference {
	__u64 start, end;
	enum difference_kind kind;
};

#define DIFFERENCES_LISTED 16

struct reconciliation {
	__u64 ledger_bytes, ledger_regions; /* with the heap, main stack, probes */
	__u64 kernel_bytes, kernel_mappings;
	__u64 difference_bytes;
	size_t differences; /* in all */
	struct difference listed[DIFFERENCES_LISTED];
};

/* Resident memory, three times. */
struct rss_check {
	__u64 segments_bytes; /* the sum of what the kernel says of each mapping */
	__u64 counter_bytes;  /* RssAnon + RssFile + RssShmem of /proc/PID/status */
	bool walked;	      /* read because the counter differs: */
	__u64 walked_bytes;   /* Rss of /proc/PID/smaps_rollup, by the page tables */
};

enum change_kind { CHANGE_NEW, CHANGE_GONE, CHANGE_OTHER };

/* A region, or the heap, between two instants. */
struct change {
	enum change_kind kind;
	__u64 start, end;		 /* after; CHANGE_GONE: before */
	__u64 bytes_before, bytes_after; /* of all that is left of it */
	__u64 usable_before, usable_after;
	__u64 request, born_ns;
	__u32 caller;
	__u8 part; /* enum cause, or PART_HEAP */
};

/* The name of a caller that the segments or the changes have. */
struct map_caller {
	__u32 caller;
	struct caller_name name;
};

struct map_snapshot {
	const char *host, *kernel;
	__u64 page_size;
	__u64 time_ns; /* when it was read */
	__u32 pid;
	char comm[16];	 /* hostile */
	const char *exe; /* NULL: not known; hostile */

	__u64 heap_start, heap_end; /* whole pages */
	__u64 heap_unmapped_bytes;  /* of it, by the program */
	const struct segment *segments;
	size_t count;
	struct part_total totals[PART_COUNT];
	struct reconciliation ledger;
	struct rss_check rss;
	bool settled;	       /* false: it changed between any two readings */
	unsigned int readings; /* 1: it stood still at once */

	/* Where events were followed. */
	bool followed;
	__u64 followed_ns; /* for how long */
	__u64 received, spilled, lost;
	__u64 execs;
	const struct change *changes; /* in address order */
	size_t change_count;
	const struct map_caller *callers; /* each once, in no order */
	size_t caller_count;
};

/* NULL: it is no place in code, or nobody looked for names. */
const struct caller_name *map__caller(const struct map_snapshot *s, __u32 caller);
const char *segment__name(enum segment_kind kind);
const char *part__name(enum part part);
const char *difference__name(enum difference_kind kind);

#endif

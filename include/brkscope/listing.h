/*
 * listing.h - what there is now: the records of the iterators over threads and mappings.
 *
 * As event.h, both sides include it, so it may use nothing but __uNN.  Fixed
 * sizes: what an iterator's file descriptor reads is an array.
 */
#ifndef BRKSCOPE_LISTING_H
#define BRKSCOPE_LISTING_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum vma_kind {
	VMA_ANON,
	VMA_FILE,
	VMA_SHARED,  /* anonymous and shared: what it has of a file is the kernel's own */
	VMA_HEAP,    /* what /proc/PID/maps calls [heap] */
	VMA_STACK,   /* and [stack] */
	VMA_SPECIAL, /* and [vdso], [vvar], ...: code and data that the kernel put there */
	VMA_PROBES,  /* and [uprobes], [uprobes-trampoline]: the same, but to carry out uprobes */
};

enum vma_flags {
	VMA_F_READ = 1 << 0,
	VMA_F_WRITE = 1 << 1,
	VMA_F_EXEC = 1 << 2,
	VMA_F_MAYSHARE = 1 << 3, /* the `s` of /proc/PID/maps */
	/* /proc/PID/maps does not tell these */
	VMA_F_GROWS = 1 << 4,  /* MAP_GROWSDOWN */
	VMA_F_NOHUGE = 1 << 5, /* since 6.7 MAP_STACK does that too (c4608d1bf7c6) */
};

struct vma_record {
	__u64 start, end;
	__u64 offset; /* bytes; 0 where there is no file */
	__u64 ino;    /* as /proc/PID/maps shows it; 0: no file */
	/*
	 * VMA_HEAP: what is the heap of it, [mm->start_brk, mm->brk); 0: not known.
	 * The kernel makes one mapping of the heap and of memory like it beside it.
	 */
	__u64 heap_start, heap_end;
	__u64 read_ns; /* CLOCK_BOOTTIME: all that was done before is as it is here */
	__u32 dev;     /* the kernel's dev_t: major << 20 | minor */
	__u32 tgid;
	__u32 tid;  /* the thread by which the address space was found */
	__u8 kind;  /* enum vma_kind */
	__u8 flags; /* enum vma_flags */
	__u16 pad;
};

/* A thread that is not the kernel's own. */
struct task_record {
	__u64 start_ns;	 /* of the process, CLOCK_BOOTTIME */
	__u64 start_brk; /* 0: it has exited */
	__u64 tp;	 /* the thread pointer of user space; 0: none, or not known */
	__u32 tgid, tid;
	__u32 ppid;
	__u32 in_exec; /* it is turning into another program: its address space may be either's */
	char comm[16]; /* the process's: hostile bytes */
};

_Static_assert(sizeof(struct vma_record) == 72, "BPF and agent must agree");
_Static_assert(sizeof(struct task_record) == 56, "BPF and agent must agree");

#endif

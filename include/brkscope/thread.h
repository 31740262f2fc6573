/*
 * thread.h - what a thread is in the middle of: the programs' own memory of it.
 */
#ifndef BRKSCOPE_THREAD_H
#define BRKSCOPE_THREAD_H

#include "brkscope/brief.h"
#include "brkscope/event.h"

/*
 * A call that has come by a station, and by none at which it ends (user/kernel/course.h).  There is
 * more than one where a signal's handler allocates, and one that stays where it never returns.
 */
#define BEGUN_MOST 8
struct begun_call {
	__u64 sp; /* at its function's entry */
	__u64 request;
	__u8 station; /* its number + 1; 0: there is none */
	__u8 inner;   /* it is not counted */
	__u8 pad[6];
};

/*
 * What one thread is in the middle of.  Only the thread itself writes its
 * entry, so nothing here is atomic.
 */
struct thread {
	/* its last call of the malloc family; first what the next one needs if it is like it */
	__u64 probe_ip;
	__u64 request;
	/* where it was a plain one (bpf/again.bpf.h): its event but for the size */
	struct brief_event again_event;
	__u32 again_probe; /* that one's index + 1; 0: it was none */
	__u8 pending;	   /* no mapping has been made for it yet */
	__u8 brk_failed;   /* since that call, and nothing was mapped after it */
	__u8 in_others;	   /* it has been counted among the other processes' */
	__u8 unasked;	   /* calls yet for which it need not ask how full the ring is */
	__u64 sp;
	__u64 ret;
	__u64 code_lo, code_hi; /* the allocator's, where it is all that its object has */
	__u64 request_ns;	/* where calls are seen in bursts: when it was */
	__u64 jumps;		/* the entry points that it may be going on in, by a jump */
	/* the entry points that it may yet call from inside, and the sp of the call that may */
	__u64 leads, leads_sp;
	__u64 out; /* where posix_memalign puts the address, and that call's sp */
	__u64 out_sp;
	/* its last free; freed is 0 if it has called malloc since */
	__u64 freed, freed_sp, freed_ret, freed_ip;
	__u64 free_lo, free_hi; /* the code of that allocator, as above */
	__u64 free_jumps;
	__u32 freed_object;
	__u32 object;
	__u32 fn;
	__u8 marks;    /* no mapping with MAP_NORESERVE is a block's */
	__u8 resizing; /* its allocator has said that it resizes a block, and not how that ended */
	__u8 n_begun;  /* of begun, those that are used */
	/* the system call under way */
	__u8 syscall; /* enum event_type; 0: none */
	struct begun_call begun[BEGUN_MOST];
	__u64 begin_ns;
	__u64 args[6];
	__u64 brk_start, brk_before;
	struct site ip, caller, file;
};

#endif

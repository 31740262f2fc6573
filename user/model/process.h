/*
 * process.h - one process: its numbers, its ledger, and how an event changes them.
 *
 * Counting (calls, bytes, histograms) takes an event or a spilled cell alike,
 * as so many calls of so many bytes.  The ledger takes events only.
 */
#ifndef BRKSCOPE_PROCESS_H
#define BRKSCOPE_PROCESS_H

#include "model/callers.h"
#include "model/heap_marks.h"
#include "model/ledger.h"
#include "model/pairing.h"
#include "model/snapshot.h"

struct list;
void list__free(struct list *l); /* NULL is allowed */
bool list__is_later(const struct list *l, __u64 ts_ns);

struct process {
	struct process_stats stats;
	struct histograms *histograms; /* NULL until there is something in it */
	struct ledger *ledger;	       /* NULL: it has exited */
	struct ledger *holes;	       /* what of its heap is not mapped (holes.h); NULL: nothing */
	struct list *list; /* of its mappings, which waits for the events from before it; NULL */
	struct pairing *pairing; /* level live: its blocks; NULL: none was ever seen */
	bool told;		 /* its allocator says what serves each call */
	enum unpaired unpaired;	 /* why blocks are not known any more */
	bool had_missed;	 /* nor, ever, what served its calls, by their addresses */
	/* Whose address space it was born into, and may have left since; 0: its own. */
	__u32 lender;
	__u64 lender_start_ns;
	bool lent_on;  /* by a lender that had borrowed it itself */
	__u64 own_ns;  /* an exec gave it one of its own then; 0: none that the ring brought */
	bool complete; /* they have been followed from its first instruction on */
	struct heap_marks marks;
	__u64 lowest_break;	   /* since it is followed; 0: it never was */
	struct retained *retained; /* as stats has it; NULL */
	struct {
		__u64 start, end;
		__u32 version;
		__u8 route;   /* enum route */
	} found;	      /* the last region that a block was found in */
	__u32 ledger_version; /* of the ledger, as long as it does not change */
	struct caller_table callers;
	bool gone;	  /* exited, or of another name by now: no event is its */
	bool stale;	  /* the ledger has missed an event */
	bool doubtful;	  /* nobody knows what a call that failed has done */
	__u64 doubted_ns; /* its mappings were asked for then, because of that */
	__u64 reread_ns;  /* its mappings were read anew then, because it was stale */
	struct {
		__u64 bytes, stack_bytes; /* of its address space, as the kernel counts them */
		__u64 read_ns;		  /* when reading that began; 0: not read */
	} counted;
	__u64 listed_ns; /* when the last reading of its mappings began */
	struct {
		__u64 from_ns, to_ns; /* when the list was read that the ledger has taken */
	} taken;
	__u64 changed_ns;	  /* when the last change that the ledger knows of had ended */
	__u64 resident_ns;	  /* when its resident memory was read; 0: not, or it changed */
	bool stack_is_code;	  /* the kernel's count of its stack leaves it out then */
	bool in_spill;		  /* the kernel has an entry of it */
	bool unseen;		  /* its mappings from before were not read */
	__u64 begun_ns;		  /* its exec, or fork; 0: it was there before */
	bool allocator_seen;	  /* found among its mappings, not only by a call */
	bool allocator_called;	  /* it has been seen to call the one that it is said to have */
	bool has_allocator;	  /* of whoever looks at objects: */
	__u32 allocator_index;	  /* the one that defines its malloc */
	bool code_unknown;	  /* it maps code that could not be looked at */
	__u64 calls_before_exec;  /* of malloc */
	struct tally in_burst[2]; /* seen in the bursts that are not over */
	struct sampled sampled;
	__u32 windows;	       /* of these, those in which it was there */
	struct beyond *beyond; /* what the calls seen stand for, beside these; NULL: nothing */
	/* Of a time in which all is seen: what was called in the last of its lengths. */
	struct slice {
		__u64 number, calls, bytes;
	} slice, spilled_slice; /* the latter since the spill was read before */
	bool sampled_out;	/* it had ended in all windows from here on */
	__u64 ended_ns;		/* 0: not known */
	/* When its calls began and ceased to be seen, and the time in bursts until then. */
	struct seen_until {
		__u64 ts_ns, seen_ns;
	} first_seen, last_seen;
	/*
	 * What exec mapped, from the kernel's own counters, as long as the
	 * mappings themselves have not been read.
	 */
	__u64 image_bytes, image_regions;
	/* vfork, CLONE_VM: the process whose address space it runs in; 0: its own */
	__u32 borrows;
	struct {
		__u64 brk_calls, mmap_calls, malloc_calls, memory, seen_ns;
		__u64 beyond;	     /* calls that were not in malloc_calls */
	} last;			     /* at the last snapshot */
	struct process *next;	     /* in its hash chain */
	struct process *next_exited; /* that exited after it */
	size_t index;		     /* in the model's list */
};

struct count {
	__u8 type; /* enum event_type */
	__u8 op;
	__u8 flags;
	__u8 bucket;
	enum cause cause; /* MMAP, MREMAP, ROUTE */
	__u32 caller;	  /* MMAP */
	__u64 calls, bytes;
	__u64 beyond,
		beyond_bytes; /* MALLOC, ROUTE: what they stand for, by estimate, beside these */
};

struct process *process__new(__u32 pid, __u64 start_ns); /* NULL with errno set */
void process__free(struct process *p);			 /* NULL is allowed */

/* 0 or -ENOMEM, with nothing counted. */
int process__count(struct process *p, const struct count *c);
/* The same of a MALLOC, which most are. */
int process__count_malloc(struct process *p, const struct count *c);

/* From here on the numbers of malloc are what the calls seen stand for, and not these alone. */
void process__extrapolate(struct process *p);

/* Calls that would come to them by that. */
__u64 process__beyond(const struct process *p);

/* What p has counted, added to `to`.  0 or -ENOMEM, with nothing added. */
int process__add_counts(struct process *to, const struct process *p);

/* What blocks are outstanding now, of the address space's owner. */
void process__update_blocks(struct process *p, const struct process *owner, enum level level);
/* What of the heap they keep; NULL in stats: not known. */
void process__judge(struct process *p, const struct process *owner, __u64 page_size);
/* They are gone, with the address space. */
void process__forget_blocks(struct process *p);

/* Live numbers after the ledger or the heap has changed. */
void process__update_live(struct process *p);
void process__set_heap(struct process *p, __u64 start, __u64 end, __u64 page_size);
/* What it has now is not growth of this window. */
void process__set_baseline(struct process *p);
/*
 * The callers' live numbers, from the regions of whose address space it is: a
 * walk through all.  0, or -ENOMEM: they are not known.
 */
int process__update_callers(struct process *p, const struct process *owner);
/* After exec: what was live before counts no more. */
void process__forget_peaks(struct process *p);
/* Two processes in one address space: p's is what `owner` has. */
void process__lend_live(struct process *p, const struct process *owner);
/* Copies; NULL makes it unknown.  0 or -ENOMEM. */
int process__set_text(const char **field, const char *text);

#endif

/*
 * snapshot.h - the numbers at one instant: what the model makes and every renderer shows.
 *
 * Plain data.  Units are bytes, calls, and nanoseconds since boot.  A number
 * that is not known is marked so, and is never shown as 0.
 */
#ifndef BRKSCOPE_SNAPSHOT_H
#define BRKSCOPE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "brkscope/event.h"
#include "brkscope/hits.h"
#include "model/block_table.h"
#include "model/cause.h"
#include "model/sampled.h"

enum level { LEVEL_SYSCALLS, LEVEL_SIZES, LEVEL_LIVE };

struct tally {
	__u64 calls;
	__u64 bytes; /* that were asked for; BYTES_MOST: so many or more */
};

/* Some calls for half of what 64 bits can say are enough: a sum stays here. */
#define BYTES_MOST (~0ull)

static inline __u64 bytes_sum(__u64 a, __u64 b)
{
	return a <= BYTES_MOST - b ? a + b : BYTES_MOST;
}

static inline __u64 bytes_times(__u64 bytes, __u64 times)
{
	return times <= 1 || bytes <= BYTES_MOST / times ? bytes * times : BYTES_MOST;
}

/* The mappings of one cause: calls and bytes as seen, live_* as they are now. */
struct mapped {
	__u64 calls;
	__u64 bytes;
	__u64 live_bytes;   /* reserved: an arena counts whole */
	__u64 usable_bytes; /* of live_bytes, what is not PROT_NONE */
	__u64 live_regions;
	__u64 peak_bytes;
};

/* Who called mmap, as a number that is the same in every process of a snapshot. */
enum caller_index {
	CALLER_UNKNOWN, /* from before the agent, mapped by exec, or nobody could look it up */
	CALLER_OTHERS,	/* more than are told apart */
	CALLER_FIRST,	/* from here on: a place in code */
};

/* One caller's mappings of one cause: calls and bytes as seen, live_* as they are now. */
struct caller_stats {
	__u32 caller; /* enum caller_index, and on */
	enum cause cause;
	__u64 calls, bytes;
	__u64 live_bytes, live_regions;
};

/* What there is to say of a place in code. */
struct caller_name {
	struct site site;     /* all 0: in no file, as a JIT's code */
	const char *object;   /* the file; NULL: not known; hostile bytes */
	const char *function; /* NULL: not known; hostile bytes */
};

/* Of a part of the address space, what is in memory. */
struct resident {
	bool known;
	__u64 bytes;
};

/* Calls of malloc by size. */
struct malloc_bucket {
	__u64 calls; /* all; not mmap or arena: the heap, or (arena_split false) heap or
			arena */
	__u64 mmap;
	__u64 arena;
	__u64 had[ROUTE_COUNT]; /* level live: by the addresses that they returned */
};

/* Allocated with the first event that needs it: most processes are idle. */
struct histograms {
	struct malloc_bucket malloc_size[SIZE_BUCKETS];
	__u64 brk_grow[SIZE_BUCKETS];
	__u64 mmap_size[SIZE_BUCKETS][CAUSE_COUNT];
};

enum allocator_kind {
	ALLOCATOR_UNKNOWN, /* not looked for, or nothing that defines malloc was found */
	ALLOCATOR_GLIBC,
	ALLOCATOR_MUSL,
	ALLOCATOR_JEMALLOC,
	ALLOCATOR_TCMALLOC,
	ALLOCATOR_MIMALLOC,
	ALLOCATOR_REFMALLOC,
	ALLOCATOR_OTHER,
};

/* Why it is not known, at level live, which blocks are outstanding. */
enum unpaired {
	UNPAIRED_NOT,	    /* it is known */
	UNPAIRED_MISSED,    /* an event of a call or a free has spilled */
	UNPAIRED_SPARED,    /* a return probe would have harmed the process */
	UNPAIRED_NO_MEMORY, /* in the agent */
	UNPAIRED_BEYOND,    /* a block is where none is kept: five-level paging, or no malloc's */
};

/* Calls, and what served them. */
struct malloc_stats {
	__u64 calls, bytes;
	__u64 impossible; /* of calls: overflowed or above PTRDIFF_MAX, 0 bytes */
	struct tally by_function[FN_COUNT];
	struct tally route_mmap, route_arena;
	/*
	 * Which calls an arena served and which the heap needs the
	 * returned address.  True where there never was an arena: then
	 * all that is not mmap is heap, and route_arena is 0.
	 */
	bool arena_split;
	/* Of what malloc asked to be mapped some was refused: calls may have got nothing,
	 * and only what they returned tells which. */
	bool refused;
	/* Its allocator tells of routes where its blocks are told of, and some were missed.
	 */
	bool routes_missed;
	/* What stats__rest_routes had of the programs before an exec that called. */
	__u8 earlier;
};

/* Why live numbers are not known. */
enum live_unknown {
	LIVE_KNOWN,
	LIVE_UNSEEN,   /* what was mapped before was not read */
	LIVE_DOUBTFUL, /* what a call has done only the kernel's list tells, and that was not read
			  again */
	LIVE_MISSED,   /* nor was it after an event of a mapping had spilled, or was missed */
};

/* Why an address space is not compared with the kernel's count. */
enum space_unknown {
	SPACE_CHANGED,	/* it was changing at that moment; or nothing below is so */
	SPACE_UNREAD,	/* its list of mappings cannot be read */
	SPACE_NOT_LIVE, /* live_why tells */
	SPACE_BORROWED, /* it is another process's */
	SPACE_STACK,	/* its stack is executable, and the kernel does not count that apart */
	SPACE_ENDED,	/* by its end nothing was left to compare with */
};

struct retained;

struct process_stats {
	__u32 pid;
	__u32 ppid;
	__u64 start_ns;
	char comm[16];	    /* NUL-terminated, otherwise as the kernel has it: hostile */
	const char *exe;    /* NULL: not known; hostile bytes */
	const char *cgroup; /* NULL: not known; hostile bytes */
	bool exited;
	__u64 execs;

	const char *allocator_object; /* NULL: not known; hostile bytes */
	enum allocator_kind allocator;
	bool allocator_probed;

	struct {
		bool known; /* start, end, bytes, peak_bytes */
		__u64 start, end;
		__u64 peak_bytes;
		__u64 unmapped_bytes; /* of it, by the program: no memory is there */
		struct tally grow, shrink;
		__u64 query_calls, failed_calls;
	} heap;

	/*
	 * The whole address space, by the kernel's own count, and what of it the
	 * regions, the heap and the stack explain.  Not known: it was changing.
	 */
	struct {
		bool known;
		__u64 bytes;
		__u64 explained_bytes;	/* more than bytes: something that has gone was missed */
		enum space_unknown why; /* it is not known: set with a snapshot */
		int maps_error;		/* SPACE_UNREAD: errno */
		__u64 rereads; /* how often the list was read anew, because something was missed */
	} space;

	enum live_unknown live_why; /* when not: set with a snapshot */
	bool live_known; /* every live_*, usable_* and peak_* of mapped[], and of callers */
	struct mapped mapped[CAUSE_COUNT];
	/*
	 * Of each cause they add up to what mapped has.  Live numbers are those of
	 * the last time that they were asked for (model__update_callers).
	 */
	const struct caller_stats *callers; /* in no order */
	size_t n_callers;
	struct tally munmap;
	struct {
		__u64 calls, grow_bytes, shrink_bytes;
	} mremap;
	__u64 mmap_failed; /* of mmap, munmap and mremap */

	bool malloc_known; /* false: level syscalls, or the allocator is not probed */
	/* The calls are those from then on: its allocator was probed while it ran.  0: all. */
	__u64 malloc_since_ns;
	struct malloc_stats malloc;

	/*
	 * With a budget calls are seen in bursts: malloc has what there were by estimate,
	 * each of them, and its routes and sizes; or, where that would be none worth the name,
	 * what was seen.
	 */
	struct {
		bool is;       /* false: all was seen */
		bool at_least; /* and too little: there are no intervals */
		struct tally seen;
		__u64 seen_ns, life_ns;	      /* of its life as far as it was to be seen */
		double coverage;	      /* of its life, what part was seen */
		double slowed;		      /* of that, what part the probes took */
		struct interval calls, bytes; /* 95% */
	} estimate;

	/* Level live: calls with their returns and frees.  All 0 below. */
	struct {
		bool known;	   /* nothing of it has been missed: all but frees */
		enum unpaired why; /* it is not */
		bool had_known;	   /* and nothing of had[] has, also of programs before an exec */
		bool complete;	   /* from its first instruction on: no older block is missing */
		__u64 failed; /* calls that returned no block for want of memory, or as impossible
			       */
		__u64 frees;  /* blocks given back by free and its kin */
		__u64 frees_unknown;	       /* of them, of blocks from before */
		struct tally had[ROUTE_COUNT]; /* what calls returned, by its address */
		struct {
			__u64 blocks, bytes;
		} live[ROUTE_COUNT]; /* and what of it has not been given back */
		__u64 peak_bytes;    /* the most of that at a time */
	} paired;
	const struct retained *retained; /* NULL: not known, or not asked for */

	const struct histograms *histograms; /* NULL: all 0 */

	struct {
		bool known;
		__u64 anon_bytes, file_bytes, shmem_bytes;
	} rss;

	/* The same bytes by whose they are: what is known of them and the rest add up to rss. */
	struct {
		bool known;
		struct resident heap, main_stack, causes[CAUSE_COUNT];
		__u64 left_over_bytes; /* of parts that are not known, and of none of these */
	} resident;

	/* Since the snapshot before this one. */
	struct {
		__u64 brk_calls, mmap_calls, malloc_calls;
		__s64 growth_bytes; /* of stats__memory() */
		bool unseen;	    /* no burst of looking at malloc's calls was in it */
	} window;
};

/* What brkscope itself costs, as a part of one CPU's time: 0.01 is 1%. */
struct cost {
	bool known; /* false: of some hits it is not, and these are not in it */
	double probes, agent;
};

struct snapshot {
	const char *host, *kernel;
	__u64 page_size;
	enum level level;
	__u64 start_ns; /* CLOCK_BOOTTIME, when collection began */
	__u64 duration_ns;
	__u64 window_ns; /* since the snapshot before this one */
	__u64 received, spilled, lost;
	__u64 skipped; /* system calls of any kind that the kernel showed to nobody */
	__u64 unowned; /* of the spilled: among the others, and whose they are nobody knows */
	struct cost cost, window_cost; /* from the beginning on, and of the window */
	struct {
		bool on;
		double of;	/* the budget: of one CPU, as a cost */
		bool estimated; /* not all was seen */
		bool dropped;	/* malloc was not probed any more, from then on */
		__u64 dropped_ns;
		double base;		/* what the rest costs */
		__u64 bursts, burst_ns; /* how many, and how long each */
	} budget;
	__u64 hits[HIT_KINDS];			/* of probes, from the beginning on */
	double hit_ns[HIT_KINDS];		/* what one of them costs; < 0: not known */
	const struct process_stats **processes; /* in no order; not owned */
	size_t count;
	const struct process_stats *others; /* NULL: every process had a row of its own */
	/* By number, below CALLER_FIRST without meaning; NULL: nobody looked for names. */
	const struct caller_name *caller_names;
	size_t n_caller_names;
};

/* Are routes told by addresses, all of them, and not by what was mapped in each call? */
static inline bool stats__by_address(const struct process_stats *p)
{
	return p->paired.had_known;
}

/* Can the calls that the heap served be told from those that arenas did? */
static inline bool stats__split(const struct process_stats *p)
{
	return p->paired.had_known || p->malloc.arena_split;
}

/* An estimate that may be far too low: nothing tells how far. */
static inline bool stats__estimate_is_open(const struct process_stats *p)
{
	return p->estimate.is && !p->estimate.at_least &&
	       (!p->estimate.calls.known || p->estimate.calls.open);
}

/*
 * What may have served the calls of which no mapping of their own is known, as 1 << enum route
 * each: whatever is counted, or known, tells that.  Never none.
 */
unsigned int stats__rest_routes(const struct process_stats *p);

__u64 stats__live_blocks(const struct process_stats *p);
__u64 stats__live_bytes(const struct process_stats *p);

/* bytes and pages of the heap now */
static inline __u64 stats__heap_bytes(const struct process_stats *p)
{
	return p->heap.end - p->heap.start;
}

/* heap + malloc's mmaps + what is open of arenas + direct mmaps: anonymous memory by cause, now */
static inline __u64 stats__memory(const struct process_stats *p)
{
	return stats__heap_bytes(p) + p->mapped[CAUSE_MALLOC].live_bytes +
	       p->mapped[CAUSE_ARENA].usable_bytes + p->mapped[CAUSE_DIRECT].live_bytes;
}

/* brk growth + anonymous mmaps by malloc, for arenas and direct: got from the kernel while watched
 */
static inline __u64 stats__gained(const struct process_stats *p)
{
	return p->heap.grow.bytes + p->mapped[CAUSE_MALLOC].bytes + p->mapped[CAUSE_ARENA].bytes +
	       p->mapped[CAUSE_DIRECT].bytes;
}

/* 0 where nothing was missed */
static inline __s64 stats__unexplained(const struct process_stats *p)
{
	return p->space.bytes - p->space.explained_bytes;
}

static inline __u64 stats__rss(const struct process_stats *p)
{
	return p->rss.anon_bytes + p->rss.file_bytes + p->rss.shmem_bytes;
}

/* sum over all causes */
__u64 stats__mmap_calls(const struct process_stats *p);
__u64 stats__brk_calls(const struct process_stats *p); /* grow, shrink, query, failed */

#endif

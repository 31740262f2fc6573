/*
 * state.h - what the files that make up the model share, and nobody else sees.
 *
 * model.c keeps the table, events.c applies what the ring brings, lifecycle.c
 * fork, exec and exit, spilled.c what the kernel counted itself, seed.c what was
 * there before.
 */
#ifndef BRKSCOPE_MODEL_STATE_H
#define BRKSCOPE_MODEL_STATE_H

#include "model/bursts.h"
#include "model/model.h"

#define MODEL_CHAINS 1024 /* a power of two */

/* Rows of processes that have exited: what is more is folded into the others', oldest first. */
#define MOST_EXITED 10000

struct model {
	struct model_config config;
	struct process *chains[MODEL_CHAINS]; /* by PID, the latest first; exited ones too */
	struct process **all;
	size_t n, most;
	struct process *exited, **exited_end; /* in the order that they did */
	size_t n_exited;
	bool folded;	     /* some of them into the others */
	__u64 now_ns;	     /* about when the events happened that are coming in now */
	bool calls_missed;   /* of nobody knows whom */
	bool changes_missed; /* of address spaces, likewise, and all know it */
	__u64 unowned;	     /* events that were of nobody knows whom */
	__u64 spilled_ns;    /* what is known to have spilled had happened by then */
	__u64 this_spill_ns; /* when the last reading of the spill began, or the one that goes on */
	__u64 last_spill_ns; /* and the one before that, which had all from before it */
	bool lists;	     /* there may be some that wait */
	size_t borrowers;    /* that run in another one's address space */
	bool spill_due;	     /* a process that has an entry in the kernel's has exited */
	struct process *others;
	struct call_sites *sites;
	struct bursts bursts; /* in which calls are seen */
	__u64 burst_ns;	      /* how long each of them is, but for the first; 0: not known */
	double hit_ns;	      /* what a call costs that is seen */
	bool contended;	      /* more want a CPU than there are */
	__u64 begun_ns;	      /* when the first of them did */
	__u32 windows;	      /* whose burst is over, but for those in which all was seen */
	struct {
		__u64 from_ns, to_ns;
		__u32 times;
	} window; /* the last that was planned */
	const struct process_stats **rows;
};

/* The process of an event, which may be its first; NULL: no memory. */
struct process *model__process_of(struct model *m, __u32 pid);
/* Of this start, exited or not; NULL. */
struct process *model__find_start(struct model *m, __u32 pid, __u64 start_ns);
void model__want_maps(struct model *m, struct process *p, bool image);
/* The process has exited; or it runs on, outside of the filter. */
void model__end(struct model *m, struct process *p);
void model__leave(struct model *m, struct process *p);
/* The row of all that have none of their own; NULL: no memory. */
struct process *model__others(struct model *m);
/*
 * An event has changed p's address space.  If it belongs before what was read of
 * a stale process, that is stale once more.
 */
void model__changed(struct process *p, __u64 ts_ns);
/* p has an address space of its own now, with this ledger; who shared its last one keeps that. */
void model__own(struct model *m, struct process *p, struct ledger *fresh);
/* The one whose address space p runs in: itself, but for a vfork's child. */
struct process *model__mm_owner(struct model *m, struct process *p);

/* Two times of a process's start: one of them may be from /proc, in ticks of 10 ms. */
bool start__same(__u64 a, __u64 b);

/* Takes the list that waits for p, unless events from before it can still come. */
int model__settle_before(struct model *m, struct process *p, __u64 ts_ns);

/* The code behind a mapping, looked up as far as it can be. */
struct caller {
	struct site ip, caller;
};
struct caller caller__of(struct model *m, __u32 pid, const struct site *ip,
			 const struct site *caller);
/* Its number, for what p has called. */
__u32 caller__index(struct model *m, const struct process *p, const struct caller *by);
/* Of a request that a mapping by this caller was made for. */
enum cause caller__route(struct model *m, enum cause cause, const struct caller *by);

/* Of a count of calls, what was seen in the bursts of these bits; ts 0: since the last time. */
void sampling__count(const struct model *m, struct process *p, const struct count *c, __u32 bits,
		     __u64 ts);
/* How sure p's numbers are. */
void sampling__estimate(struct model *m, struct process *p, __u64 now);
void sampling__estimate_others(struct model *m, __u64 now);

/* Which blocks p has, or had at its end, is not known any more. */
void spilled__forget_blocks(struct process *p);

int lifecycle__event(struct model *m, const struct event *e, struct note *note);
void lifecycle__set_comm(struct process *p, const char comm[16]);
/* Is the address space whose heap begins there the one that p has borrowed? */
bool lifecycle__has_borrowed(struct model *m, struct process *p, __u64 brk_start);
/* It is not: p has become another program, and that was not seen. */
int lifecycle__stop_borrowing(struct model *m, struct process *p);
/* rss_pages: anonymous, file, shared; NULL: not known.  brk_end 0: not known. */
void lifecycle__set_final(struct model *m, struct process *p, __u64 brk_start, __u64 brk_end,
			  const __s64 rss_pages[3]);

#endif

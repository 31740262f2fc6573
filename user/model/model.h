/*
 * model.h - all processes and their numbers: events and spilled cells in, snapshots out.
 *
 * Pure: no clock, no /proc, no libbpf.  What the model wants to know of a
 * process's mappings it asks for (maps_wanted), and whoever can read them calls
 * model__seed.  Not locked: one thread owns a model.
 */
#ifndef BRKSCOPE_MODEL_H
#define BRKSCOPE_MODEL_H

#include "model/evidence.h"
#include "model/process.h"

struct model;

struct model_config {
	__u64 page_size;
	enum level level;
	const struct cause_table *causes; /* outlives the model */
	bool judge;			  /* what is freed and kept is asked for */
	const char *comm;		  /* only processes of this name; NULL: all */
	/*
	 * The process's mappings are not known.  image: it has just become another
	 * program, and only what exec itself mapped is wanted: the rest comes as
	 * events.
	 */
	void (*maps_wanted)(__u32 pid, bool image, void *arg);
	/* An address that the kernel side could not look up: replaces *site, or leaves it. */
	void (*resolve)(__u32 pid, struct site *site, void *arg);
	void *arg;
};

struct model *model__new(const struct model_config *config); /* NULL with errno set */
void model__free(struct model *m);			     /* NULL is allowed */

/* The process that has this PID now; NULL. */
struct process *model__find(struct model *m, __u32 pid);
/* As above, made if need be.  start_ns 0: not known.  NULL: no memory. */
struct process *model__add(struct model *m, __u32 pid, __u64 start_ns);
/* Was its exit seen?  A list of processes may be older than that. */
bool model__has_ended(struct model *m, __u32 pid, __u64 start_ns);

/*
 * What the kernel lists as mapped.  A process that is new to the model starts
 * from it; one whose ledger is stale keeps the causes that still fit.
 * start_brk 0: not known.  read_ns: when reading it began.
 */
int model__seed(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		__u64 start_brk, __u64 read_ns);

/*
 * The same for a list that has just been read, while events from before it are
 * still in the ring: it is taken when one comes that is later, so that those make
 * no more of it than causes.  model__settle: no earlier ones are to come.
 */
int model__seed_later(struct model *m, struct process *p, const struct mapping *maps, size_t n,
		      __u64 start_brk, __u64 read_ns);
int model__settle(struct model *m); /* 0 or -ENOMEM */
/* Or none from before this moment. */
int model__settle_until(struct model *m, __u64 ts_ns);

/* What trace says beside the event itself. */
struct note {
	enum cause cause; /* of the mapping; CAUSE_COUNT: none, or not known */
	__u32 caller;	  /* of mmap: enum caller_index, and on */
	struct process *process;
	bool unpaired;	       /* CALL: what comes of it will not be told */
	struct open_call call; /* RETURN: of this call; tid 0: it was not seen to begin */
};

/*
 * One record of the ring.  0; -EINVAL: none of ours, -ENOENT: of a process that is
 * not watched, and nothing changed; -ENOMEM: counted nowhere.  note may be NULL.
 */
int model__event(struct model *m, const struct event *e, size_t size, struct note *note);

/* What comes without a time of its own comes at about this one. */
void model__set_time(struct model *m, __u64 now_ns);
/* A record that model__event will be given soon: what it needs of memory is asked for. */
void model__prefetch(struct model *m, const struct event_call *e);

/* Worth reading again although nothing has been added: an entry can go. */
bool model__spill_due(const struct model *m);
/* The spill is going to be read: all that has spilled before this. */
void model__begin_spill(struct model *m, __u64 now_ns);
/* It has been read, and all that was in it happened before this. */
void model__end_spill(struct model *m, __u64 now_ns);
/* Somebody's address space has changed, nobody knows whose: of all who live, who is read anew
 * after this is known again. */
void model__miss_changes(struct model *m);
/* An entry of it.  True: the process has ended, and nothing more of it will come. */
bool model__spilled(struct model *m, __u32 tgid, const struct spilled_process *s);
/* 0; -EINVAL: none of ours, and nothing changed; -ENOMEM: counted nowhere. */
int model__cell(struct model *m, const struct cell_key *key, const struct cell *cell);

/*
 * With a budget calls of malloc are seen in bursts: [from, to), in each of which one counts
 * as that many (governor.h).  Told before the first of its events comes, in order of their
 * beginnings; of an open one the end comes later.  Without any, all is seen.
 */
void model__burst(struct model *m, __u64 from_ns, __u64 to_ns, __u32 times);
/* How long each is from here on, but for one in which all is seen. */
void model__burst_length(struct model *m, __u64 ns);
void model__burst_ends(struct model *m, __u64 to_ns);
/* All events of burst `number` (from 0) have come, before that of `number` + 2 begins. */
void model__burst_over(struct model *m, __u32 number);
/* Was there a time, until now, in which calls were not seen? */
bool model__estimates(const struct model *m, __u64 now_ns);
/* Calls are not seen any more: nothing is known of them, from the beginning on. */
void model__drop_malloc(struct model *m);
/*
 * What a call that is seen takes from its process, and do more want a CPU than there are?  Before
 * a snapshot.
 */
void model__hit_cost(struct model *m, double ns, bool contended);
/* The window that is under way. */
void model__window(struct model *m, __u64 from_ns, __u64 to_ns, __u32 times);

/* Every process that has not exited. */
void model__each(struct model *m, void (*visit)(struct process *p, void *arg), void *arg);

/*
 * The processes and the others row; the rest is the caller's to fill in.  Valid
 * until the model changes; the array is the model's.
 */
int model__snapshot(struct model *m, struct snapshot *s);
/* Callers' live numbers, in the snapshot as well: walks through every region.  0 or -ENOMEM. */
int model__update_callers(struct model *m);
/* The place that a caller's number stands for; NULL: none is known. */
const struct site *model__caller_site(const struct model *m, __u32 caller);
__u32 model__caller_count(const struct model *m); /* every number is below it */
/* Drops the processes that have exited: a live view shows them once. */
void model__forget_exited(struct model *m);

#endif

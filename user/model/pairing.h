/*
 * pairing.h - calls of the malloc family with their returns and frees: which blocks are
 * outstanding.
 *
 * One for an address space.  A call takes what it is to resize out of the blocks, for by its
 * return another thread may have been given the same address; its return puts in what it had.
 * A call that never returns (longjmp, the thread's end) has no block, and what it was to resize
 * is still one: nobody knows of its end.
 *
 * No libbpf, no clock, no output.  Not locked.
 */
#ifndef BRKSCOPE_PAIRING_H
#define BRKSCOPE_PAIRING_H

#include "brkscope/event.h"
#include "model/blocks.h"
#include "model/request.h"

/* A call between its beginning and its return. */
struct open_call {
	__u32 tid, call; /* struct event_call.call */
	struct request request;
	bool resizes; /* `old` was a block */
	struct block old;
};

enum paired {
	PAIRED_NONE,   /* of no call that was seen to begin */
	PAIRED_BLOCK,  /* it had a block */
	PAIRED_FAILED, /* it had none, and what it was to resize is as it was */
	PAIRED_FREED,  /* a realloc to nothing */
	PAIRED_LOST,   /* what it had is not known */
};

struct pairing;

struct pairing *pairing__new(__u64 seed); /* NULL with errno set */
void pairing__free(struct pairing *p);	  /* NULL is allowed */
/*
 * The child's, forked by thread tid, which in it is child_tid; NULL with errno set, and the parent
 * has what it had.
 */
struct pairing *pairing__fork(struct pairing *parent, __u32 tid, __u32 child_tid);

/* 0 or -ENOMEM: then it is not known any more which blocks there are. */
int pairing__call(struct pairing *p, const struct event_call *e);
/*
 * What came of the call, which is in *call if there was one.  block->route and tag are
 * the caller's for PAIRED_BLOCK, whose addr and size are set: pairing__had then takes it.
 */
enum paired pairing__return(struct pairing *p, const struct event_call *e, struct open_call *call,
			    struct block *block);
int pairing__had(struct pairing *p, const struct block *block); /* 0, or -errno */
/* 1: it is in *block, and gone; 0: it was not seen to be given; or -ENOMEM. */
int pairing__freed(struct pairing *p, __u64 addr, struct block *block);

/* But for those that calls which have not returned are to resize. */
const struct blocks *pairing__blocks(const struct pairing *p);
/* All that is outstanding, also what a call that has not returned is to resize. */
struct blocks_sum pairing__sum(const struct pairing *p, enum route route);
__u64 pairing__peak(const struct pairing *p);  /* the most bytes that were outstanding at a time */
size_t pairing__open(const struct pairing *p); /* calls that have not returned */
size_t pairing__memory(const struct pairing *p); /* bytes */

#endif

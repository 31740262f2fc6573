/*
 * pairing.c - calls of the malloc family with their returns and frees: which blocks are
 * outstanding.
 *
 * Open calls are found by thread and frame.  Mostly there are as many as threads that are in
 * malloc right now.  One that was left by longjmp stays until its thread calls from the same
 * place of its stack again, or there are too many such.
 */
#include "model/pairing.h"

#include <errno.h>
#include <stdlib.h>

#define OPEN_FIRST    8 /* slots; a power of two, as OPEN_MOST */
#define OPEN_MOST     65536
#define SEARCHED_MOST 4096

struct pairing {
	struct blocks *blocks;
	__u64 seed, peak;
	struct open_call *open; /* open addressing; tid 0: free */
	size_t slots, n;
	struct blocks_sum resizing[ROUTE_COUNT]; /* what open calls have taken out */
};

struct pairing *pairing__new(__u64 seed)
{
	struct pairing *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->seed = seed;
	p->blocks = blocks__new(seed);
	if (p->blocks)
		return p;
	free(p);
	return NULL;
}

void pairing__free(struct pairing *p)
{
	if (!p)
		return;
	blocks__free(p->blocks);
	free(p->open);
	free(p);
}

/* Threads and stacks are chosen by the program, so the seed is in it. */
static size_t slot_of(const struct pairing *p, __u32 tid, __u32 call)
{
	__u64 h = (((__u64)tid << 32 | call) ^ p->seed) * 0x9e3779b97f4a7c15ull;

	return (h ^ h >> 29) & (p->slots - 1);
}

/* Where it is, or where it would be put. */
static struct open_call *find(const struct pairing *p, __u32 tid, __u32 call)
{
	size_t i = slot_of(p, tid, call);

	while (p->open[i].tid && (p->open[i].tid != tid || p->open[i].call != call))
		i = (i + 1) & (p->slots - 1);
	return &p->open[i];
}

/* What stands behind it moves up, so that no search ends early. */
static void take_out(struct pairing *p, struct open_call *c)
{
	size_t hole = c - p->open, i = hole, home;

	for (;;) {
		i = (i + 1) & (p->slots - 1);
		if (!p->open[i].tid)
			break;
		home = slot_of(p, p->open[i].tid, p->open[i].call);
		if (((i - home) & (p->slots - 1)) >= ((i - hole) & (p->slots - 1))) {
			p->open[hole] = p->open[i];
			hole = i;
		}
	}
	p->open[hole].tid = 0;
	p->n--;
}

struct blocks_sum pairing__sum(const struct pairing *p, enum route route)
{
	struct blocks_sum sum = blocks__sum(p->blocks, route);

	sum.blocks += p->resizing[route].blocks;
	sum.bytes += p->resizing[route].bytes;
	return sum;
}

static struct blocks_sum total_of(const struct pairing *p)
{
	struct blocks_sum total = {}, sum;

	for (int i = 0; i < ROUTE_COUNT; i++) {
		sum = pairing__sum(p, (enum route)i);
		total.blocks += sum.blocks;
		total.bytes += sum.bytes;
	}
	return total;
}

static void resizing_add(struct pairing *p, const struct block *b)
{
	p->resizing[b->route].blocks++;
	p->resizing[b->route].bytes += b->size;
}

/* What it was to resize is no concern of the call's any more. */
static bool let_go(struct pairing *p, struct open_call *c)
{
	struct blocks_sum *sum = &p->resizing[c->old.route];

	if (!c->resizes)
		return false;
	c->resizes = false;
	sum->blocks--;
	sum->bytes -= c->old.size;
	return true;
}

/* Nobody has been told of its end; but somebody may have been given its address since. */
static int put_back(struct blocks *blocks, const struct block *old)
{
	struct block newer;

	return blocks__find(blocks, old->addr, &newer) ? 0 : blocks__put(blocks, old, NULL);
}

static int give_back(struct pairing *p, struct open_call *c)
{
	return let_go(p, c) ? put_back(p->blocks, &c->old) : 0;
}

/*
 * 1, 0 or -ENOMEM.  A call that was left and has not been found out yet may still have it; there
 * is hardly ever one.
 */
static int take_known(struct pairing *p, __u64 addr, struct block *out)
{
	int found = blocks__take(p->blocks, addr, out);
	__u64 resizing = 0;

	if (found)
		return found;
	for (int i = 0; i < ROUTE_COUNT; i++)
		resizing += p->resizing[i].blocks;
	/* So many are open only where they were left on purpose. */
	if (p->slots > SEARCHED_MOST)
		resizing = 0;
	for (size_t i = 0; i < p->slots && !found && resizing; i++) {
		struct open_call *c = &p->open[i];

		if (!c->tid || !c->resizes || c->old.addr != addr)
			continue;
		let_go(p, c);
		*out = c->old;
		found = 1;
	}
	return found;
}

static int grow(struct pairing *p)
{
	struct pairing bigger = {.seed = p->seed, .slots = p->slots ? p->slots * 2 : OPEN_FIRST};

	bigger.open = calloc(bigger.slots, sizeof(*bigger.open));
	if (!bigger.open)
		return -ENOMEM;
	for (size_t i = 0; i < p->slots; i++)
		if (p->open[i].tid)
			*find(&bigger, p->open[i].tid, p->open[i].call) = p->open[i];
	free(p->open);
	p->open = bigger.open;
	p->slots = bigger.slots;
	return 0;
}

/* More threads in malloc than any program has: they were left by longjmp, all but the last few. */
static int abandon_all(struct pairing *p)
{
	int err = 0;

	for (size_t i = 0; i < p->slots; i++) {
		if (p->open[i].tid && !err)
			err = give_back(p, &p->open[i]);
		p->open[i].tid = 0;
	}
	p->n = 0;
	return err;
}

/* Who forks in the middle of a call goes on with it on both sides. */
static int copy_call(struct pairing *p, const struct open_call *c, __u32 tid)
{
	struct open_call *copy;

	if (p->n * 2 >= p->slots && grow(p))
		return -ENOMEM;
	copy = find(p, tid, c->call);
	*copy = *c;
	copy->tid = tid;
	p->n++;
	if (c->resizes)
		resizing_add(p, &c->old);
	return 0;
}

/* The other threads that were in there are not in the child: what they had still is. */
static int fork_calls(struct pairing *p, const struct pairing *parent, __u32 tid, __u32 child_tid)
{
	int err = 0;

	for (size_t i = 0; i < parent->slots && !err; i++) {
		const struct open_call *c = &parent->open[i];

		if (c->tid && c->tid == tid)
			err = copy_call(p, c, child_tid);
		else if (c->tid && c->resizes)
			err = put_back(p->blocks, &c->old);
	}
	return err < 0 ? err : 0;
}

struct pairing *pairing__fork(struct pairing *parent, __u32 tid, __u32 child_tid)
{
	struct pairing *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->seed = parent->seed;
	p->blocks = blocks__fork(parent->blocks);
	if (!p->blocks) {
		free(p);
		return NULL;
	}
	if (fork_calls(p, parent, tid, child_tid)) {
		pairing__free(p);
		errno = ENOMEM;
		return NULL;
	}
	p->peak = total_of(p).bytes;
	return p;
}

int pairing__call(struct pairing *p, const struct event_call *e)
{
	struct open_call *c;
	int err = 0;

	if (!e->e.tid) /* no thread's */
		return 0;
	if (p->n == OPEN_MOST / 2)
		err = abandon_all(p);
	if (!err && p->n * 2 >= p->slots)
		err = grow(p);
	if (err)
		return err;
	c = find(p, e->e.tid, e->call);
	if (c->tid)
		err = give_back(p, c); /* it was left */
	else
		p->n++;
	*c = (struct open_call){.tid = e->e.tid,
				.call = e->call,
				.request = {.fn = e->e.op,
					    .impossible = e->e.flags & EVENT_F_IMPOSSIBLE,
					    .size = e->e.size,
					    .block = e->addr}};
	if (err || !e->addr)
		return err;
	err = take_known(p, e->addr, &c->old);
	c->resizes = err > 0;
	if (c->resizes)
		resizing_add(p, &c->old);
	return err < 0 ? err : 0;
}

/*
 * glibc, jemalloc and tcmalloc free by realloc(p, 0) and return NULL; elsewhere, it
 * gives a block, and NULL says that there was no memory.  Nobody is told which: a
 * request of 0 bytes fails for want of memory where none could be had at all.
 */
static bool frees(const struct open_call *c)
{
	return c->request.block && !c->request.size && !c->request.impossible;
}

enum paired pairing__return(struct pairing *p, const struct event_call *e, struct open_call *call,
			    struct block *block)
{
	struct open_call *c = p->slots ? find(p, e->e.tid, e->call) : NULL;

	if (!c || !c->tid)
		return PAIRED_NONE;
	*call = *c;
	let_go(p, c);
	take_out(p, c);
	if (e->e.flags & EVENT_F_UNREAD)
		return PAIRED_LOST;
	if (e->addr) {
		*block = (struct block){.addr = e->addr, .size = call->request.size};
		return PAIRED_BLOCK;
	}
	if (frees(call))
		return PAIRED_FREED;
	return call->resizes && put_back(p->blocks, &call->old) ? PAIRED_LOST : PAIRED_FAILED;
}

int pairing__had(struct pairing *p, const struct block *block)
{
	int err = blocks__put(p->blocks, block, NULL);
	__u64 bytes;

	if (err < 0)
		return err;
	bytes = total_of(p).bytes;
	if (bytes > p->peak)
		p->peak = bytes;
	return 0;
}

int pairing__freed(struct pairing *p, __u64 addr, struct block *block)
{
	return take_known(p, addr, block);
}

const struct blocks *pairing__blocks(const struct pairing *p)
{
	return p->blocks;
}

__u64 pairing__peak(const struct pairing *p)
{
	return p->peak;
}

size_t pairing__open(const struct pairing *p)
{
	return p->n;
}

size_t pairing__memory(const struct pairing *p)
{
	return sizeof(*p) + p->slots * sizeof(*p->open) + blocks__memory(p->blocks);
}

/*
 * heap.c - where a heap's blocks come from when its current span has none, and where spans go.
 */
#include "heap.h"

#include <string.h>

#include "check.h"
#include "pages.h"
#include "records.h"
#include "sys.h"
#include "table.h"
#include "threads.h"

#define STEP_BLOCKS 64 /* fresh blocks put on the list at a time */

struct heap shared_heap, no_heap;

static void add_pages(struct heap *h, const struct span *s, int32_t pages)
{
	uint32_t *have = &h->spans[s->class];

	__atomic_store_n(have, *have + pages, __ATOMIC_RELAXED);
}

/* Its owner changes as well, by whoever has it. */
static void take_in(struct heap *h, struct span *s)
{
	lock__take(&h->lock);
	s->all_next = h->all;
	s->all_link = &h->all;
	if (h->all)
		h->all->all_link = &s->all_next;
	h->all = s;
	add_pages(h, s, s->pages);
	lock__give(&h->lock);
}

/* The lock is held. */
static void let_go(struct heap *h, struct span *s)
{
	*s->all_link = s->all_next;
	if (s->all_next)
		s->all_next->all_link = s->all_link;
	add_pages(h, s, -s->pages);
}

static void take_from(struct heap *h, struct span *s)
{
	lock__take(&h->lock);
	let_go(h, s);
	lock__give(&h->lock);
}

/* What is partial and taken next has waited longest, and so has the most free blocks. */
static void set_partial(struct heap *h, struct span *s)
{
	s->place = SPAN_PARTIAL;
	s->watch = tally__blocks(s->taken);
	list__append(&h->partial[s->class], s);
}

/* From now on it may be stolen. */
static void set_full(struct span *s)
{
	s->watch = tally__blocks(s->put) + 1;
	__atomic_store_n(&s->place, SPAN_FULL, __ATOMIC_RELEASE);
}

void heap__count(const struct span *s, struct counters *c)
{
	uint64_t taken = __atomic_load_n(&s->taken, __ATOMIC_RELAXED);
	uint64_t put = __atomic_load_n(&s->put, __ATOMIC_RELAXED);

	/* malloc itself counts those of class 0. */
	if (s->class > 0)
		counter__add(&c->served[s->route][bucket_of(s->size)],
			     tally__blocks(taken) - s->taken_counted);
	counter__add(&c->served_bytes[s->route], tally__bytes(taken));
	counter__add(&c->released[s->route].calls, tally__blocks(put) - s->put_counted);
	counter__add(&c->released[s->route].bytes, tally__bytes(put));
}

/* What is left in the tallies is how many are used. */
static void count(struct heap *h, struct span *s)
{
	heap__count(s, &h->counters);
	s->taken_counted = span__used(s);
	s->put_counted = 0;
	__atomic_store_n(&s->taken, s->taken_counted * TALLY_ONE, __ATOMIC_RELAXED);
	__atomic_store_n(&s->put, 0, __ATOMIC_RELAXED);
}

/* It is nobody's. h counts what was done with it. */
static void release(struct heap *h, struct span *s)
{
	struct page_heap *home = pages__home(s);

	count(h, s);
	lock__take(&home->lock);
	lock__take(&records_lock);
	records__free(s->state, s->count * sizeof(*s->state));
	lock__give(&records_lock);
	pages__free(s);
	lock__give(&home->lock);
}

static void set_at_hand(struct heap *h, unsigned int class, struct span *s)
{
	unsigned int last = class_size(class) / GRANULE;

	h->current[class] = s;
	for (unsigned int n = class ? class_size(class - 1) / GRANULE + 1 : 0;
	     n <= last && n <= TABLED_MAX / GRANULE; n++)
		h->at_hand[n] = s;
}

/* Where malloc finds it, also for the classes that share it. */
static void set_current(struct heap *h, unsigned int class, struct span *s)
{
	struct span *before = h->current[class];

	for (unsigned int c = class + 1; c-- > 0 && class_shared(c) == class;)
		if (h->current[c] == before)
			set_at_hand(h, c, s);
	set_at_hand(h, class, s);
}

/*
 * A class begins in the spans of the one that it shares, until these are more than a few pages:
 * a page for each size that is asked for once is what a small program would notice.
 */
static unsigned int serving_class(const struct heap *h, unsigned int class)
{
	unsigned int shared = class_shared(class);

	return h->spans[class] || h->spans[shared] > class_pages(shared, 0) ? class : shared;
}

/* A current span is kept, even empty; but its tallies must not run over. */
static void make_current(struct heap *h, struct span *s)
{
	if (tally__blocks(s->put) > TALLY_MAX)
		count(h, s);
	s->place = SPAN_CURRENT;
	s->watch = tally__blocks(s->put) + TALLY_MAX;
	set_current(h, s->class, s);
}

static bool has_blocks(const struct span *s)
{
	return s->head != NO_BLOCK || s->limit < s->count * (uint32_t)s->size;
}

/* Of the class itself, not of one that serves it. */
static struct span *own_current(const struct heap *h, unsigned int class)
{
	struct span *s = h->current[class];

	return s && s->class == class ? s : NULL;
}

/* Of the partial ones. */
static __attribute__((noinline)) void drop_if_empty(struct heap *h, struct span *s)
{
	if (span__used(s) > 0)
		return;
	list__remove(&h->partial[s->class], s);
	take_from(h, s);
	release(h, s);
}

void heap__watched(struct heap *h, struct span *s)
{
	if (s->place == SPAN_CURRENT) {
		count(h, s);
		make_current(h, s);
		return;
	}
	if (s->place == SPAN_FULL)
		set_partial(h, s);
	drop_if_empty(h, s);
}

/* A few at a time: what is never used is never touched. */
static void list_fresh(struct span *s)
{
	unsigned int start = s->limit / s->size;
	unsigned int end = s->count - start > STEP_BLOCKS ? start + STEP_BLOCKS : s->count;

	for (unsigned int i = start; i < end; i++)
		s->state[i] = i + 1 < end ? i + 1 : NO_BLOCK;
	s->head = start;
	check__fresh(s->base + s->limit, end * (size_t)s->size - s->limit);
	__atomic_store_n(&s->limit, end * s->size, __ATOMIC_RELAXED);
}

/* Under the lock of its page heap: others walk through that. */
static struct span *cut(struct heap *h, struct span *s, unsigned int class)
{
	struct page_heap *home = pages__home(s);
	uint32_t size = class_size(class);
	size_t bytes = (size_t)s->pages << PAGE_SHIFT;

	lock__take(&home->lock);
	s->count = bytes / size;
	lock__take(&records_lock);
	s->state = records__alloc(s->count * sizeof(*s->state));
	lock__give(&records_lock);
	if (!s->state) {
		pages__free(s);
		lock__give(&home->lock);
		return NULL;
	}
	s->kind = SPAN_SMALL;
	s->class = class;
	s->size = size;
	s->inverse = UINT32_MAX / size + 1;
	s->limit = 0;
	s->head = NO_BLOCK;
	s->taken = s->put = 0;
	s->taken_counted = s->put_counted = 0;
	s->remote = REMOTE_EMPTY;
	__atomic_store_n(&s->owner, h, __ATOMIC_RELAXED);
	table__set(s->base, bytes, s);
	lock__give(&home->lock);
	return s;
}

/* What was in use before is taken first, also where that is fewer pages. */
static struct span *find_pages(struct heap *h, unsigned int pages, unsigned int fewest)
{
	struct span *s = pages__find(h->pages, pages);

	return s || pages == fewest ? s : pages__find(h->pages, fewest);
}

/* It changes hands under the lock: until then others find it in the shared heap, and collect it. */
static struct span *adopt(struct heap *h, unsigned int class)
{
	struct span *s;

	if (h == &shared_heap || (!__atomic_load_n(&shared_heap.partial[class], __ATOMIC_RELAXED) &&
				  !__atomic_load_n(&shared_heap.remote[class], __ATOMIC_RELAXED)))
		return NULL;
	lock__take(&shared_lock);
	heap__collect_class(&shared_heap, class);
	s = shared_heap.partial[class];
	if (s) {
		list__remove(&shared_heap.partial[class], s);
		take_from(&shared_heap, s);
		__atomic_store_n(&s->owner, h, __ATOMIC_RELEASE);
	}
	lock__give(&shared_lock);
	return s;
}

/* What may be used again, wherever it is. */
static void bring_home(struct heap *h)
{
	threads__inherit(h);
	threads__steal(h);
	heap__collect(h);
}

static struct span *new_span(struct heap *h, unsigned int class)
{
	unsigned int pages = class_pages(class, h->spans[class]), fewest = class_pages(class, 0);
	struct span *s;

	s = find_pages(h, pages, fewest);
	/* Before memory is used that never was. */
	if (!s) {
		bring_home(h);
		s = adopt(h, class);
		if (s)
			return s;
		s = find_pages(h, pages, fewest);
	}
	if (!s)
		s = pages__alloc(h->pages, pages, 1, 0);
	/* Where memory is short, a little may still be had. */
	if (!s)
		s = pages__alloc(h->pages, fewest, 1, 0);
	return s ? cut(h, s, class) : NULL;
}

/* One with blocks, and in no list. */
static struct span *next_span(struct heap *h, unsigned int class)
{
	struct span *s = h->partial[class];

	if (s) {
		list__remove(&h->partial[class], s);
		return s;
	}
	s = adopt(h, class);
	if (!s)
		s = new_span(h, class);
	if (s)
		take_in(h, s);
	return s;
}

struct span *heap__refill(struct heap *h, unsigned int class)
{
	struct span *s, *next;

	class = serving_class(h, class);
	/* Not before it is needed: then many come home at a time. */
	if (!h->partial[class])
		heap__collect_class(h, class);
	s = own_current(h, class);
	if (!s || !has_blocks(s)) {
		next = next_span(h, class);
		if (!next)
			return NULL;
		make_current(h, next);
		/* Meanwhile some of its blocks may have come home, or all. */
		if (s && has_blocks(s)) {
			set_partial(h, s);
			drop_if_empty(h, s);
		} else if (s) {
			set_full(s);
		}
		s = next;
	}
	if (s->head == NO_BLOCK)
		list_fresh(s);
	return s;
}

void heap__trim(struct heap *h)
{
	struct span *s;

	bring_home(h);
	for (unsigned int class = 0; class < CLASSES; class ++) {
		s = own_current(h, class);
		if (s && span__used(s) == 0) {
			set_current(h, class, NULL);
			take_from(h, s);
			release(h, s);
		}
	}
}

static void give_to_shared(struct span *s)
{
	take_in(&shared_heap, s);
	__atomic_store_n(&s->owner, &shared_heap, __ATOMIC_RELEASE);
	if (has_blocks(s))
		set_partial(&shared_heap, s);
	else
		set_full(s);
}

void heap__give_up(struct heap *h)
{
	struct span *s;

	heap__collect(h);
	for (unsigned int class = 0; class < CLASSES; class ++) {
		set_current(h, class, NULL);
		h->partial[class] = NULL;
	}
	while ((s = h->all)) {
		take_from(h, s);
		if (span__used(s) == 0)
			release(h, s);
		else
			give_to_shared(s);
	}
	/* What was freed meanwhile is handed on; what comes later, by the heap's next thread. */
	heap__collect(h);
}

/*
 * Of which others freed all blocks, and none has come home: then its owner does nothing with it any
 * more, once it is full.
 */
bool heap__steal_span(struct heap *h, struct heap *from, struct span *s)
{
	bool free;

	lock__take(&from->lock);
	free = remote__count(s) == s->count && s->owner == from &&
	       __atomic_load_n(&s->place, __ATOMIC_ACQUIRE) == SPAN_FULL;
	if (free)
		let_go(from, s);
	lock__give(&from->lock);
	if (free) {
		s->put += s->count * TALLY_ONE;
		s->put_counted += s->count;
		release(h, s);
	}
	return free;
}

/*
 * Its thread may have been in the midst of anything.  What is certain is each block's word: it is
 * written last when a block is taken, and first when it is freed.  So a block that was about to
 * change hands is nobody's here if its word says free, and else lost, as its thread is.
 */
static int inherit_span(struct span *s, void *own)
{
	struct heap *h = s->owner;
	unsigned int live = 0;

	if (s->kind != SPAN_SMALL)
		return 0;
	if (h == own || h == &shared_heap) {
		if (s->remote != REMOTE_EMPTY)
			heap__hand_on(s);
		return 0;
	}
	heap__count(s, &h->counters);
	s->head = NO_BLOCK;
	s->remote = REMOTE_EMPTY;
	for (unsigned int i = s->limit / s->size; i-- > 0;) {
		if (s->state[i] & STATE_LIVE) {
			live++;
			continue;
		}
		s->state[i] = s->head;
		s->head = i;
	}
	s->taken = live * TALLY_ONE;
	s->put = 0;
	s->taken_counted = live;
	s->put_counted = 0;
	give_to_shared(s);
	return 0;
}

void heap__inherit(struct heap *own)
{
	struct span *s, *next;

	pages__lock_all();
	memset(shared_heap.remote, 0, sizeof(shared_heap.remote));
	if (own)
		memset(own->remote, 0, sizeof(own->remote));
	pages__walk(inherit_span, own);
	pages__unlock_all();
	for (unsigned int class = 0; class < CLASSES; class ++)
		for (s = shared_heap.partial[class]; s; s = next) {
			next = s->next;
			drop_if_empty(&shared_heap, s);
		}
}

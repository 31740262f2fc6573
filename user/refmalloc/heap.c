/*
 * heap.c - where a heap's blocks come from when none is at hand, and where spans go.
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
struct cache no_cache = {.top = no_cache.blocks, .end = no_cache.blocks};

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

/* To be taken from next: it has few free blocks, and those that have many may run empty. */
static void set_partial(struct heap *h, struct span *s)
{
	s->place = SPAN_PARTIAL;
	list__prepend(&h->partial[s->class], s);
}

/* From now on it may be stolen. */
static void set_full(struct span *s)
{
	__atomic_store_n(&s->place, SPAN_FULL, __ATOMIC_RELEASE);
}

static void add_tally(struct counters *c, unsigned int class, uint64_t tally)
{
	/* malloc itself counts those of class 0. */
	if (class > 0)
		counter__add(&c->served[REFMALLOC_HEAP][bucket_of(class_size(class))],
			     tally / TALLY_ONE);
	counter__add(&c->served_bytes[REFMALLOC_HEAP], tally % TALLY_ONE);
}

void heap__count(struct heap *h)
{
	for (unsigned int class = 0; class < CLASSES; class ++) {
		if (!h->caches[class])
			continue;
		add_tally(&h->counters, class, h->caches[class]->taken);
		__atomic_store_n(&h->caches[class]->taken, 0, __ATOMIC_RELAXED);
	}
}

void heap__sum(const struct heap *h, struct counters *sum)
{
	const uint64_t *from = (const uint64_t *)&h->counters;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	for (unsigned int class = 0; class < CLASSES; class ++) {
		const struct cache *c = __atomic_load_n(&h->caches[class], __ATOMIC_ACQUIRE);

		if (c)
			add_tally(sum, class, __atomic_load_n(&c->taken, __ATOMIC_RELAXED));
	}
}

static size_t record_bytes(unsigned int count)
{
	return sizeof(struct span) + count * sizeof(uint16_t);
}

/* It is nobody's. Its record is larger than that of a free run, but will do if there is none. */
static void release(struct span *s)
{
	struct page_heap *home = pages__home(s);
	struct span *run;

	lock__take(&home->lock);
	run = pages__record(home);
	if (run)
		*run = *s;
	pages__free(run ? run : s);
	lock__give(&home->lock);
	if (!run)
		return;
	lock__take(&records_lock);
	records__free(s, record_bytes(s->count));
	lock__give(&records_lock);
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

/* Where malloc finds it. */
static void set_at_hand(struct heap *h, unsigned int class, struct cache *c)
{
	unsigned int first = class ? slot_of(class_size(class - 1)) + 1 : 0;
	unsigned int last = slot_of(class_size(class));

	if (h->at_hand[last] == c)
		return;
	for (unsigned int n = first; n <= last; n++)
		h->at_hand[n] = c;
}

static struct cache *cache_of(struct heap *h, const struct span *s)
{
	struct cache *c = h->caches[s->class];

	if (h == &shared_heap || s->route != REFMALLOC_HEAP)
		return &no_cache;
	if (c)
		return c;
	lock__take(&records_lock);
	c = records__alloc(sizeof(*c));
	lock__give(&records_lock);
	if (!c)
		return &no_cache;
	*c = (struct cache){.top = c->blocks, .class = s->class};
	c->end = c->blocks + class_room(s->class);
	__atomic_store_n(&h->caches[s->class], c, __ATOMIC_RELEASE);
	return c;
}

void heap__forget(struct heap *h)
{
	heap__count(h);
	for (unsigned int class = 0; class < CLASSES; class ++)
		if (h->caches[class])
			h->caches[class]->top = h->caches[class]->blocks;
	memset(h, 0, offsetof(struct heap, caches));
}

static bool has_blocks(const struct span *s)
{
	return s->head != NO_BLOCK || s->limit < s->count * (uint32_t)s->size;
}

/* One of the partial ones, without a block. */
static void drop(struct heap *h, struct span *s)
{
	list__remove(&h->partial[s->class], s);
	take_from(h, s);
	release(s);
}

void heap__drop_empty(struct heap *h, unsigned int class)
{
	struct span *first = h->partial[class];

	if (first && first->prev->used == 0)
		drop(h, first->prev);
}

/* One that is empty is kept, at the end, unless all that may be is at hand: it may be wanted soon.
 */
void heap__settle(struct heap *h, struct span *s)
{
	if (s->place == SPAN_FULL)
		set_partial(h, s);
	if (s->used > 0)
		return;
	if (s->cache->top->block && !cache__can_put(s->cache)) {
		drop(h, s);
		return;
	}
	list__remove(&h->partial[s->class], s);
	heap__drop_empty(h, s->class);
	list__append(&h->partial[s->class], s);
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
static struct span *cut(struct heap *h, struct span *run, unsigned int class)
{
	struct page_heap *home = pages__home(run);
	uint32_t size = class_size(class);
	size_t bytes = pages__bytes(run);
	struct span *s;

	lock__take(&home->lock);
	lock__take(&records_lock);
	s = records__alloc(record_bytes(bytes / size));
	lock__give(&records_lock);
	if (!s) {
		pages__free(run);
		lock__give(&home->lock);
		return NULL;
	}
	*s = *run;
	pages__drop_record(home, run);
	span__set_kind(s, SPAN_SMALL);
	s->count = bytes / size;
	s->class = class;
	s->size = size;
	s->limit = 0;
	s->head = NO_BLOCK;
	s->used = 0;
	s->cache = cache_of(h, s);
	s->remote = REMOTE_EMPTY;
	__atomic_store_n(&s->owner, h, __ATOMIC_RELAXED);
	table__set_small(s);
	lock__give(&home->lock);
	return s;
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
		s->cache = cache_of(h, s);
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

	s = pages__find(h->pages, pages);
	/* Before memory is used that never was. */
	if (!s) {
		bring_home(h);
		s = adopt(h, class);
		if (s)
			return s;
		s = pages__find(h->pages, pages);
	}
	if (!s)
		s = pages__alloc(h->pages, pages, 1, 0);
	/* Where memory is short, a little may still be had. */
	if (!s)
		s = pages__alloc(h->pages, fewest, 1, 0);
	return s ? cut(h, s, class) : NULL;
}

struct span *heap__find(struct heap *h, unsigned int class)
{
	struct span *s;

	class = serving_class(h, class);
	while ((s = h->partial[class]) && !has_blocks(s)) {
		list__remove(&h->partial[class], s);
		set_full(s);
	}
	/* Not before it is needed: then many come home at a time. */
	if (!s) {
		heap__collect_class(h, class);
		s = h->partial[class];
	}
	if (!s) {
		s = adopt(h, class);
		if (!s)
			s = new_span(h, class);
		if (!s)
			return NULL;
		take_in(h, s);
		set_partial(h, s);
	}
	if (s->head == NO_BLOCK)
		list_fresh(s);
	return s;
}

struct span *heap__refill(struct heap *h, unsigned int class)
{
	struct span *s = heap__find(h, class);

	if (!s || s->cache == &no_cache)
		return NULL;
	set_at_hand(h, class, s->cache);
	if (s->cache->taken >= TALLY_MAX)
		heap__count(h);
	return s;
}

static void flush(struct heap *h, struct cache *c, size_t n)
{
	for (struct at_hand *b = c->blocks + 1; b <= c->blocks + n; b++) {
		struct span *s = table__find(b->block);

		span__put(s, b->state - s->state);
		if (s->place == SPAN_FULL || s->used == 0)
			heap__settle(h, s);
	}
	c->top -= n;
	memmove(c->blocks + 1, c->blocks + 1 + n, (c->top - c->blocks) * sizeof(*c->blocks));
}

bool heap__make_room(struct heap *h, struct cache *c)
{
	if (c->end == c->blocks || c->taken == c->taken_when_full)
		return false;
	c->taken_when_full = c->taken;
	flush(h, c, (c->end - c->blocks + 1) / 2);
	return true;
}

void heap__flush(struct heap *h)
{
	for (unsigned int class = 0; class < CLASSES; class ++) {
		struct cache *c = h->caches[class];

		if (c)
			flush(h, c, c->top - c->blocks);
	}
}

void heap__trim(struct heap *h)
{
	bring_home(h);
	runs__flush(h);
	for (unsigned int class = 0; class < CLASSES; class ++)
		heap__drop_empty(h, class);
}

static void give_to_shared(struct span *s)
{
	take_in(&shared_heap, s);
	s->cache = &no_cache;
	__atomic_store_n(&s->owner, &shared_heap, __ATOMIC_RELEASE);
	if (has_blocks(s))
		set_partial(&shared_heap, s);
	else
		set_full(s);
}

void heap__give_up(struct heap *h)
{
	struct span *s;

	heap__flush(h);
	runs__flush(h);
	heap__collect(h);
	memset(h->partial, 0, sizeof(h->partial));
	while ((s = h->all)) {
		take_from(h, s);
		if (s->used == 0)
			release(s);
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
bool heap__steal_span(struct heap *from, struct span *s)
{
	bool free;

	lock__take(&from->lock);
	free = remote__count(s) == s->count && s->owner == from &&
	       __atomic_load_n(&s->place, __ATOMIC_ACQUIRE) == SPAN_FULL;
	if (free)
		let_go(from, s);
	lock__give(&from->lock);
	if (free)
		release(s);
	return free;
}

/* By each block's word: see below. */
static void list_all_free(struct span *s)
{
	s->head = NO_BLOCK;
	s->remote = REMOTE_EMPTY;
	s->used = 0;
	for (unsigned int i = s->limit / s->size; i-- > 0;)
		if (s->state[i] & STATE_LIVE) {
			s->used++;
		} else {
			s->state[i] = s->head;
			s->head = i;
		}
}

struct inherited {
	struct heap *own;
	struct span *kept;
};

/*
 * Its thread may have been in the midst of anything.  What is certain is each block's word: it is
 * written last when a block is taken, and first when it is freed.  So a block that was about to
 * change hands is nobody's here if its word says free, and else lost, as its thread is.
 */
static int inherit_span(struct span *s, void *arg)
{
	struct inherited *i = arg;
	struct heap *h = s->owner;

	if (span__kind(s) == SPAN_KEPT && s->keeper != i->own) {
		s->next = i->kept;
		i->kept = s;
	}
	if (span__kind(s) != SPAN_SMALL)
		return 0;
	if (h == i->own || h == &shared_heap) {
		if (s->remote != REMOTE_EMPTY)
			heap__hand_on(s);
		return 0;
	}
	list_all_free(s);
	give_to_shared(s);
	return 0;
}

void heap__inherit(struct heap *own)
{
	struct inherited i = {.own = own};
	struct span *s, *next;

	pages__lock_all();
	memset(shared_heap.remote, 0, sizeof(shared_heap.remote));
	if (own)
		memset(own->remote, 0, sizeof(own->remote));
	pages__walk(inherit_span, &i);
	pages__unlock_all();
	for (s = i.kept; s; s = next) {
		next = s->next;
		pages__give_back(s);
	}
	for (unsigned int class = 0; class < CLASSES; class ++)
		for (s = shared_heap.partial[class]; s; s = next) {
			next = s->next;
			if (s->used == 0)
				drop(&shared_heap, s);
		}
}

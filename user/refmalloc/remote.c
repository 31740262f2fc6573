/*
 * remote.c - blocks that another thread frees, on their way home.
 *
 * A span's first such block puts the span onto its owner's list; the owner takes that list, and
 * then the spans' lists, whole.  Nobody waits, and no block is looked at twice.
 *
 * A span's list is one atomic word: the low half is the index of the first block, the high half
 * how many there are; it goes on in the span's state array.  Blocks are pushed one by one and
 * taken all at once, so that no index can be mistaken for an earlier one.
 */
#include "heap.h"
#include "threads.h"

bool remote_some_empty;

static unsigned int head_of(uint32_t list)
{
	return list & 0xffff;
}

static uint32_t pushed(uint32_t list, unsigned int i)
{
	return (((list >> 16) + 1) << 16) | i;
}

/* The owner may change meanwhile: then the one that finds the span hands it on once more. */
void heap__hand_on(struct span *s)
{
	struct heap *owner = __atomic_load_n(&s->owner, __ATOMIC_ACQUIRE);
	struct span **list = &owner->remote[s->class];

	s->remote_next = __atomic_load_n(list, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(list, &s->remote_next, s, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

/* How many blocks of what an ended thread left are not home; 0 if the span is a thread's. */
static unsigned int orphans(const struct span *s)
{
	if (__atomic_load_n(&s->owner, __ATOMIC_RELAXED) != &shared_heap)
		return 0;
	return __atomic_load_n(&s->used, __ATOMIC_RELAXED);
}

void heap__push_remote(struct span *s, unsigned int i)
{
	uint32_t old = __atomic_load_n(&s->remote, __ATOMIC_RELAXED);
	unsigned int class = s->class, all = s->count, last = orphans(s);

	do {
		__atomic_store_n(&s->state[i], head_of(old), __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(&s->remote, &old, pushed(old, i), true,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (old == REMOTE_EMPTY)
		heap__hand_on(s);
	if ((old >> 16) + 1 == all && !__atomic_load_n(&remote_some_empty, __ATOMIC_RELAXED))
		__atomic_store_n(&remote_some_empty, true, __ATOMIC_RELAXED);
	/* It is empty, and nobody may ever want to take from it. */
	if ((old >> 16) + 1 == last)
		heap__collect_shared(class, class + 1);
}

static void collect_span(struct heap *h, struct span *s)
{
	uint32_t list = __atomic_exchange_n(&s->remote, REMOTE_EMPTY, __ATOMIC_ACQ_REL);
	unsigned int last = head_of(list);

	if (s->head != NO_BLOCK) {
		while (s->state[last] != NO_BLOCK)
			last = s->state[last];
		s->state[last] = s->head;
	}
	s->head = head_of(list);
	__atomic_store_n(&s->used, s->used - (list >> 16), __ATOMIC_RELAXED);
	heap__settle(h, s);
}

static struct span *take_all(struct heap *h, unsigned int class)
{
	struct span **list = &h->remote[class];

	return __atomic_load_n(list, __ATOMIC_RELAXED)
		       ? __atomic_exchange_n(list, NULL, __ATOMIC_ACQUIRE)
		       : NULL;
}

void heap__collect_class(struct heap *h, unsigned int class)
{
	struct span *next;

	for (struct span *s = take_all(h, class); s; s = next) {
		next = s->remote_next;
		if (__atomic_load_n(&s->owner, __ATOMIC_RELAXED) == h)
			collect_span(h, s);
		else
			heap__hand_on(s);
	}
}

void heap__steal(struct heap *from)
{
	struct span *next;

	for (unsigned int class = 0; class < CLASSES; class ++)
		for (struct span *s = take_all(from, class); s; s = next) {
			next = s->remote_next;
			if (!heap__steal_span(from, s))
				heap__hand_on(s);
		}
}

void heap__collect(struct heap *h)
{
	for (unsigned int class = 0; class < CLASSES; class ++)
		heap__collect_class(h, class);
}

void heap__collect_shared(unsigned int class, unsigned int end)
{
	lock__take(&shared_lock);
	for (; class < end; class ++) {
		heap__collect_class(&shared_heap, class);
		heap__drop_empty(&shared_heap, class);
	}
	lock__give(&shared_lock);
}

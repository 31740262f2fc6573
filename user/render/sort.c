/*
 * sort.c - the number that each sort key stands for, and rows in its order.
 *
 * The order is total (key, pid, start), so that qsort, which is not stable,
 * gives the same rows at every refresh.
 */
#include "render/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *help;
} keys[SORT_KEY_COUNT] = {
	[SORT_MEMORY] = {"memory",
			 "heap and anonymous mappings now, by malloc, for arenas, direct"},
	[SORT_GAINED] = {"gained", "what the kernel gave while watched: heap growth and mmaps"},
	[SORT_HEAP] = {"heap", "the heap now"},
	[SORT_GROWN] = {"grown", "bytes by which brk grew the heap"},
	[SORT_MALLOC] = {"malloc", "live mmaps by malloc, for large blocks"},
	[SORT_ARENA] = {"arena", "usable bytes of live arenas"},
	[SORT_DIRECT] = {"direct", "live anonymous mmaps by other code than malloc"},
	[SORT_FILE] = {"file", "live mmaps of files"},
	[SORT_UNATTRIBUTED] = {"unattributed", "live mmaps whose cause is not known"},
	[SORT_BRK] = {"brk", "brk calls"},
	[SORT_MMAP] = {"mmap", "mmap calls"},
	[SORT_CALLS] = {"calls", "malloc calls"},
	[SORT_BYTES] = {"bytes", "bytes asked of malloc"},
	[SORT_OUTSTANDING] = {"outstanding",
			      "bytes that malloc gave and that are not freed (level live)"},
	[SORT_RSS] = {"rss", "resident memory"},
	[SORT_GROWTH] = {"growth", "change of memory since the last refresh"},
	[SORT_PID] = {"pid", "process ID, lowest first"},
	[SORT_COMM] = {"comm", "name, from A to Z"},
};

int sort_key__parse(const char *name, enum sort_key *out)
{
	int i;

	for (i = 0; i < SORT_KEY_COUNT; i++) {
		if (strcmp(keys[i].name, name))
			continue;
		*out = (enum sort_key)i;
		return 0;
	}
	return -EINVAL;
}

const char *sort_key__name(enum sort_key key)
{
	return (unsigned int)key < SORT_KEY_COUNT ? keys[key].name : NULL;
}

const char *sort_key__help(enum sort_key key)
{
	return (unsigned int)key < SORT_KEY_COUNT ? keys[key].help : NULL;
}

bool heap__known(const struct process_stats *p)
{
	return p->heap.known && p->heap.start <= p->heap.end;
}

/* For sorting only, so part of it is better than none. */
static struct number memory_of(const struct process_stats *p)
{
	struct number n = {p->live_known || heap__known(p), 0};

	if (heap__known(p))
		n.value += stats__heap_bytes(p);
	if (p->live_known)
		n.value += p->mapped[CAUSE_MALLOC].live_bytes +
			   p->mapped[CAUSE_ARENA].usable_bytes + p->mapped[CAUSE_DIRECT].live_bytes;
	return n;
}

static struct number live(const struct process_stats *p, enum cause cause)
{
	const struct mapped *m = &p->mapped[cause];

	return (struct number){p->live_known,
			       cause == CAUSE_ARENA ? m->usable_bytes : m->live_bytes};
}

static struct number known(__u64 value)
{
	return (struct number){true, value};
}

static struct number calls(enum sort_key key, const struct process_stats *p, bool rates)
{
	if (key == SORT_BRK)
		return known(rates ? p->window.brk_calls : stats__brk_calls(p));
	if (key == SORT_MMAP)
		return known(rates ? p->window.mmap_calls : stats__mmap_calls(p));
	if (rates)
		return (struct number){p->malloc_known && !p->window.unseen,
				       p->window.malloc_calls};
	return (struct number){p->malloc_known, p->malloc.calls};
}

struct number sort_key__number(enum sort_key key, const struct process_stats *p, bool rates)
{
	switch (key) {
	case SORT_MEMORY:
		return memory_of(p);
	case SORT_GAINED:
		return known(stats__gained(p));
	case SORT_HEAP:
		return (struct number){heap__known(p), stats__heap_bytes(p)};
	case SORT_GROWN:
		return known(p->heap.grow.bytes);
	case SORT_MALLOC:
		return live(p, CAUSE_MALLOC);
	case SORT_ARENA:
		return live(p, CAUSE_ARENA);
	case SORT_DIRECT:
		return live(p, CAUSE_DIRECT);
	case SORT_FILE:
		return live(p, CAUSE_FILE);
	case SORT_UNATTRIBUTED:
		return live(p, CAUSE_UNATTRIBUTED);
	case SORT_BRK:
	case SORT_MMAP:
	case SORT_CALLS:
		return calls(key, p, rates);
	case SORT_BYTES:
		return (struct number){p->malloc_known, p->malloc.bytes};
	case SORT_OUTSTANDING:
		return (struct number){p->malloc_known && p->paired.known, stats__live_bytes(p)};
	case SORT_RSS:
		return (struct number){p->rss.known, stats__rss(p)};
	case SORT_GROWTH:
		return (struct number){heap__known(p) && p->live_known,
				       (__u64)p->window.growth_bytes};
	case SORT_PID:
		return known(p->pid);
	case SORT_COMM:
	case SORT_KEY_COUNT:
		break;
	}
	return (struct number){false, 0};
}

struct order {
	enum sort_key key;
	bool rates;
};

static int compare_numbers(const struct process_stats *a, const struct process_stats *b,
			   const struct order *order)
{
	/* moves an __s64 into the order of __u64 */
	__u64 shift = order->key == SORT_GROWTH ? 1ull << 63 : 0;
	struct number x = sort_key__number(order->key, a, order->rates);
	struct number y = sort_key__number(order->key, b, order->rates);

	if (!x.known || !y.known)
		return y.known - x.known;
	x.value += shift;
	y.value += shift;
	return (x.value < y.value) - (x.value > y.value);
}

static int compare(const void *left, const void *right, void *arg)
{
	const struct process_stats *a = *(const struct process_stats *const *)left;
	const struct process_stats *b = *(const struct process_stats *const *)right;
	const struct order *order = arg;
	int result = 0;

	if (order->key == SORT_COMM)
		result = strncmp(a->comm, b->comm, sizeof(a->comm));
	else if (order->key != SORT_PID)
		result = compare_numbers(a, b, order);
	if (!result)
		result = (a->pid > b->pid) - (a->pid < b->pid);
	if (!result)
		result = (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
	return result;
}

const struct process_stats **sort__processes(const struct snapshot *s, enum sort_key key,
					     bool rates)
{
	struct order order = {key, rates};
	const struct process_stats **rows;

	rows = calloc(s->count + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	if (!s->count)
		return rows;
	memcpy(rows, s->processes, s->count * sizeof(*rows));
	qsort_r(rows, s->count, sizeof(*rows), compare, &order);
	return rows;
}

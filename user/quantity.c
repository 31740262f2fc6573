/*
 * quantity.c - a number of a process by its name, as the report in JSON has it.
 */
#include "quantity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_fn.h"

#define AT(field) offsetof(struct process_stats, field)

static const struct plain {
	const char *name;
	size_t offset; /* of a __u64 */
	enum quantity_kind kind;
	unsigned int needs;
} plain[] = {
	{"execs", AT(execs), QUANTITY_COUNTED, 0},
	{"heap.peak_bytes", AT(heap.peak_bytes), QUANTITY_NOW, NEEDS_HEAP},
	{"heap.grow.calls", AT(heap.grow.calls), QUANTITY_COUNTED, 0},
	{"heap.grow.bytes", AT(heap.grow.bytes), QUANTITY_COUNTED, 0},
	{"heap.shrink.calls", AT(heap.shrink.calls), QUANTITY_COUNTED, 0},
	{"heap.shrink.bytes", AT(heap.shrink.bytes), QUANTITY_COUNTED, 0},
	{"heap.query.calls", AT(heap.query_calls), QUANTITY_COUNTED, 0},
	{"heap.failed.calls", AT(heap.failed_calls), QUANTITY_COUNTED, 0},
	{"mmap.munmap.calls", AT(munmap.calls), QUANTITY_COUNTED, 0},
	{"mmap.munmap.bytes", AT(munmap.bytes), QUANTITY_COUNTED, 0},
	{"mmap.mremap.calls", AT(mremap.calls), QUANTITY_COUNTED, 0},
	{"mmap.mremap.grow_bytes", AT(mremap.grow_bytes), QUANTITY_COUNTED, 0},
	{"mmap.mremap.shrink_bytes", AT(mremap.shrink_bytes), QUANTITY_COUNTED, 0},
	{"mmap.failed.calls", AT(mmap_failed), QUANTITY_COUNTED, 0},
	{"malloc.calls", AT(malloc.calls), QUANTITY_COUNTED, NEEDS_MALLOC},
	{"malloc.bytes", AT(malloc.bytes), QUANTITY_COUNTED, NEEDS_MALLOC},
	{"malloc.impossible.calls", AT(malloc.impossible), QUANTITY_COUNTED, NEEDS_MALLOC},
	{"malloc.route.mmap.calls", AT(malloc.route_mmap.calls), QUANTITY_COUNTED,
	 NEEDS_MALLOC | NEEDS_CALLER},
	{"malloc.route.mmap.bytes", AT(malloc.route_mmap.bytes), QUANTITY_COUNTED,
	 NEEDS_MALLOC | NEEDS_CALLER},
	{"malloc.frees.calls", AT(paired.frees), QUANTITY_COUNTED, NEEDS_MALLOC | NEEDS_PAIRED},
	{"malloc.failed.calls", AT(paired.failed), QUANTITY_COUNTED, NEEDS_MALLOC | NEEDS_PAIRED},
	{"rss.anon_bytes", AT(rss.anon_bytes), QUANTITY_NOW, NEEDS_RSS},
};

#undef AT
#define AT(field) offsetof(struct mapped, field)

static const struct plain of_cause[] = {
	{"calls", AT(calls), QUANTITY_COUNTED, 0},
	{"bytes", AT(bytes), QUANTITY_COUNTED, 0},
	{"live_bytes", AT(live_bytes), QUANTITY_LIVE, NEEDS_LIVE},
	{"usable_bytes", AT(usable_bytes), QUANTITY_LIVE, NEEDS_LIVE},
	{"live_regions", AT(live_regions), QUANTITY_LIVE, NEEDS_LIVE},
	{"peak_bytes", AT(peak_bytes), QUANTITY_LIVE, NEEDS_LIVE},
};

#undef AT

static const struct plain *find(const struct plain *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

static __u64 number_at(const void *record, size_t offset)
{
	__u64 value;

	memcpy(&value, (const char *)record + offset, sizeof(value));
	return value;
}

/* What comes behind PREFIX, or NULL. */
static const char *behind(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) ? NULL : name + len;
}

static bool read_tally(struct quantity *q, const char *field, const struct tally *t)
{
	if (!strcmp(field, "calls"))
		q->value = t->calls;
	else if (!strcmp(field, "bytes"))
		q->value = t->bytes;
	else
		return false;
	return true;
}

static bool read_heap(struct quantity *q, const char *name, const struct process_stats *p,
		      __u64 page_size)
{
	q->kind = QUANTITY_NOW;
	q->needs = NEEDS_HEAP;
	q->value = stats__heap_bytes(p);
	if (!strcmp(name, "pages"))
		q->value /= page_size;
	return !strcmp(name, "pages") || !strcmp(name, "bytes");
}

static bool is_anonymous(enum cause cause)
{
	return cause != CAUSE_FILE && cause != CAUSE_LOADER;
}

static bool read_mapped(struct quantity *q, const char *name, const struct process_stats *p)
{
	const char *dot = strchr(name, '.');
	const struct plain *field;
	bool found = false, any;

	field = dot ? find(of_cause, sizeof(of_cause) / sizeof(*of_cause), dot + 1) : NULL;
	if (!field)
		return false;
	any = dot - name == sizeof("anonymous") - 1 && behind(name, "anonymous");
	q->kind = field->kind;
	q->needs = field->needs | (any ? 0 : NEEDS_CALLER);
	for (enum cause c = 0; c < CAUSE_COUNT; c++) {
		size_t len = strlen(cause__name(c));

		if (any ? !is_anonymous(c)
			: len != (size_t)(dot - name) || strncmp(name, cause__name(c), len))
			continue;
		found = true;
		q->value += number_at(&p->mapped[c], field->offset);
	}
	return found;
}

static const struct tally *function_of(const struct process_stats *p, const char *name, size_t len)
{
	for (enum alloc_fn fn = 0; fn < FN_COUNT; fn++)
		if (strlen(alloc_fn__name(fn)) == len && !strncmp(name, alloc_fn__name(fn), len))
			return &p->malloc.by_function[fn];
	return NULL;
}

static bool read_functions(struct quantity *q, const char *name, const struct process_stats *p)
{
	const char *dot = strchr(name, '.');
	struct tally sum = {};

	q->needs = NEEDS_MALLOC;
	while (dot && name < dot) {
		size_t len = strcspn(name, ",.");
		const struct tally *t = function_of(p, name, len);

		if (!t)
			return false;
		sum.calls += t->calls;
		sum.bytes += t->bytes;
		name += len + 1;
	}
	return dot && read_tally(q, dot + 1, &sum);
}

static bool read_outstanding(struct quantity *q, const char *field, const struct process_stats *p)
{
	q->kind = QUANTITY_LIVE;
	q->needs = NEEDS_MALLOC | NEEDS_PAIRED;
	q->value = !strcmp(field, "bytes") ? stats__live_bytes(p) : stats__live_blocks(p);
	return !strcmp(field, "bytes") || !strcmp(field, "blocks");
}

static bool read_heap_route(struct quantity *q, const char *field, const struct process_stats *p)
{
	struct tally t = {.calls = p->malloc.calls - p->malloc.route_mmap.calls,
			  .bytes = p->malloc.bytes - p->malloc.route_mmap.bytes};

	if (stats__by_address(p))
		t = p->paired.had[ROUTE_HEAP];

	q->needs = NEEDS_MALLOC | NEEDS_CALLER | NEEDS_SPLIT;
	return read_tally(q, field, &t);
}

/* The bucket with this upper edge; -1. */
static int bucket_of(const char *edge)
{
	char *end;
	__u64 value = strtoull(edge, &end, 10);

	if (end == edge || *end || !value || value & (value - 1))
		return -1;
	return size_bucket(value);
}

static bool read_bucket(struct quantity *q, const char *edge, const struct process_stats *p,
			bool malloc)
{
	int bucket = bucket_of(edge);

	if (bucket < 0)
		return false;
	q->needs = malloc ? NEEDS_MALLOC : 0;
	if (p->histograms)
		q->value = malloc ? p->histograms->malloc_size[bucket].calls
				  : p->histograms->brk_grow[bucket];
	return true;
}

static bool read_one(struct quantity *q, const char *name, const struct process_stats *p,
		     __u64 page_size)
{
	const struct plain *found = find(plain, sizeof(plain) / sizeof(*plain), name);
	const char *rest;

	*q = (struct quantity){.kind = QUANTITY_COUNTED};
	if (found) {
		q->kind = found->kind;
		q->needs = found->needs;
		q->value = number_at(p, found->offset);
		return true;
	}
	if ((rest = behind(name, "heap.")))
		return read_heap(q, rest, p, page_size);
	if ((rest = behind(name, "mmap.")))
		return read_mapped(q, rest, p);
	if ((rest = behind(name, "malloc.by_function.")))
		return read_functions(q, rest, p);
	if ((rest = behind(name, "malloc.route.heap.")))
		return read_heap_route(q, rest, p);
	if ((rest = behind(name, "malloc.live_")))
		return read_outstanding(q, rest, p);
	if ((rest = behind(name, "malloc_size.le.")))
		return read_bucket(q, rest, p, true);
	if ((rest = behind(name, "brk_grow.le.")))
		return read_bucket(q, rest, p, false);
	return false;
}

int quantity__read(struct quantity *q, const char *name, const struct process_stats *p,
		   __u64 page_size)
{
	char copy[QUANTITY_NAME_MAX], *save = NULL, *word;
	struct quantity sum = {}, one;
	bool first = true;

	if (strlen(name) >= sizeof(copy))
		return -ENOENT;
	strcpy(copy, name);
	for (word = strtok_r(copy, "+", &save); word; word = strtok_r(NULL, "+", &save)) {
		if (!read_one(&one, word, p, page_size))
			return -ENOENT;
		/* Of different kinds: a whole, as each of them is. */
		sum.kind = first || sum.kind == one.kind ? one.kind : QUANTITY_NOW;
		sum.needs |= one.needs;
		sum.value += one.value;
		first = false;
	}
	*q = sum;
	return first ? -ENOENT : 0;
}

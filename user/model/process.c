/*
 * process.c - one process from its start to its end: what is live of it, and what is told of that.
 */
#include "model/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/holes.h"
#include "model/retained.h"

struct process *process__new(__u32 pid, __u64 start_ns)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->ledger = ledger__new();
	if (!p->ledger) {
		free(p);
		return NULL;
	}
	p->stats.pid = pid;
	p->stats.start_ns = start_ns;
	p->stats.live_known = true;
	p->stats.malloc.arena_split = true;
	return p;
}

void process__free(struct process *p)
{
	if (!p)
		return;
	ledger__free(p->ledger);
	ledger__free(p->holes);
	list__free(p->list);
	pairing__free(p->pairing);
	free(p->retained);
	caller_table__clear(&p->callers);
	free(p->histograms);
	free(p->beyond);
	free((char *)p->stats.exe);
	free((char *)p->stats.cgroup);
	free((char *)p->stats.allocator_object);
	free(p);
}

int process__set_text(const char **field, const char *text)
{
	char *copy = NULL;

	if (text && *field && !strcmp(text, *field))
		return 0;
	if (text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
	}
	free((char *)*field);
	*field = copy;
	return 0;
}

void process__update_blocks(struct process *p, const struct process *owner, enum level level)
{
	p->stats.paired.known = level >= LEVEL_LIVE && !owner->unpaired && !p->unpaired;
	p->stats.paired.why = owner->unpaired ? owner->unpaired : p->unpaired;
	p->stats.paired.had_known = p->stats.paired.known && !p->had_missed;
	p->stats.malloc.routes_missed = level >= LEVEL_LIVE && p->told &&
					!p->stats.paired.had_known;
	p->stats.paired.complete = p->complete && !p->stats.malloc_since_ns;
	for (int route = 0; route < ROUTE_COUNT; route++) {
		struct blocks_sum sum = {};

		if (owner->pairing)
			sum = pairing__sum(owner->pairing, (enum route)route);
		p->stats.paired.live[route].blocks = sum.blocks;
		p->stats.paired.live[route].bytes = sum.bytes;
	}
	p->stats.paired.peak_bytes = owner->pairing ? pairing__peak(owner->pairing) : 0;
}

void process__judge(struct process *p, const struct process *owner, __u64 page_size)
{
	struct retained_input in = {
		.allocator = p->stats.allocator,
		.complete = p->stats.paired.complete,
		.page_size = page_size,
		.heap_start = owner->stats.heap.start,
		.heap_end = owner->stats.heap.end,
		.heap_resident = {p->stats.resident.known && p->stats.resident.heap.known,
				  p->stats.resident.heap.bytes},
		.known_from = p->stats.paired.complete ? owner->stats.heap.start
						       : owner->lowest_break,
		.marks = owner->marks,
	};
	const struct resident *arenas = &p->stats.resident.causes[CAUSE_ARENA];
	struct block *array = NULL;

	free(p->retained);
	p->retained = NULL;
	p->stats.retained = NULL;
	if (!p->stats.paired.known || !owner->pairing || !owner->stats.heap.known ||
	    !owner->stats.live_known)
		return;
	in.arenas.usable_bytes = owner->stats.mapped[CAUSE_ARENA].usable_bytes;
	in.arenas.resident = *arenas;
	in.arenas.resident.known &= p->stats.resident.known;
	if (!retained__collect(&in, pairing__blocks(owner->pairing), &array)) {
		p->retained = malloc(sizeof(*p->retained));
		if (p->retained)
			*p->retained = retained__judge(&in);
		p->stats.retained = p->retained;
	}
	free(array);
}

void process__forget_blocks(struct process *p)
{
	pairing__free(p->pairing);
	p->pairing = NULL;
	p->unpaired = UNPAIRED_NOT;
}

static void update_unmapped(struct process *p)
{
	p->stats.heap.unmapped_bytes = holes__bytes(p->holes, p->ledger, p->stats.heap.start,
						    p->stats.heap.end);
}

void process__update_live(struct process *p)
{
	update_unmapped(p);
	p->ledger_version++;
	for (int i = 0; i < CAUSE_COUNT; i++) {
		const struct ledger_total *t = ledger__total(p->ledger, i);
		struct mapped *m = &p->stats.mapped[i];

		m->live_bytes = t->bytes;
		m->usable_bytes = t->usable_bytes;
		m->live_regions = t->regions;
		if (i == CAUSE_LOADER) {
			m->live_bytes += p->image_bytes;
			m->usable_bytes += p->image_bytes;
			m->live_regions += p->image_regions;
		}
		if (m->live_bytes > m->peak_bytes)
			m->peak_bytes = m->live_bytes;
	}
	p->stats.live_known = !p->stale && !p->unseen && !p->doubtful;
	if (ledger__total(p->ledger, CAUSE_ARENA)->regions && !p->told)
		p->stats.malloc.arena_split = false;
}

/* The kernel maps the break rounded up to pages: that is what /proc/PID/maps shows. */
void process__set_heap(struct process *p, __u64 start, __u64 end, __u64 page_size)
{
	__u64 mask = page_size - 1, before = p->stats.heap.start;

	p->stats.heap.known = true;
	p->stats.heap.start = (start + mask) & ~mask;
	p->stats.heap.end = (end + mask) & ~mask;
	if (p->stats.heap.end < p->stats.heap.start)
		p->stats.heap.end = p->stats.heap.start;
	/* Another heap has no holes, and what the break comes back to is mapped anew. */
	holes__fill(&p->holes, p->stats.heap.start != before ? 0 : p->stats.heap.end, ~0ull);
	update_unmapped(p);
	if (!p->lowest_break || p->stats.heap.end < p->lowest_break)
		p->lowest_break = p->stats.heap.end;
	heap_marks__break(&p->marks, p->stats.heap.start, p->stats.heap.end);
	if (stats__heap_bytes(&p->stats) > p->stats.heap.peak_bytes)
		p->stats.heap.peak_bytes = stats__heap_bytes(&p->stats);
}

void process__lend_live(struct process *p, const struct process *owner)
{
	p->stats.live_known = owner->stats.live_known;
	p->stats.heap.known = owner->stats.heap.known;
	p->stats.heap.start = owner->stats.heap.start;
	p->stats.heap.end = owner->stats.heap.end;
	p->stats.heap.unmapped_bytes = owner->stats.heap.unmapped_bytes;
	for (int i = 0; i < CAUSE_COUNT; i++) {
		struct mapped *to = &p->stats.mapped[i];
		const struct mapped *from = &owner->stats.mapped[i];

		to->live_bytes = from->live_bytes;
		to->usable_bytes = from->usable_bytes;
		to->live_regions = from->live_regions;
		if (to->live_bytes > to->peak_bytes)
			to->peak_bytes = to->live_bytes;
	}
	if (stats__heap_bytes(&p->stats) > p->stats.heap.peak_bytes)
		p->stats.heap.peak_bytes = stats__heap_bytes(&p->stats);
}

void process__forget_peaks(struct process *p)
{
	p->stats.heap.peak_bytes = 0;
	for (int i = 0; i < CAUSE_COUNT; i++)
		p->stats.mapped[i].peak_bytes = 0;
}

void process__set_baseline(struct process *p)
{
	p->last.memory = stats__memory(&p->stats);
}

/*
 * cmd_resident.c - how much of what each process has, by cause, is in memory.
 */
#include "cmd_resident.h"

#include "clock.h"
#include "cmd_space.h"

#define PASSES 3

struct pass {
	struct collector *c;
	size_t again; /* processes that were changing */
};

static struct resident of_part(const struct part_total *t)
{
	return (struct resident){t->rss_known, t->rss_bytes};
}

static __u64 take_from(__u64 rss, const struct resident *r)
{
	return rss - (r->known ? r->bytes : 0);
}

/* All that add up to the RSS: what no part can be sure of is left over. */
static void split(struct process_stats *s, const struct address_space *a)
{
	struct part_total totals[PART_COUNT];
	__u64 left;

	s->rss.anon_bytes = a->size.anon_bytes;
	s->rss.file_bytes = a->size.file_bytes;
	s->rss.shmem_bytes = a->size.shmem_bytes;
	layout__totals(&a->layout, totals);
	s->resident.heap = of_part(&totals[PART_HEAP]);
	s->resident.main_stack = of_part(&totals[PART_MAIN_STACK]);
	left = take_from(stats__rss(s), &s->resident.heap);
	left = take_from(left, &s->resident.main_stack);
	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		s->resident.causes[cause] = of_part(&totals[cause]);
		left = take_from(left, &s->resident.causes[cause]);
	}
	s->resident.left_over_bytes = left;
	s->resident.known = true;
}

static void read_one(struct process *p, void *arg)
{
	struct pass *pass = arg;
	struct space space = {p->ledger, p->stats.heap.start, p->stats.heap.end, p->holes};
	struct address_space a = {};
	__u64 now = clock__boot_ns();

	if (p->resident_ns && p->changed_ns < p->resident_ns)
		return;
	p->resident_ns = now;
	p->stats.resident.known = false;
	if (!p->stats.rss.known || !p->stats.live_known || !p->ledger || p->borrows)
		return;
	if (!address_space__read(&a, p->stats.pid, &space)) {
		if (a.ledger.difference_bytes || !a.rss_agrees || a.rss.walked)
			p->resident_ns = 0;
		else if (!address_space__lay_out(&a, p->stats.pid))
			split(&p->stats, &a);
	}
	pass->again += !p->resident_ns;
	address_space__clear(&a);
}

/* What has changed since it was read may be another's by now. */
static void forget_changed(struct process *p, void *arg)
{
	struct pass *pass = arg;

	if (p->changed_ns < p->resident_ns)
		return;
	p->stats.resident.known = false;
	p->resident_ns = 0;
	pass->again++;
}

static void begin(struct process *p, void *arg)
{
	p->resident_ns = 0;
	p->stats.resident.known = false;
}

void resident__read(struct collector *c)
{
	struct pass pass = {.c = c};

	model__each(c->model, begin, NULL);
	for (int i = 0; i < PASSES; i++) {
		if (collector__catch_up(c))
			return;
		pass.again = 0;
		model__each(c->model, read_one, &pass);
		if (collector__catch_up(c))
			return;
		model__each(c->model, forget_changed, &pass);
		if (!pass.again)
			return;
	}
}

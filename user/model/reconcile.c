/*
 * reconcile.c - the ledger against the kernel's list of mappings, address by address.
 *
 * One sweep over both, which are sorted, from edge to edge: between two edges
 * both sides are what they are throughout.
 */
#include "model/reconcile.h"

#include <stdint.h>

struct sweep {
	struct reconciliation *r;
	const struct holdings *c;
	const struct vma *vmas;
	size_t n;
	size_t holding, vma; /* the first that end above `at` */
	__u64 at;
};

static void differ(struct reconciliation *r, __u64 start, __u64 end, enum difference_kind kind)
{
	struct difference *last = NULL;

	if (r->differences && r->differences <= DIFFERENCES_LISTED)
		last = &r->listed[r->differences - 1];
	r->difference_bytes += end - start;
	if (last && last->end == start && last->kind == kind) {
		last->end = end;
		return;
	}
	if (r->differences < DIFFERENCES_LISTED)
		r->listed[r->differences] = (struct difference){start, end, kind};
	r->differences++;
}

/* The heap and the stack have what access they were given: no ledger follows it. */
static void compare_access(struct sweep *s, __u64 start, __u64 end)
{
	const struct holding *c = &s->c->all[s->holding];
	bool usable = vma__usable(&s->vmas[s->vma]);

	if (c->part < CAUSE_COUNT && c->region.usable != usable)
		differ(s->r, start, end, usable ? OPEN_IN_KERNEL : OPEN_IN_LEDGER);
}

/* The next range: from `at` on, or from where the next thing begins. */
static bool next_range(struct sweep *s, __u64 *start, __u64 *end, bool *held, bool *listed)
{
	__u64 held_start = UINT64_MAX, held_end = UINT64_MAX;
	__u64 vma_start = UINT64_MAX, vma_end = UINT64_MAX;

	while (s->holding < s->c->n && s->c->all[s->holding].end <= s->at)
		s->holding++;
	while (s->vma < s->n && (s->vmas[s->vma].end <= s->at || s->vmas[s->vma].outside))
		s->vma++;
	if (s->holding < s->c->n) {
		held_start = s->c->all[s->holding].start;
		held_end = s->c->all[s->holding].end;
	}
	if (s->vma < s->n) {
		vma_start = s->vmas[s->vma].start;
		vma_end = s->vmas[s->vma].end;
	}
	*start = held_start < vma_start ? held_start : vma_start;
	*start = *start > s->at ? *start : s->at;
	*held = s->holding < s->c->n && held_start <= *start;
	*listed = s->vma < s->n && vma_start <= *start;
	held_end = *held ? held_end : held_start;
	vma_end = *listed ? vma_end : vma_start;
	*end = held_end < vma_end ? held_end : vma_end;
	return *held || *listed;
}

static void count_both(struct reconciliation *r, const struct holdings *c, const struct vma *vmas,
		       size_t n)
{
	bool heap = false, stack = false, probes = false;

	for (size_t i = 0; i < n; i++) {
		r->kernel_bytes += vmas[i].outside ? 0 : vmas[i].end - vmas[i].start;
		r->kernel_mappings += !vmas[i].outside;
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct holding *holding = &c->all[i];

		r->ledger_bytes += holding->end - holding->start;
		heap |= holding->part == PART_HEAP;
		stack |= holding->part == PART_MAIN_STACK;
		probes |= holding->part == PART_PROBES;
		r->ledger_regions += holding->part < CAUSE_COUNT && !holding->region.continued;
	}
	r->ledger_regions += heap + stack + probes;
}

void reconcile(struct reconciliation *r, const struct holdings *c, const struct vma *vmas, size_t n)
{
	struct sweep s = {.r = r, .c = c, .vmas = vmas, .n = n};
	bool held, listed;
	__u64 start, end;

	*r = (struct reconciliation){};
	count_both(r, c, vmas, n);
	while (next_range(&s, &start, &end, &held, &listed)) {
		if (held && listed)
			compare_access(&s, start, end);
		else if (held)
			differ(r, start, end, ONLY_LEDGER);
		else
			differ(r, start, end, ONLY_KERNEL);
		s.at = end;
	}
}

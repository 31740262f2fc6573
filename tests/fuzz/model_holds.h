/*
 * model_holds.h - what holds of a model whatever has come; for fuzz_model.c, which includes it.
 */
#ifndef MODEL_HOLDS_H
#define MODEL_HOLDS_H

/* Of numbers this small no sum comes near it: what is above is below nothing. */
#define NEGATIVE (1ull << 60)

static void check_live(const struct run *r, const struct process *p)
{
	const struct process_stats *s = &p->stats;

	/* Those are its lender's. */
	if (p->borrows)
		return;
	require(!s->live_known || (!p->stale && !p->unseen), "what is stale is not known");
	for (int c = 0; c < CAUSE_COUNT; c++) {
		const struct ledger_total *t = ledger__total(p->ledger, c);
		const struct mapped *m = &s->mapped[c];

		require(t->usable_bytes <= t->bytes && (t->regions || !t->bytes),
			"parts of a whole");
		require(m->peak_bytes >= m->live_bytes, "a peak is one");
		require(!s->live_known || c == CAUSE_LOADER || m->live_bytes == t->bytes,
			"as the ledger has it");
		require(r->raw || m->peak_bytes < NEGATIVE, "nothing is less than nothing");
	}
}

static int add_block(const struct block *block, void *arg)
{
	struct blocks_sum *sums = arg;

	sums[block->route].blocks++;
	sums[block->route].bytes += block->size;
	return 0;
}

/* Each outstanding block is in one of the two, and counts once. */
static void check_pairing(const struct pairing *pairing)
{
	struct blocks_sum sums[ROUTE_COUNT] = {0}, sum;
	__u64 bytes = 0;
	size_t open = 0;

	blocks__walk(pairing->blocks, add_block, sums);
	for (size_t i = 0; i < pairing->slots; i++) {
		const struct open_call *c = &pairing->open[i];

		open += c->tid != 0;
		if (!c->tid)
			continue;
		require(find_open(pairing, c->tid, c->call) == c, "an open call is found");
		if (c->resizes)
			add_block(&c->old, sums);
	}
	require(open == pairing->n, "open calls are counted");
	for (int i = 0; i < ROUTE_COUNT; i++) {
		sum = pairing__sum(pairing, (enum route)i);
		require(sum.blocks == sums[i].blocks && sum.bytes == sums[i].bytes,
			"what is outstanding is what a walk finds");
		bytes += sum.bytes;
	}
	require(pairing->peak >= bytes, "a peak is one");
}

static void check_blocks(struct model *m, struct process *p)
{
	const struct process_stats *s = &p->stats;
	const struct process *owner;

	if (p->pairing)
		check_pairing(p->pairing);
	if (p->gone)
		return;
	owner = model__mm_owner(m, p);
	process__update_blocks(p, owner, m->config.level);
	require(!s->paired.known || !(owner->unpaired || p->unpaired),
		"what was missed is unknown");
	require(stats__live_blocks(s) || !stats__live_bytes(s), "bytes are of blocks");
	require(s->paired.peak_bytes >= stats__live_bytes(s), "a peak is one");
	require(s->paired.frees >= s->paired.frees_unknown, "parts of a whole");
}

/* Each mapping has one caller. */
static void check_callers(const struct process_stats *s, bool live)
{
	struct mapped sums[CAUSE_COUNT] = {0};

	for (size_t i = 0; i < s->n_callers; i++) {
		struct mapped *sum = &sums[s->callers[i].cause];

		sum->calls += s->callers[i].calls;
		sum->bytes += s->callers[i].bytes;
		sum->live_bytes += s->callers[i].live_bytes;
		sum->live_regions += s->callers[i].live_regions;
	}
	for (int c = 0; c < CAUSE_COUNT; c++) {
		require(sums[c].calls == s->mapped[c].calls && sums[c].bytes == s->mapped[c].bytes,
			"callers add up to what was mapped");
		require(!live || !s->live_known ||
				(sums[c].live_bytes == s->mapped[c].live_bytes &&
				 sums[c].live_regions == s->mapped[c].live_regions),
			"callers add up to what lives");
	}
}

static void check_row(struct run *r, struct process *p)
{
	const struct process_stats *s = &p->stats;

	require(p->gone == !p->ledger, "who lives has a ledger");
	require(p->gone || !s->exited, "who has exited is gone");
	require(s->heap.end >= s->heap.start, "a heap has an end");
	require(s->heap.peak_bytes >= stats__heap_bytes(s), "a heap's peak is one");
	require(p->gone || model__find(r->m, s->pid) == p, "one lives with a PID");
	check_callers(s, p->gone);
	check_blocks(r->m, p);
	if (!p->gone)
		check_live(r, p);
}

static void check(struct run *r)
{
	const struct model *m = r->m;
	struct sums sums = sums_of(m);
	size_t gone = 0, listed = 0;

	require(sums.routed >= r->sums.routed, "routes do not vanish");
	r->sums.routed = sums.routed;
	/* Each row's stop at the most that there can be. */
	if (r->full)
		r->sums.malloc_bytes = sums.malloc_bytes;
	require(!memcmp(&sums, &r->sums, sizeof(sums)), "the rows add up to what was taken");
	for (size_t i = 0; i < m->n; i++) {
		require(m->all[i]->index == i, "a row knows its place");
		check_row(r, m->all[i]);
		gone += m->all[i]->gone;
	}
	for (const struct process *p = m->exited; p; p = p->next_exited)
		listed += p->gone;
	require(gone == m->n_exited && gone == listed, "who is gone is in the list");
	require(!m->others || (m->others->ledger && !m->others->stats.exited), "the others stay");
}

#endif

/*
 * test_ledger_random.c - ledgers, some of them shared, against the model after every operation.
 *
 * Everything comes from the seed, so a failure that is printed can be had again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_op.h"

#define SEEDS	64
#define OPS	400
#define HANDLES 3

/* Small spaces collide all the time; the last one ends with the last page but one. */
static const struct {
	__u32 pages;
	__u64 base;
} spaces[] = {
	{12, 0},
	{64, 0x7f0000000000},
	{512, 0x555500000000},
	{MODEL_PAGES, 0 - (__u64)(MODEL_PAGES + 1) * MODEL_PAGE},
};

/* SplitMix64 */
static __u64 draw(__u64 *state, __u64 below)
{
	__u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

/* Mostly a few pages, at times up to all. */
static __u64 draw_pages(__u64 *state, __u64 most)
{
	return 1 + draw(state, draw(state, 8) && most > 10 ? 10 : most);
}

static struct op draw_op(__u64 *state, __u64 base, __u32 pages)
{
	__u64 first = draw(state, pages), to = draw(state, pages);
	struct op op = {.kind = draw(state, OP_KINDS)};

	op.r.start = base + first * MODEL_PAGE;
	op.r.end = op.r.start + draw_pages(state, pages - first) * MODEL_PAGE;
	/* Few values, for neighbours that are alike and yet two. */
	op.r.born_ns = draw(state, 3);
	op.r.request = draw(state, 2);
	op.r.caller = draw(state, 2);
	op.r.grows = !draw(state, 8);
	op.r.cause = draw(state, CAUSE_COUNT);
	op.r.usable = draw(state, 2);
	op.r.continued = !draw(state, 4);
	if (!draw(state, 3))
		to = first;
	op.new_start = base + to * MODEL_PAGE;
	op.new_len = draw_pages(state, pages - to) * MODEL_PAGE;
	op.keep = !draw(state, 4);
	if (op.kind == OP_REMAP && op.keep && !draw(state, 2))
		op.r.end = op.r.start;
	return op;
}

static void expect(const struct model *m, const struct ledger *l, __u64 seed, int op)
{
	const char *wrong = model__differs(m, l);

	if (wrong)
		fail_msg("seed %llu, %u pages, operation %d: %s is wrong", seed, m->pages, op,
			 wrong);
}

static void run_seed(__u64 seed, __u64 base, __u32 pages)
{
	static struct model models[HANDLES];
	struct ledger *ledgers[HANDLES];
	__u64 state = seed;

	for (int i = 0; i < HANDLES; i++) {
		model__init(&models[i], base, pages);
		ledgers[i] = ledger__new();
		assert_non_null(ledgers[i]);
	}
	for (int i = 0; i < OPS; i++) {
		__u64 h = draw(&state, HANDLES), other = (h + 1) % HANDLES;
		struct op op = draw_op(&state, base, pages);

		if (!draw(&state, 20)) {
			ledger__free(ledgers[other]);
			ledgers[other] = ledger__share(ledgers[h]);
			models[other] = models[h];
		}
		assert_int_equal(op__apply(&ledgers[h], &op), 0);
		op__apply_model(&models[h], &op);
		expect(&models[h], ledgers[h], seed, i);
		expect(&models[other], ledgers[other], seed, i);
	}
	for (int i = 0; i < HANDLES; i++)
		ledger__free(ledgers[i]);
}

static void holds_what_the_model_holds(void **state)
{
	for (size_t s = 0; s < sizeof(spaces) / sizeof(*spaces); s++)
		for (__u64 seed = 1; seed <= SEEDS; seed++)
			run_seed(seed, spaces[s].base, spaces[s].pages);
}

/* As expect() would, but of a ledger that the model did not come with. */
static void expect_mapped(const struct model *m, const struct ledger *l, __u64 seed)
{
	struct region r;

	for (__u32 i = 0; i < m->pages; i++)
		if (ledger__find(l, m->base + (__u64)i * MODEL_PAGE, &r) != (m->page[i].id != 0))
			fail_msg("seed %llu, page %u", seed, i);
}

/* The last events once more, from any of them on. */
static void run_replay(__u64 seed, bool with_remap)
{
	static struct model m;
	struct op ops[48];
	const int count = sizeof(ops) / sizeof(*ops);
	struct ledger *l = ledger__new();
	__u64 state = seed;

	assert_non_null(l);
	model__init(&m, 0, 40);
	for (int i = 0; i < count; i++) {
		do {
			ops[i] = draw_op(&state, 0, m.pages);
		} while (!with_remap && ops[i].kind == OP_REMAP);
		assert_int_equal(op__apply(&l, &ops[i]), 0);
		op__apply_model(&m, &ops[i]);
	}
	for (int i = draw(&state, count); i < count; i++)
		assert_int_equal(op__apply(&l, &ops[i]), 0);
	if (with_remap)
		expect_mapped(&m, l, seed);
	else
		expect(&m, l, seed, count);
	ledger__free(l);
}

static void a_replay_changes_nothing(void **state)
{
	for (__u64 seed = 1; seed <= 8000; seed++)
		run_replay(seed, false);
}

static void a_replay_with_mremap_keeps_what_is_mapped(void **state)
{
	for (__u64 seed = 1; seed <= 8000; seed++)
		run_replay(seed, true);
}

static bool all_free(const struct model *m, __u64 from, __u64 count)
{
	for (__u64 i = from; i < from + count; i++)
		if (m->page[i].id)
			return false;
	return true;
}

static bool all_mapped(const struct model *m, __u64 from, __u64 count)
{
	for (__u64 i = from; i < from + count; i++)
		if (!m->page[i].id)
			return false;
	return true;
}

/* mremap moves what is mapped to where nothing is, or resizes it. */
static bool kernel_does(const struct model *m, const struct op *op)
{
	__u64 old = op->r.start / MODEL_PAGE, count = op->r.end / MODEL_PAGE - old;
	__u64 to = op->new_start / MODEL_PAGE, new_count = op->new_len / MODEL_PAGE;

	if (op->kind != OP_REMAP)
		return true;
	if (!count || !all_mapped(m, old, count))
		return false;
	if (to != old)
		return all_free(m, to, new_count);
	return new_count <= count || all_free(m, old + count, new_count - count);
}

#define SPACE 40

/*
 * What a kernel did; each region has a birth of its own.  By page: the number
 * of the event that put there what is there, and of the last one that said
 * whether it is usable; 0 for nothing.
 */
struct history {
	struct op ops[48];
	int count;
	int put[SPACE], opened[SPACE];
	bool put_again[SPACE], opened_again[SPACE]; /* by the replay */
};

static void note_access(struct history *h, __u64 start, __u64 end, int number)
{
	for (__u64 i = start / MODEL_PAGE; i < end / MODEL_PAGE; i++) {
		h->opened[i] = number;
		h->opened_again[i] = true;
	}
}

static void stamp(struct history *h, __u64 start, __u64 end, int number)
{
	for (__u64 i = start / MODEL_PAGE; i < end / MODEL_PAGE; i++) {
		h->put[i] = number;
		h->put_again[i] = true;
	}
	note_access(h, start, end, number);
}

static void note_placing(struct history *h, int i)
{
	const struct op *op = &h->ops[i];
	const struct region *r = &op->r;
	__u64 new_end = op->new_start + op->new_len;

	if (op->kind == OP_MAP)
		stamp(h, r->start, r->end, i + 1);
	if (op->kind == OP_UNMAP)
		stamp(h, r->start, r->end, 0);
	if (op->kind == OP_PROTECT)
		note_access(h, r->start, r->end, i + 1);
	if (op->kind != OP_REMAP)
		return;
	if (op->new_start != r->start) {
		stamp(h, r->start, r->end, 0);
		stamp(h, op->new_start, new_end, i + 1);
	} else if (new_end < r->end) {
		stamp(h, new_end, r->end, 0);
	} else {
		stamp(h, r->end, new_end, i + 1);
	}
}

/*
 * Is what the event moved or resized there, as it was then?  Of what stays in
 * place only the end counts: what it grows by is as usable as that.
 */
static bool can_be_replayed(const struct history *h, int i)
{
	const struct op *op = &h->ops[i];
	__u64 last = op->r.end / MODEL_PAGE - 1;

	if (op->kind != OP_REMAP)
		return true;
	for (__u64 p = op->r.start / MODEL_PAGE; p <= last; p++)
		if (!h->put_again[p] && (!h->put[p] || h->put[p] > i))
			return false;
	return h->opened_again[last] || h->opened[last] <= i;
}

static void make_history(struct history *h, struct ledger **l, struct model *m, __u64 *rng)
{
	while (h->count < (int)(sizeof(h->ops) / sizeof(*h->ops))) {
		struct op *op = &h->ops[h->count];

		*op = draw_op(rng, 0, m->pages);
		op->r.born_ns = h->count + 1;
		op->r.continued = op->keep = false;
		if (!kernel_does(m, op))
			continue;
		assert_int_equal(op__apply(l, op), 0);
		op__apply_model(m, op);
		note_placing(h, h->count++);
	}
}

/* As the header promises it.  False: what an mremap needs was not there. */
static bool run_kernel_replay(__u64 seed, int *remaps)
{
	static struct model m;
	struct history h = {.count = 0};
	struct ledger *l = ledger__new();
	__u64 rng = seed;
	bool promised = true;

	assert_non_null(l);
	model__init(&m, 0, SPACE);
	make_history(&h, &l, &m, &rng);
	memset(h.put_again, 0, sizeof(h.put_again));
	memset(h.opened_again, 0, sizeof(h.opened_again));
	for (int i = draw(&rng, h.count); i < h.count; i++) {
		promised = promised && can_be_replayed(&h, i);
		*remaps += promised && h.ops[i].kind == OP_REMAP;
		assert_int_equal(op__apply(&l, &h.ops[i]), 0);
		note_placing(&h, i);
	}
	if (promised)
		expect(&m, l, seed, h.count);
	ledger__free(l);
	return promised;
}

static void a_replay_of_what_a_kernel_did_changes_nothing(void **state)
{
	int promised = 0, remaps = 0;

	for (__u64 seed = 1; seed <= 200000; seed++)
		promised += run_kernel_replay(seed, &remaps);
	/* or else this has tested nothing */
	assert_true(promised > 5000 && remaps > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_the_model_holds),
		cmocka_unit_test(a_replay_changes_nothing),
		cmocka_unit_test(a_replay_with_mremap_keeps_what_is_mapped),
		cmocka_unit_test(a_replay_of_what_a_kernel_did_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

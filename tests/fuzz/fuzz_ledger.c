/*
 * fuzz_ledger.c - any operations, any addresses, shared ledgers, no memory at any moment.
 *
 * The input is a program.  Its first byte chooses the world: few pages, beside
 * the model that says what must come out, or raw addresses, where only the
 * ledger's own rules can be checked.  After each operation the tree is checked
 * from inside, so this includes the real thing.
 */
#include "input.h"

/* So many allocations succeed; negative: all. */
static int allowed = -1;

static bool refuse(void)
{
	return allowed >= 0 && allowed-- == 0;
}

static void *scarce_malloc(size_t size)
{
	return refuse() ? NULL : malloc(size);
}

static void *scarce_realloc(void *p, size_t size)
{
	return refuse() ? NULL : realloc(p, size);
}

#define malloc(size)	 scarce_malloc(size)
#define realloc(p, size) scarce_realloc(p, size)
#include "model/region_tree.c"
#undef malloc
#undef realloc

/* What was reserved has to be enough, even where the pool has more. */
static __u64 limit;

static int noted_reserve(struct region_pool *p, __u64 more)
{
	limit = p->count + more;
	return region_pool__reserve(p, more);
}

static __u32 limited_take(struct region_pool *p)
{
	__u32 i = region_pool__take(p);

	require(p->count <= limit, "room is reserved");
	return i;
}

#define malloc(size)		      scarce_malloc(size)
#define region_pool__reserve(p, more) noted_reserve(p, more)
#define region_pool__take(p)	      limited_take(p)
#include "model/region_set.c"
#include "model/ledger.c"
#undef malloc
#undef region_pool__reserve
#undef region_pool__take

#include "../unit/ledger_model.c"
#include "../unit/ledger_op.c"

#define HANDLES 3
#define PAGES	64
#define BASE	0x10000

/* Beside what op_kind has. */
#define OP_SHARE OP_KINDS

struct step {
	struct op op;
	unsigned int handle;
	int allowed;
};

static void take_range(struct input *in, bool raw, __u64 *start, __u64 *len)
{
	if (raw) {
		*start = take(in, 8);
		*len = take(in, 8);
	} else {
		__u64 first = take(in, 1) % PAGES;

		*start = BASE + first * MODEL_PAGE;
		*len = (1 + take(in, 1) % (PAGES - first)) * MODEL_PAGE;
	}
}

static struct step take_step(struct input *in, bool raw)
{
	__u64 what = take(in, 1), attributes = take(in, 2), len;
	struct step step = {
		.op.kind = what % (OP_KINDS + 1),
		.op.keep = attributes & 1,
		.handle = what / (OP_KINDS + 1) % HANDLES,
		.allowed = what >= 192 ? (int)(what % 3) : -1,
	};
	struct op *op = &step.op;

	op->r.usable = attributes & 2;
	op->r.continued = attributes & 4;
	op->r.born_ns = attributes >> 3 & 1;
	op->r.request = attributes >> 4 & 1;
	/* One more than there are, where that is no cause's number. */
	op->r.cause = (attributes >> 5 & 7) % (CAUSE_COUNT + raw);
	op->r.caller = attributes >> 8 & 1;
	op->r.grows = attributes >> 9 & 1;
	take_range(in, raw, &op->r.start, &len);
	op->r.end = op->r.start + len;
	if (op->kind != OP_REMAP)
		return step;
	take_range(in, raw, &op->new_start, &op->new_len);
	if (op->keep && attributes & 2)
		op->r.end = op->r.start;
	return step;
}

/* Everything that holds of a tree, into one pass over it. */
struct inspection {
	const struct ledger *l;
	const struct region_node *before;
	struct ledger_total totals[CAUSE_COUNT];
	size_t nodes;
	__u64 hash;
};

static void inspect_node(const struct region_node *n, struct inspection *in)
{
	const struct region_node *b = in->before;
	struct ledger_total *t = &in->totals[n->cause];

	require(n->start < n->end, "a region has an end");
	require(!b || b->end <= n->start, "in order, without overlap");
	if (n->continued)
		require(b && b->end == n->start && b->usable != n->usable && b->cause == n->cause &&
				b->born_ns == n->born_ns && b->request == n->request &&
				b->caller == n->caller && b->grows == n->grows,
			"a continued piece continues the one before");
	t->bytes += n->end - n->start;
	t->usable_bytes += n->usable ? n->end - n->start : 0;
	t->grows_bytes += n->grows ? n->end - n->start : 0;
	t->regions += !n->continued;
	in->hash = (in->hash ^ n->start) * 0x100000001b3;
	in->hash = (in->hash ^ n->end) * 0x100000001b3;
	in->hash = (in->hash ^ n->born_ns) * 0x100000001b3;
	in->hash = (in->hash ^ n->request) * 0x100000001b3;
	in->hash = (in->hash ^ n->caller) * 0x100000001b3;
	in->hash = (in->hash ^ (n->cause << 3 | n->grows << 2 | n->usable << 1 | n->continued)) *
		   0x100000001b3;
	in->before = n;
	in->nodes++;
}

static int inspect_tree(__u32 tree, struct inspection *in)
{
	const struct region_node *n = &in->l->set.pool.nodes[tree];
	int left, right;

	if (!tree)
		return 0;
	left = inspect_tree(n->left, in);
	inspect_node(n, in);
	right = inspect_tree(n->right, in);
	require(abs(left - right) <= 1, "balanced");
	require(n->height == 1 + (left > right ? left : right), "the height is known");
	return n->height;
}

/* A number that is another one when the content is. */
static __u64 inspect(const struct ledger *l)
{
	struct inspection in = {.l = l};
	__u32 given = 0;

	if (l->set.root)
		inspect_tree(l->set.root, &in);
	require(in.nodes == l->set.pool.count && in.nodes == ledger__count(l), "count");
	require(!memcmp(in.totals, l->set.totals, sizeof(in.totals)), "totals");
	for (__u32 i = l->set.pool.given; i; i = l->set.pool.nodes[i].left)
		given++;
	require(!l->set.pool.top || given + in.nodes + 1 == l->set.pool.top, "no node is lost");
	return in.hash;
}

static bool is_valid(const struct op *op)
{
	if (op->r.cause >= CAUSE_COUNT && (op->kind == OP_MAP || op->kind == OP_REMAP))
		return false;
	if (op->kind != OP_REMAP)
		return op->r.start < op->r.end;
	return op->r.start <= op->r.end && op->new_start < op->new_start + op->new_len &&
	       (op->keep || op->r.start != op->r.end);
}

static void run_step(struct ledger **l, const struct step *step)
{
	const struct op *op = &step->op;
	__u64 before = inspect(*l);
	int err;

	allowed = step->allowed;
	err = op__apply(l, op);
	allowed = -1;
	require(err == 0 || err == -EINVAL || err == -ENOMEM, "an error that is documented");
	require((err == -EINVAL) == !is_valid(op), "what is not valid is refused, and only that");
	if (!err)
		return;
	require(inspect(*l) == before, "unchanged after a failure");
	require(op__apply(l, op) == (err == -ENOMEM ? 0 : err), "with memory it can be done");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model models[HANDLES];
	struct ledger *ledgers[HANDLES];
	struct input in = {data, size};
	bool raw = take(&in, 1) & 1;

	for (int i = 0; i < HANDLES; i++) {
		model__init(&models[i], BASE, PAGES);
		ledgers[i] = ledger__new();
	}
	while (in.size) {
		struct step step = take_step(&in, raw);
		unsigned int h = step.handle, other = (h + 1) % HANDLES;

		if (step.op.kind == OP_SHARE) {
			ledger__free(ledgers[other]);
			ledgers[other] = ledger__share(ledgers[h]);
			models[other] = models[h];
			continue;
		}
		run_step(&ledgers[h], &step);
		if (!raw)
			op__apply_model(&models[h], &step.op);
		for (int i = 0; i < HANDLES; i++) {
			inspect(ledgers[i]);
			if (!raw)
				require(!model__differs(&models[i], ledgers[i]), "as the model");
		}
	}
	for (int i = 0; i < HANDLES; i++)
		ledger__free(ledgers[i]);
	return 0;
}

/*
 * fuzz_blocks.c - processes that allocate, free, fork and end, with no memory at any moment.
 *
 * The input is a program.  Its first byte chooses the addresses: few of them, or few hashes of one
 * permutation, which the program is hostile enough to know.  After each operation everything is
 * compared with a plain array, and the tables and layers are checked from inside, so this includes
 * the real thing; with bounds so small that all of it is reached.
 */
#include "input.h"

/* So many allocations succeed; negative: all. */
static int allowed = -1;

static bool refuse(void)
{
	if (allowed < 0 || allowed-- > 0)
		return false;
	allowed = 0;
	return true;
}

static void *scarce_malloc(size_t size)
{
	return refuse() ? NULL : malloc(size);
}

static void *scarce_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : calloc(count, size);
}

static void *scarce_realloc(void *p, size_t size)
{
	return refuse() ? NULL : realloc(p, size);
}

#define malloc(size)	    scarce_malloc(size)
#define calloc(count, size) scarce_calloc(count, size)
#define realloc(p, size)    scarce_realloc(p, size)
#define BLOCK_WAY_MAX	    12
#define SHARED_MOST	    2
#define COPIED_MOST	    3
#include "model/block_table.c"
#include "model/blocks.c"
#undef malloc
#undef calloc
#undef realloc

#define ADDRESSES 256
#define PROCESSES 8
#define SEED	  11

struct process {
	struct blocks *blocks; /* NULL: there is none */
	struct block has[ADDRESSES];
};

static __u64 addresses[ADDRESSES];

static void make_addresses(bool hostile)
{
	struct block_table t;

	block_table__init(&t, SEED);
	for (__u64 i = 0; i < ADDRESSES; i++)
		addresses[i] = hostile ? block_table__address(&t, BLOCK_LIMIT / 2 + i)
				       : 16 * i + 16;
}

/* A block stands at its place or behind it, in order, and no free slot is in between. */
static void inspect_table(const struct block_table *t)
{
	__u64 before = 0;
	__u32 n = 0, run = 0;

	require(!t->slots || !t->slots[t->end].hash_size, "one more slot is free");
	for (__u32 i = 0; i < t->end; i++) {
		__u64 hash_size = t->slots[i].hash_size, place = place_of(hash_size, t->places);

		if (!hash_size) {
			run = i + 1;
			continue;
		}
		require(hash_size >> 16 > before, "in order");
		require(place >= run && place <= i, "a search finds it");
		before = hash_size >> 16;
		n++;
	}
	require(n == t->n, "blocks are counted");
	require(4ULL * n <= 3ULL * t->places, "not too full");
}

static void inspect(const struct process *p)
{
	int depth = 0;

	for (const struct layer *l = &p->blocks->top; l; l = l->below) {
		inspect_table(&l->table);
		require(l == &p->blocks->top || l->refs, "a layer has an owner");
		depth++;
	}
	require(depth <= SHARED_MOST + 1, "not too deep");
}

struct walk {
	const struct process *p;
	__u32 n;
};

static bool same(const struct block *a, const struct block *b)
{
	return a->addr == b->addr && a->size == b->size && a->route == b->route && a->tag == b->tag;
}

static int visit(const struct block *block, void *arg)
{
	struct walk *walk = arg;

	walk->n++;
	for (int i = 0; i < ADDRESSES; i++)
		if (addresses[i] == block->addr)
			return !same(block, &walk->p->has[i]);
	return 1;
}

static void compare(const struct process *p)
{
	struct blocks_sum sums[ROUTE_COUNT] = {};
	struct walk walk = {.p = p};
	__u32 n = 0;

	for (int i = 0; i < ADDRESSES; i++) {
		const struct block *has = &p->has[i];
		struct block out;

		require(blocks__find(p->blocks, addresses[i], &out) == (has->addr != 0), "find");
		if (!has->addr)
			continue;
		require(same(&out, has), "find tells it");
		sums[has->route].blocks++;
		sums[has->route].bytes += has->size;
		n++;
	}
	require(!memcmp(sums, p->blocks->sums, sizeof(sums)), "sums");
	require(!blocks__walk(p->blocks, visit, &walk) && walk.n == n, "walk");
}

static void run_put(struct process *p, struct input *in)
{
	int i = take(in, 1) % ADDRESSES;
	struct block b = {addresses[i], take(in, 2), take(in, 1) % ROUTE_COUNT, i}, old;
	int result = blocks__put(p->blocks, &b, &old);

	if (result == -ENOMEM) {
		require(!allowed, "there was memory");
		return;
	}
	require(result == (p->has[i].addr != 0), "put finds the old one");
	require(!result || same(&old, &p->has[i]), "put tells the old one");
	p->has[i] = b;
}

static void run_take(struct process *p, struct input *in)
{
	int i = take(in, 1) % ADDRESSES;
	struct block out;
	int result = blocks__take(p->blocks, addresses[i], &out);

	if (result == -ENOMEM) {
		require(!allowed, "there was memory");
		return;
	}
	require(result == (p->has[i].addr != 0), "take finds it");
	require(!result || same(&out, &p->has[i]), "take tells it");
	p->has[i] = (struct block){};
}

static void end_process(struct process *p)
{
	blocks__free(p->blocks);
	*p = (struct process){};
}

static void run_fork(struct process *p, struct process *child)
{
	if (child == p)
		return;
	end_process(child);
	child->blocks = blocks__fork(p->blocks);
	require(child->blocks || !allowed, "there was memory");
	if (child->blocks)
		memcpy(child->has, p->has, sizeof(p->has));
}

static void run_clear(struct process *p)
{
	blocks__clear(p->blocks);
	memset(p->has, 0, sizeof(p->has));
}

/* Many at once, or an input would have to be long. */
static void run_many(struct process *p, struct input *in)
{
	int first = take(in, 1), n = take(in, 1) % 64;

	for (int i = first; i < first + n; i++) {
		const __u8 bytes[] = {i, i, 0, 1};
		struct input one = {bytes, sizeof(bytes)};

		run_put(p, &one);
	}
}

static void run(struct process *processes, struct input *in)
{
	unsigned int what = take(in, 1);
	struct process *p = &processes[what / 8 % PROCESSES];

	if (what >= 192)
		allowed = take(in, 1) % 4;
	if (!p->blocks)
		p->blocks = blocks__new(SEED);
	else if (what % 8 < 2)
		run_put(p, in);
	else if (what % 8 < 4)
		run_take(p, in);
	else if (what % 8 == 4)
		run_fork(p, &processes[take(in, 1) % PROCESSES]);
	else if (what % 8 == 5)
		run_many(p, in);
	else if (what % 8 == 6)
		run_clear(p);
	else
		end_process(p);
	allowed = -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct process processes[PROCESSES];
	struct input in = {data, size};

	make_addresses(take(&in, 1) & 1);
	while (in.size) {
		run(processes, &in);
		for (int i = 0; i < PROCESSES; i++) {
			if (!processes[i].blocks)
				continue;
			inspect(&processes[i]);
			compare(&processes[i]);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		end_process(&processes[i]);
	return 0;
}

/*
 * test_blocks.c - the outstanding blocks of processes that fork, against a plain array of them.
 *
 * Linked with -Wl,--wrap= for malloc, calloc, realloc and free.  Everything that is random comes
 * from a seed, so a failure that is printed can be had again.
 */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/blocks.h"

/* So many allocations succeed; negative: all. */
static int allowed = -1;
static long outstanding, outstanding_bytes;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static bool refuse(void)
{
	if (allowed < 0 || allowed-- > 0)
		return false;
	allowed = 0;
	errno = ENOMEM;
	return true;
}

static void *grant(void *p)
{
	outstanding += p != NULL;
	outstanding_bytes += malloc_usable_size(p);
	return p;
}

static void forget(void *p)
{
	outstanding -= p != NULL;
	outstanding_bytes -= malloc_usable_size(p);
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : grant(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : grant(__real_calloc(count, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	if (refuse())
		return NULL;
	forget(p);
	return grant(__real_realloc(p, size));
}

void __wrap_free(void *p)
{
	forget(p);
	__real_free(p);
}

/* SplitMix64 */
static __u64 draw(__u64 *state, __u64 below)
{
	__u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

static struct blocks *new_blocks(__u64 seed)
{
	struct blocks *b = blocks__new(seed);

	assert_non_null(b);
	return b;
}

static struct blocks *forked(struct blocks *parent)
{
	struct blocks *child = blocks__fork(parent);

	assert_non_null(child);
	return child;
}

static void assert_block(const struct block *b, __u64 addr, __u64 size, enum route route, __u32 tag)
{
	assert_int_equal(b->addr, addr);
	assert_int_equal(b->size, size);
	assert_int_equal(b->route, route);
	assert_int_equal(b->tag, tag);
}

static void assert_sum(struct blocks_sum sum, __u64 blocks, __u64 bytes)
{
	assert_int_equal(sum.blocks, blocks);
	assert_int_equal(sum.bytes, bytes);
}

static void a_block_is_kept_as_it_is(void **state)
{
	const struct block most = {BLOCK_LIMIT - 1, BLOCK_LIMIT - 2, ROUTE_UNKNOWN, BLOCK_TAG_MAX};
	const struct block least = {1, 0, ROUTE_HEAP, 0};
	struct blocks *b = new_blocks(1);
	struct block out;

	assert_int_equal(blocks__put(b, &most, NULL), 0);
	assert_int_equal(blocks__put(b, &least, NULL), 0);
	assert_true(blocks__find(b, BLOCK_LIMIT - 1, &out));
	assert_block(&out, BLOCK_LIMIT - 1, BLOCK_LIMIT - 2, ROUTE_UNKNOWN, BLOCK_TAG_MAX);
	assert_int_equal(blocks__take(b, 1, &out), 1);
	assert_block(&out, 1, 0, ROUTE_HEAP, 0);
	assert_int_equal(blocks__take(b, 1, &out), 0);
	assert_false(blocks__find(b, 1, &out));
	assert_sum(blocks__total(b), 1, BLOCK_LIMIT - 2);
	assert_sum(blocks__sum(b, ROUTE_UNKNOWN), 1, BLOCK_LIMIT - 2);
	assert_int_equal(blocks__take(b, BLOCK_LIMIT - 1, NULL), 1);
	assert_sum(blocks__total(b), 0, 0);
	blocks__free(b);
	blocks__free(NULL);
	assert_int_equal(outstanding, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	const struct block wrong[] = {
		{0, 1, ROUTE_HEAP, 0},
		{BLOCK_LIMIT, 1, ROUTE_HEAP, 0},
		{BLOCK_LIMIT | 16, 1, ROUTE_HEAP, 0},
		{16, BLOCK_LIMIT - 1, ROUTE_HEAP, 0},
		{16, (__u64)-1, ROUTE_HEAP, 0},
		{16, 1, ROUTE_COUNT, 0},
		{16, 1, ROUTE_HEAP, BLOCK_TAG_MAX + 1},
	};
	struct blocks *b = new_blocks(2);
	struct block out;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(blocks__put(b, &wrong[i], &out), -ERANGE);
	assert_int_equal(blocks__put(b, &(struct block){16, 1, ROUTE_HEAP, 0}, NULL), 0);
	assert_int_equal(blocks__take(b, BLOCK_LIMIT | 16, &out), 0);
	assert_false(blocks__find(b, BLOCK_LIMIT | 16, &out));
	assert_int_equal(blocks__take(b, 0, &out), 0);
	assert_false(blocks__find(b, 0, &out));
	blocks__prefetch(b, (__u64)-1);
	assert_sum(blocks__total(b), 1, 1);
	blocks__free(b);
}

static void a_missed_free_is_told(void **state)
{
	struct blocks *b = new_blocks(3);
	struct block old;

	assert_int_equal(blocks__put(b, &(struct block){64, 10, ROUTE_HEAP, 1}, &old), 0);
	assert_int_equal(blocks__put(b, &(struct block){64, 7, ROUTE_ARENA, 2}, &old), 1);
	assert_block(&old, 64, 10, ROUTE_HEAP, 1);
	assert_int_equal(blocks__put(b, &(struct block){64, 8, ROUTE_ARENA, 3}, NULL), 1);
	assert_sum(blocks__sum(b, ROUTE_HEAP), 0, 0);
	assert_sum(blocks__sum(b, ROUTE_ARENA), 1, 8);
	blocks__free(b);
}

static void put_many(struct blocks *b, __u64 first, __u64 n)
{
	for (__u64 i = first; i < first + n; i++) {
		const struct block block = {16 * (i + 1), i, i % ROUTE_COUNT, i};

		assert_int_equal(blocks__put(b, &block, NULL), 0);
	}
}

static void take_many(struct blocks *b, __u64 first, __u64 n)
{
	for (__u64 i = first; i < first + n; i++) {
		struct block out;

		assert_int_equal(blocks__take(b, 16 * (i + 1), &out), 1);
		assert_block(&out, 16 * (i + 1), i, i % ROUTE_COUNT, i);
	}
}

static int count_visit(const struct block *block, void *arg)
{
	struct blocks_sum *sum = arg;

	assert_int_equal(block->addr, 16 * (block->size + 1));
	sum->blocks++;
	sum->bytes += block->size;
	return 0;
}

/* That a walk meets what is counted. */
static void assert_walk(const struct blocks *b, __u64 n)
{
	struct blocks_sum met = {}, total = blocks__total(b);

	assert_int_equal(blocks__walk(b, count_visit, &met), 0);
	assert_sum(met, n, total.bytes);
	assert_int_equal(total.blocks, n);
}

static int stop_at_third(const struct block *block, void *arg)
{
	return ++*(int *)arg == 3 ? 42 : 0;
}

static void a_walk_can_be_stopped(void **state)
{
	struct blocks *b = new_blocks(4);
	int met = 0;

	put_many(b, 0, 10);
	assert_int_equal(blocks__walk(b, stop_at_third, &met), 42);
	assert_int_equal(met, 3);
	blocks__free(b);
}

static void a_fork_goes_its_own_way(void **state)
{
	struct blocks *parent = new_blocks(5), *child;
	struct block out;

	put_many(parent, 0, 1000);
	child = forked(parent);
	take_many(child, 0, 10);
	put_many(parent, 1000, 10);
	assert_walk(parent, 1010);
	assert_walk(child, 990);
	assert_false(blocks__find(child, 16, &out));
	assert_true(blocks__find(parent, 16, &out));
	assert_int_equal(blocks__take(child, 16, &out), 0);
	/* what was taken can be there again, and be another one */
	assert_int_equal(blocks__put(child, &(struct block){16, 5, ROUTE_MMAP, 7}, &out), 0);
	assert_int_equal(blocks__put(child, &(struct block){16, 6, ROUTE_MMAP, 8}, &out), 1);
	assert_block(&out, 16, 5, ROUTE_MMAP, 7);
	assert_int_equal(blocks__put(child, &(struct block){16 * 500, 1, ROUTE_HEAP, 9}, &out), 1);
	assert_block(&out, 16 * 500, 499, 499 % ROUTE_COUNT, 499);
	assert_int_equal(blocks__take(child, 16 * 500, &out), 1);
	assert_block(&out, 16 * 500, 1, ROUTE_HEAP, 9);
	assert_int_equal(blocks__take(child, 16 * 500, &out), 0);
	take_many(parent, 0, 1010);
	assert_sum(blocks__total(parent), 0, 0);
	assert_int_equal(blocks__total(child).blocks, 990);
	blocks__clear(child);
	assert_walk(child, 0);
	put_many(child, 0, 3);
	blocks__free(parent);
	assert_walk(child, 3);
	blocks__free(child);
	assert_int_equal(outstanding, 0);
}

/* A fork that ends costs what was done meanwhile: nothing is copied, and nothing remains. */
static void a_fork_that_ends_leaves_nothing(void **state)
{
	struct blocks *parent = new_blocks(6), *child;
	long before, bytes;

	put_many(parent, 0, 100000);
	take_many(parent, 0, 2);
	before = outstanding;
	bytes = outstanding_bytes;
	child = forked(parent);
	put_many(child, 200000, 100);
	put_many(parent, 300000, 100);
	take_many(parent, 2, 100);
	assert_true(outstanding_bytes < bytes + 30000);
	blocks__free(child);
	put_many(parent, 0, 1);
	assert_int_equal(outstanding, before);
	assert_true(outstanding_bytes < bytes + 30000);
	assert_int_equal(blocks__memory(parent), blocks__memory(parent) / 16 * 16);
	assert_walk(parent, 99999);
	blocks__free(parent);
}

/* However few of the shared ones the two have left: they do not pay for the others. */
static void sharing_costs_no_more_than_40_bytes(void **state)
{
	const __u64 n = 40000;
	struct blocks *parent = new_blocks(11), *child;

	put_many(parent, 0, n);
	child = forked(parent);
	for (__u64 i = 0; i < n; i++) {
		const long most = 40 * 2 * (n - i - 1) + 1000;
		long memory;

		take_many(child, i, 1);
		take_many(parent, n - i - 1, 1);
		memory = blocks__memory(parent) + blocks__memory(child);
		assert_in_range(memory, 0, most);
		assert_in_range(outstanding_bytes, memory, most + 3 * 4096);
	}
	blocks__free(parent);
	blocks__free(child);
}

#define DEEP 40

static void forks_of_forks(void **state)
{
	struct blocks *b[DEEP] = {new_blocks(7)};

	put_many(b[0], 0, 1000);
	for (int i = 1; i < DEEP; i++) {
		b[i] = forked(b[i - 1]);
		put_many(b[i], 1000 + 10 * i, 10);
		take_many(b[i], 10 * i, 5);
	}
	for (int i = 0; i < DEEP; i++)
		assert_walk(b[i], 1000 + 5 * i);
	/* one process that forks again and again, with something done in between */
	for (int i = 1; i < DEEP; i++) {
		blocks__free(b[i]);
		put_many(b[0], 2000 + 10 * i, 10);
		b[i] = forked(b[0]);
	}
	for (int i = 0; i < DEEP; i++)
		assert_walk(b[i], i ? 1000 + 10 * i : 1000 + 10 * (DEEP - 1));
	for (int i = 0; i < DEEP; i++)
		blocks__free(b[i]);
	assert_int_equal(outstanding, 0);
}

static void assert_small(const struct blocks *b, __u64 n)
{
	size_t memory = blocks__memory(b);

	if (memory > 40 * n + 500)
		fail_msg("%zu bytes for %llu blocks", memory, n);
	assert_in_range(outstanding_bytes, memory, memory + 8192);
}

/* While they become more and less, at every load; malloc's own count of bytes says the same. */
static void a_block_costs_no_more_than_40_bytes(void **state)
{
	struct blocks *b = new_blocks(8);

	assert_true(blocks__memory(b) <= 256);
	for (__u64 n = 0; n < 1000000; n++) {
		put_many(b, n, 1);
		if (n < 3000 || n % 997 == 0)
			assert_small(b, n + 1);
	}
	for (__u64 n = 1000000; n--;) {
		take_many(b, n, 1);
		if (n < 3000 || n % 997 == 0)
			assert_small(b, n);
	}
	blocks__free(b);
}

/* The longest way from a block's own place to where it is. */
static __u64 longest_way(const struct block_table *t)
{
	__u64 longest = 0;

	for (__u64 i = 0; i < t->end; i++) {
		__u64 place = (t->slots[i].hash_size >> 32) * t->places >> 32;

		if (t->slots[i].hash_size && i - place > longest)
			longest = i - place;
	}
	return longest;
}

static void put_all(struct block_table *t, __u64 first, __u64 step, __u64 n)
{
	for (__u64 i = 0; i < n; i++) {
		const struct block b = {(first + i * step) & (BLOCK_LIMIT - 1), i, 0, 0};

		if (b.addr)
			assert_in_range(block_table__put(t, &b, NULL), 0, 1);
	}
}

/* Strides of every power of two, and what a hash by one multiplication dislikes. */
static void no_stride_is_slow(void **state)
{
	static const __u64 odd[] = {1, 3, 0x10001, 0x9e3779b9, 0xfffff};

	for (int shift = 0; shift < 47; shift++)
		for (size_t k = 0; k < sizeof(odd) / sizeof(*odd); k++) {
			struct block_table t;

			block_table__init(&t, 1000 * shift + k);
			put_all(&t, 0x555500000010, odd[k] << shift, 20000);
			assert_in_range(longest_way(&t), 0, 100);
			block_table__clear(&t);
		}
}

/* Who knows the seed can make any hash; and still nothing takes long, and nothing is lost. */
static void hostile_addresses_meet_another_seed(void **state)
{
	const __u64 n = 5000;
	static __u64 addr[5000];
	struct block_table t;
	struct block out;
	__u64 seed;

	block_table__init(&t, 9);
	seed = t.seed;
	for (__u64 i = 0; i < n; i++)
		addr[i] = block_table__address(&t, 0x800000000000 - i);
	for (__u64 i = 0; i < n; i++)
		assert_int_equal(block_table__put(&t, &(struct block){addr[i], i, 0, 0}, NULL), 0);
	assert_true(t.seed != seed);
	assert_in_range(longest_way(&t), 0, 100);
	assert_true(block_table__memory(&t) <= 40 * n);
	for (__u64 i = 0; i < n; i++) {
		assert_true(block_table__take(&t, addr[i], &out));
		assert_int_equal(out.size, i);
	}
	block_table__clear(&t);
}

/* The model: a world of few addresses, and of each process what it has at each. */
#define ADDRESSES 700
#define PROCESSES 6

struct world {
	__u64 addr[ADDRESSES];
	struct blocks *blocks[PROCESSES];	/* NULL: no such process */
	struct block has[PROCESSES][ADDRESSES]; /* .addr 0: nothing */
	struct blocks_sum sums[PROCESSES][ROUTE_COUNT];
	__u64 random, seed;
	int step;
};

static void must(const struct world *w, bool holds, const char *what)
{
	if (!holds)
		fail_msg("seed %llu, step %d: %s", w->seed, w->step, what);
}

static bool same_block(const struct block *a, const struct block *b)
{
	return a->addr == b->addr && a->size == b->size && a->route == b->route && a->tag == b->tag;
}

static void model_set(struct world *w, int p, int i, const struct block *b)
{
	struct block *has = &w->has[p][i];

	if (has->addr) {
		w->sums[p][has->route].blocks--;
		w->sums[p][has->route].bytes -= has->size;
	}
	*has = *b;
	if (b->addr) {
		w->sums[p][b->route].blocks++;
		w->sums[p][b->route].bytes += b->size;
	}
}

static void put_one(struct world *w, int p)
{
	int i = draw(&w->random, ADDRESSES), result;
	struct block b = {w->addr[i], draw(&w->random, 1 << 20), draw(&w->random, ROUTE_COUNT),
			  draw(&w->random, BLOCK_TAG_MAX)};
	struct block old;

	result = blocks__put(w->blocks[p], &b, &old);
	if (result == -ENOMEM && !allowed)
		return;
	must(w, result == (w->has[p][i].addr != 0), "put finds the old one");
	must(w, !result || same_block(&old, &w->has[p][i]), "put tells the old one");
	model_set(w, p, i, &b);
}

static void take_one(struct world *w, int p)
{
	int i = draw(&w->random, ADDRESSES), result;
	struct block out;

	blocks__prefetch(w->blocks[p], w->addr[i]);
	result = blocks__take(w->blocks[p], w->addr[i], &out);
	if (result == -ENOMEM && !allowed)
		return;
	must(w, result == (w->has[p][i].addr != 0), "take finds it");
	must(w, !result || same_block(&out, &w->has[p][i]), "take tells it");
	model_set(w, p, i, &(struct block){});
}

static void end_one(struct world *w, int p, bool all)
{
	if (all) {
		blocks__free(w->blocks[p]);
		w->blocks[p] = NULL;
	} else {
		blocks__clear(w->blocks[p]);
	}
	memset(w->has[p], 0, sizeof(w->has[p]));
	memset(w->sums[p], 0, sizeof(w->sums[p]));
}

static void fork_one(struct world *w, int p)
{
	int child = draw(&w->random, PROCESSES);

	if (child == p)
		return;
	end_one(w, child, true);
	w->blocks[child] = blocks__fork(w->blocks[p]);
	must(w, w->blocks[child] || !allowed, "fork");
	if (!w->blocks[child])
		return;
	memcpy(w->has[child], w->has[p], sizeof(w->has[p]));
	memcpy(w->sums[child], w->sums[p], sizeof(w->sums[p]));
}

struct walk {
	const struct world *w;
	int process;
	bool met[ADDRESSES];
	int count;
};

static int check_visit(const struct block *block, void *arg)
{
	struct walk *walk = arg;

	for (int i = 0; i < ADDRESSES; i++) {
		if (walk->w->addr[i] != block->addr)
			continue;
		must(walk->w, !walk->met[i], "walk meets none twice");
		must(walk->w, same_block(block, &walk->w->has[walk->process][i]), "walk tells it");
		walk->met[i] = true;
		walk->count++;
		return 0;
	}
	must(walk->w, false, "walk invents none");
	return 0;
}

static void check_walk(const struct world *w, int p)
{
	struct walk walk = {.w = w, .process = p};
	__u64 n = blocks__total(w->blocks[p]).blocks;

	must(w, !blocks__walk(w->blocks[p], check_visit, &walk), "walk");
	must(w, walk.count == (int)n, "walk meets all");
	for (int i = 0; i < ADDRESSES; i++) {
		struct block out;
		bool found = blocks__find(w->blocks[p], w->addr[i], &out);

		must(w, found == (w->has[p][i].addr != 0), "find");
		must(w, !found || same_block(&out, &w->has[p][i]), "find tells it");
	}
}

static void check(const struct world *w)
{
	long memory = 0;

	for (int p = 0; p < PROCESSES; p++) {
		if (!w->blocks[p])
			continue;
		memory += blocks__memory(w->blocks[p]);
		for (int r = 0; r < ROUTE_COUNT; r++) {
			struct blocks_sum sum = blocks__sum(w->blocks[p], r);

			must(w, sum.blocks == w->sums[p][r].blocks, "blocks are counted");
			must(w, sum.bytes == w->sums[p][r].bytes, "bytes are counted");
		}
		if (w->step % 64 == 0)
			check_walk(w, p);
	}
	/* shares are rounded down, and malloc rounds up */
	must(w, memory <= outstanding_bytes, "no more memory than there is");
	must(w, memory + 64 * outstanding + 64 >= outstanding_bytes, "all memory is told");
}

/* More blocks in one half of the time, fewer in the other; and forks that come to nothing. */
static void step(struct world *w)
{
	int p = draw(&w->random, PROCESSES), what = draw(&w->random, 100);
	bool more = w->step / 3000 % 2 == 0;

	if (!w->blocks[p]) {
		w->blocks[p] = blocks__new(draw(&w->random, (__u64)-1));
		must(w, w->blocks[p] || !allowed, "new");
	} else if (what < 3) {
		fork_one(w, p);
	} else if (what < 5) {
		if (!draw(&w->random, 3))
			end_one(w, p, draw(&w->random, 2));
	} else if (what < (more ? 70 : 40)) {
		put_one(w, p);
	} else {
		take_one(w, p);
	}
}

static void make_addresses(struct world *w, int kind)
{
	struct block_table t;

	block_table__init(&t, w->seed);
	for (__u64 i = 0; i < ADDRESSES; i++)
		switch (kind) {
		case 0:
			w->addr[i] = 0x555500000010 + 16 * i;
			break;
		case 1:
			w->addr[i] = 1 + i;
			break;
		case 2:
			w->addr[i] = BLOCK_LIMIT - 4096 * (i + 1);
			break;
		case 3: /* of the first process's own table */
			w->addr[i] = block_table__address(&t, BLOCK_LIMIT - 1 - i);
			break;
		}
}

static void run_world(__u64 seed, int kind, bool scarce)
{
	static struct world w;

	w = (struct world){.seed = seed, .random = seed};
	make_addresses(&w, kind);
	w.blocks[0] = new_blocks(seed);
	for (w.step = 1; w.step < 12000; w.step++) {
		if (scarce && !draw(&w.random, 3))
			allowed = draw(&w.random, 3);
		step(&w);
		allowed = -1;
		check(&w);
	}
	for (int p = 0; p < PROCESSES; p++)
		blocks__free(w.blocks[p]);
	assert_int_equal(outstanding, 0);
	assert_int_equal(outstanding_bytes, 0);
}

static void random_worlds(void **state)
{
	for (__u64 seed = 1; seed <= 24; seed++)
		run_world(seed, seed % 4, false);
}

static void random_worlds_without_memory(void **state)
{
	for (__u64 seed = 101; seed <= 124; seed++)
		run_world(seed, seed % 4, true);
}

/* Each allocation of each of them fails once: the error is told, and nothing has changed. */
static int fork_then_free(struct blocks *b)
{
	struct blocks *child = blocks__fork(b);

	if (!child) {
		assert_int_equal(errno, ENOMEM);
		return -ENOMEM;
	}
	blocks__free(child);
	return 0;
}

static void without_memory_nothing_changes(void **state)
{
	for (int kind = 0; kind < 3; kind++) {
		struct blocks *b = new_blocks(10), *child;
		int failures = 0, err = 0;

		put_many(b, 0, 1000);
		child = forked(b);
		do {
			allowed = failures;
			if (kind == 0)
				err = blocks__put(child, &(struct block){8, 8, 0, 0}, NULL);
			else if (kind == 1)
				err = blocks__take(child, 16, NULL);
			else
				err = fork_then_free(b);
			allowed = -1;
			if (err != -ENOMEM)
				break;
			assert_walk(b, 1000);
			assert_walk(child, 1000);
		} while (++failures < 10);
		assert_in_range(failures, 1, 9);
		assert_int_equal(err, kind == 1);
		blocks__free(b);
		blocks__free(child);
	}
	allowed = 0;
	assert_null(blocks__new(1));
	assert_int_equal(errno, ENOMEM);
	allowed = -1;
	assert_int_equal(outstanding, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_kept_as_it_is),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_missed_free_is_told),
		cmocka_unit_test(a_walk_can_be_stopped),
		cmocka_unit_test(a_fork_goes_its_own_way),
		cmocka_unit_test(a_fork_that_ends_leaves_nothing),
		cmocka_unit_test(sharing_costs_no_more_than_40_bytes),
		cmocka_unit_test(forks_of_forks),
		cmocka_unit_test(a_block_costs_no_more_than_40_bytes),
		cmocka_unit_test(no_stride_is_slow),
		cmocka_unit_test(hostile_addresses_meet_another_seed),
		cmocka_unit_test(random_worlds),
		cmocka_unit_test(random_worlds_without_memory),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

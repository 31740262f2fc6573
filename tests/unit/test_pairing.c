/*
 * test_pairing.c - calls, returns and frees in any order: which blocks are outstanding.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_fn.h"
#include "model/pairing.h"

#define P 0x7f0000001000ull
#define Q 0x7f0000002000ull

static struct pairing *begin(void)
{
	struct pairing *p = pairing__new(1);

	assert_non_null(p);
	return p;
}

static void call_of(struct pairing *p, __u32 tid, __u32 frame, __u64 old, __u64 size, __u16 flags)
{
	struct event_call e = {.e = {.type = EVENT_CALL, .tid = tid, .size = size, .flags = flags},
			       .addr = old,
			       .call = frame};

	assert_int_equal(pairing__call(p, &e), 0);
}

static enum paired return_of(struct pairing *p, __u32 tid, __u32 frame, __u64 addr)
{
	struct event_call e = {
		.e = {.type = EVENT_RETURN, .tid = tid}, .addr = addr, .call = frame};
	struct open_call call;
	struct block block = {};
	enum paired what = pairing__return(p, &e, &call, &block);

	if (what == PAIRED_BLOCK) {
		block.route = addr >> 12 & 3;
		assert_int_equal(pairing__had(p, &block), 0);
	}
	return what;
}

static void given(struct pairing *p, __u64 addr, __u64 size)
{
	call_of(p, 1, 1, 0, size, 0);
	assert_int_equal(return_of(p, 1, 1, addr), PAIRED_BLOCK);
}

static bool freed(struct pairing *p, __u64 addr)
{
	struct block block;
	int found = pairing__freed(p, addr, &block);

	assert_in_range(found, 0, 1);
	if (found)
		assert_int_equal(block.addr, addr);
	return found;
}

static struct blocks_sum total(const struct pairing *p)
{
	struct blocks_sum t = {}, s;

	for (int i = 0; i < ROUTE_COUNT; i++) {
		s = pairing__sum(p, (enum route)i);
		t.blocks += s.blocks;
		t.bytes += s.bytes;
	}
	return t;
}

static void expect_total(const struct pairing *p, __u64 blocks, __u64 bytes)
{
	assert_int_equal(total(p).blocks, blocks);
	assert_int_equal(total(p).bytes, bytes);
}

static void a_block_lives_from_its_return_to_its_free(void **state)
{
	struct pairing *p = begin();

	call_of(p, 1, 5, 0, 100, 0);
	expect_total(p, 0, 0);
	assert_int_equal(pairing__open(p), 1);
	assert_int_equal(return_of(p, 1, 5, P), PAIRED_BLOCK);
	assert_int_equal(pairing__open(p), 0);
	expect_total(p, 1, 100);
	assert_int_equal(pairing__peak(p), 100);
	assert_true(freed(p, P));
	assert_false(freed(p, P));
	assert_false(freed(p, Q));
	expect_total(p, 0, 0);
	assert_int_equal(pairing__peak(p), 100);
	pairing__free(p);
}

/* A handler's calls in the middle of a call, on the same stack and on another one. */
static void calls_nest(void **state)
{
	struct pairing *p = begin();

	call_of(p, 1, 90, 0, 1, 0);
	call_of(p, 1, 50, 0, 2, 0);
	call_of(p, 1, 1000000, 0, 4, 0);
	call_of(p, 2, 50, 0, 8, 0);
	assert_int_equal(return_of(p, 1, 1000000, P), PAIRED_BLOCK);
	expect_total(p, 1, 4);
	assert_int_equal(return_of(p, 2, 50, P + 16), PAIRED_BLOCK);
	expect_total(p, 2, 12);
	assert_int_equal(return_of(p, 1, 50, P + 32), PAIRED_BLOCK);
	expect_total(p, 3, 14);
	assert_int_equal(return_of(p, 1, 90, P + 48), PAIRED_BLOCK);
	expect_total(p, 4, 15);
	pairing__free(p);
}

static void a_return_without_its_call_has_nothing(void **state)
{
	struct pairing *p = begin();

	assert_int_equal(return_of(p, 1, 5, P), PAIRED_NONE);
	call_of(p, 1, 5, 0, 100, 0);
	assert_int_equal(return_of(p, 1, 6, P), PAIRED_NONE);
	assert_int_equal(return_of(p, 2, 5, P), PAIRED_NONE);
	assert_int_equal(return_of(p, 1, 5, P), PAIRED_BLOCK);
	assert_int_equal(return_of(p, 1, 5, P), PAIRED_NONE);
	expect_total(p, 1, 100);
	pairing__free(p);
}

static void realloc_moves_stays_fails_and_frees(void **state)
{
	struct pairing *p = begin();

	given(p, P, 100);
	call_of(p, 1, 1, P, 200, 0); /* moves */
	expect_total(p, 1, 100);
	assert_int_equal(return_of(p, 1, 1, Q), PAIRED_BLOCK);
	expect_total(p, 1, 200);
	assert_false(freed(p, P));
	call_of(p, 1, 1, Q, 50, 0); /* stays */
	assert_int_equal(return_of(p, 1, 1, Q), PAIRED_BLOCK);
	expect_total(p, 1, 50);
	call_of(p, 1, 1, Q, 1ull << 46, 0); /* fails */
	assert_int_equal(return_of(p, 1, 1, 0), PAIRED_FAILED);
	expect_total(p, 1, 50);
	call_of(p, 1, 1, Q, 0, EVENT_F_IMPOSSIBLE); /* fails: its size is none */
	assert_int_equal(return_of(p, 1, 1, 0), PAIRED_FAILED);
	expect_total(p, 1, 50);
	call_of(p, 1, 1, 0, 0, 0); /* of nothing, in vain */
	assert_int_equal(return_of(p, 1, 1, 0), PAIRED_FAILED);
	call_of(p, 1, 1, Q, 0, 0); /* frees */
	assert_int_equal(return_of(p, 1, 1, 0), PAIRED_FREED);
	expect_total(p, 0, 0);
	assert_int_equal(pairing__peak(p), 200);
	pairing__free(p);
}

/* What a realloc has freed another thread may be given before that has returned. */
static void an_address_comes_again_in_the_middle_of_a_realloc(void **state)
{
	struct pairing *p = begin();

	given(p, P, 100);
	call_of(p, 1, 1, P, 200, 0);
	call_of(p, 2, 1, 0, 7, 0);
	assert_int_equal(return_of(p, 2, 1, P), PAIRED_BLOCK);
	expect_total(p, 2, 107);
	assert_true(freed(p, P));
	expect_total(p, 1, 100);
	call_of(p, 2, 1, 0, 9, 0);
	assert_int_equal(return_of(p, 2, 1, P), PAIRED_BLOCK);
	assert_int_equal(return_of(p, 1, 1, Q), PAIRED_BLOCK);
	expect_total(p, 2, 209);
	assert_true(freed(p, P));
	assert_true(freed(p, Q));
	expect_total(p, 0, 0);
	pairing__free(p);
}

/* By longjmp out of a handler: nobody has been told of the block's end. */
static void what_a_call_that_was_left_was_to_resize_is_still_there(void **state)
{
	struct pairing *p = begin();

	given(p, P, 100);
	call_of(p, 1, 40, P, 200, 0);
	expect_total(p, 1, 100);
	/* Found out by the next call from there. */
	call_of(p, 1, 40, 0, 1, 0);
	expect_total(p, 1, 100);
	assert_int_equal(return_of(p, 1, 40, Q), PAIRED_BLOCK);
	expect_total(p, 2, 101);
	/* Or by what becomes of the block. */
	call_of(p, 1, 60, P, 300, 0);
	assert_true(freed(p, P));
	assert_false(freed(p, P));
	expect_total(p, 1, 1);
	call_of(p, 1, 70, Q, 300, 0);
	call_of(p, 1, 80, Q, 400, 0);
	expect_total(p, 1, 1);
	assert_int_equal(return_of(p, 1, 80, Q), PAIRED_BLOCK);
	expect_total(p, 1, 400);
	/* It has been freed and given to somebody else in that call: that is no block any more. */
	call_of(p, 1, 70, 0, 5, 0);
	call_of(p, 1, 60, 0, 5, 0);
	expect_total(p, 1, 400);
	pairing__free(p);
}

static void a_newer_block_is_not_replaced_by_what_was_left(void **state)
{
	struct pairing *p = begin();

	given(p, P, 100);
	call_of(p, 1, 40, P, 200, 0);
	call_of(p, 2, 1, 0, 7, 0);
	assert_int_equal(return_of(p, 2, 1, P), PAIRED_BLOCK);
	call_of(p, 1, 40, 0, 1, 0);
	expect_total(p, 1, 7);
	pairing__free(p);
}

static void a_child_has_what_open_calls_were_to_resize(void **state)
{
	struct pairing *p = begin(), *child;

	given(p, P, 100);
	given(p, Q, 10);
	call_of(p, 2, 40, P, 200, 0);
	child = pairing__fork(p, 1, 9);
	assert_non_null(child);
	expect_total(child, 2, 110);
	assert_int_equal(pairing__peak(child), 110);
	assert_int_equal(pairing__open(child), 0);
	/* Of a thread that it has not. */
	assert_int_equal(return_of(child, 2, 40, P + 64), PAIRED_NONE);
	assert_true(freed(child, P));
	assert_true(freed(child, Q));
	expect_total(child, 0, 0);
	assert_int_equal(return_of(p, 2, 40, P + 64), PAIRED_BLOCK);
	expect_total(p, 2, 210);
	pairing__free(p);
	pairing__free(child);
}

/* From a signal handler: both return from the call. */
static void who_forks_in_a_call_returns_twice(void **state)
{
	struct pairing *p = begin(), *child;

	given(p, P, 100);
	call_of(p, 1, 40, P, 200, 0);
	call_of(p, 1, 30, 0, 8, 0);
	child = pairing__fork(p, 1, 9);
	assert_non_null(child);
	expect_total(child, 1, 100);
	assert_int_equal(pairing__open(child), 2);
	assert_int_equal(return_of(child, 1, 30, Q), PAIRED_NONE);
	assert_int_equal(return_of(child, 9, 30, Q), PAIRED_BLOCK);
	assert_int_equal(return_of(child, 9, 40, P + 64), PAIRED_BLOCK);
	expect_total(child, 2, 208);
	assert_int_equal(return_of(p, 1, 40, 0), PAIRED_FAILED);
	expect_total(p, 1, 100);
	pairing__free(p);
	pairing__free(child);
}

static void what_was_not_read_is_lost(void **state)
{
	struct pairing *p = begin();
	struct event_call e = {.e = {.type = EVENT_RETURN, .tid = 1, .flags = EVENT_F_UNREAD},
			       .call = 1};
	struct open_call call;
	struct block block;

	call_of(p, 1, 1, 0, 100, 0);
	assert_int_equal(pairing__return(p, &e, &call, &block), PAIRED_LOST);
	assert_int_equal(call.request.size, 100);
	pairing__free(p);
}

static void an_address_that_is_none_is_refused(void **state)
{
	struct pairing *p = begin();
	struct block block = {.addr = BLOCK_LIMIT, .size = 1};

	assert_int_equal(pairing__had(p, &block), -ERANGE);
	expect_total(p, 0, 0);
	pairing__free(p);
}

/* Calls that are left without end take bounded memory, and what they were to resize lives. */
static void calls_that_are_left_are_bounded(void **state)
{
	struct pairing *p = begin();
	size_t memory;

	for (__u32 i = 0; i < 100000; i++)
		call_of(p, 1, i, 0, 1, 0);
	memory = pairing__memory(p);
	assert_true(memory < 8 << 20);
	for (__u32 i = 0; i < 40000; i++) {
		given(p, P + 16 * i, 3);
		call_of(p, 1, 200000 + i, P + 16 * i, 1, 0);
	}
	expect_total(p, 40000, 120000);
	for (__u32 i = 0; i < 3000000; i += 100)
		call_of(p, 2, i, 0, 1, 0);
	expect_total(p, 40000, 120000);
	assert_true(pairing__memory(p) < 8 << 20);
	pairing__free(p);
}

/* ---- against the plainest model of it ---- */

#define ADDRS	64
#define THREADS 4
#define FRAMES	8

struct plain {
	__u64 size[ADDRS]; /* 0: none */
	struct {
		bool open, resizes;
		__u64 size, old_size;
		unsigned int old; /* the address, from 1; 0: none */
	} call[THREADS][FRAMES];
};

static __u64 addr_of(unsigned int i)
{
	return P + 4096 * i;
}

/* As the header says it: what an open call has taken is outstanding, and still to be had. */
static bool plain_take(struct plain *m, unsigned int at, __u64 *size)
{
	if (m->size[at]) {
		*size = m->size[at];
		m->size[at] = 0;
		return true;
	}
	for (int t = 0; t < THREADS; t++)
		for (int f = 0; f < FRAMES; f++)
			if (m->call[t][f].open && m->call[t][f].resizes &&
			    m->call[t][f].old == at + 1) {
				m->call[t][f].resizes = false;
				*size = m->call[t][f].old_size;
				return true;
			}
	return false;
}

static void plain_give_back(struct plain *m, int t, int f)
{
	if (m->call[t][f].open && m->call[t][f].resizes && !m->size[m->call[t][f].old - 1])
		m->size[m->call[t][f].old - 1] = m->call[t][f].old_size;
	m->call[t][f].resizes = false;
}

static struct blocks_sum plain_total(const struct plain *m)
{
	struct blocks_sum t = {};

	for (int i = 0; i < ADDRS; i++) {
		t.blocks += m->size[i] != 0;
		t.bytes += m->size[i];
	}
	for (int i = 0; i < THREADS * FRAMES; i++)
		if (m->call[i / FRAMES][i % FRAMES].open &&
		    m->call[i / FRAMES][i % FRAMES].resizes) {
			t.blocks++;
			t.bytes += m->call[i / FRAMES][i % FRAMES].old_size;
		}
	return t;
}

static void plain_call(struct plain *m, struct pairing *p, int t, int f, unsigned int old,
		       __u64 size)
{
	plain_give_back(m, t, f);
	m->call[t][f].open = true;
	m->call[t][f].size = size;
	m->call[t][f].old = old;
	if (old)
		m->call[t][f].resizes = plain_take(m, old - 1, &m->call[t][f].old_size);
	call_of(p, t + 1, f, old ? addr_of(old - 1) : 0, size, 0);
}

static void plain_return(struct plain *m, struct pairing *p, int t, int f, unsigned int had)
{
	enum paired want = PAIRED_NONE;

	if (m->call[t][f].open) {
		want = had					  ? PAIRED_BLOCK
		       : m->call[t][f].old && !m->call[t][f].size ? PAIRED_FREED
								  : PAIRED_FAILED;
		if (want == PAIRED_FAILED)
			plain_give_back(m, t, f);
		if (had)
			m->size[had - 1] = m->call[t][f].size;
		m->call[t][f].open = m->call[t][f].resizes = false;
	}
	assert_int_equal(return_of(p, t + 1, f, had ? addr_of(had - 1) : 0), want);
}

static int sum_block(const struct block *block, void *arg)
{
	struct blocks_sum *s = arg;

	s[block->route].blocks++;
	s[block->route].bytes += block->size;
	return 0;
}

static void check(const struct plain *m, const struct pairing *p)
{
	struct blocks_sum walked[ROUTE_COUNT] = {}, want = plain_total(m);
	__u64 blocks = 0;

	expect_total(p, want.blocks, want.bytes);
	assert_true(pairing__peak(p) >= want.bytes || !want.bytes);
	blocks__walk(pairing__blocks(p), sum_block, walked);
	for (int i = 0; i < ROUTE_COUNT; i++)
		blocks += walked[i].blocks;
	for (int i = 0; i < ADDRS; i++) {
		struct block b;
		bool is = blocks__find(pairing__blocks(p), addr_of(i), &b);

		assert_int_equal(is, m->size[i] != 0);
		if (is)
			assert_int_equal(b.size, m->size[i]);
		blocks -= is;
	}
	assert_int_equal(blocks, 0);
}

static void step(struct plain *m, struct pairing *p)
{
	int t = rand() % THREADS, f = rand() % FRAMES;
	unsigned int at = rand() % ADDRS;
	bool old = rand() % 3 == 0;
	__u64 size;

	switch (rand() % 4) {
	case 0:
		plain_call(m, p, t, f, old ? at + 1 : 0,
			   old && rand() % 4 == 0 ? 0 : 1 + rand() % 99);
		break;
	case 1:
		assert_int_equal(freed(p, addr_of(at)), plain_take(m, at, &size));
		break;
	default:
		/* Never 0 bytes: the plain model has no block of that size. */
		plain_return(m, p, t, f, m->call[t][f].size && rand() % 5 ? at + 1 : 0);
	}
}

static void any_order_is_as_in_a_plain_model(void **state)
{
	srand(7);
	for (int round = 0; round < 60; round++) {
		struct plain m = {}, m2;
		struct pairing *p = begin(), *child;

		for (int i = 0; i < 400; i++) {
			step(&m, p);
			check(&m, p);
		}
		m2 = m;
		/* Its first thread has forked. */
		child = pairing__fork(p, 1, 1);
		assert_non_null(child);
		for (int i = FRAMES; i < THREADS * FRAMES; i++) {
			plain_give_back(&m2, i / FRAMES, i % FRAMES);
			m2.call[i / FRAMES][i % FRAMES].open = false;
		}
		for (int i = 0; i < 400; i++) {
			step(&m, p);
			step(&m2, child);
			check(&m, p);
			check(&m2, child);
		}
		pairing__free(round % 2 ? p : child);
		check(round % 2 ? &m2 : &m, round % 2 ? child : p);
		pairing__free(round % 2 ? child : p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_lives_from_its_return_to_its_free),
		cmocka_unit_test(calls_nest),
		cmocka_unit_test(a_return_without_its_call_has_nothing),
		cmocka_unit_test(realloc_moves_stays_fails_and_frees),
		cmocka_unit_test(an_address_comes_again_in_the_middle_of_a_realloc),
		cmocka_unit_test(what_a_call_that_was_left_was_to_resize_is_still_there),
		cmocka_unit_test(a_newer_block_is_not_replaced_by_what_was_left),
		cmocka_unit_test(a_child_has_what_open_calls_were_to_resize),
		cmocka_unit_test(who_forks_in_a_call_returns_twice),
		cmocka_unit_test(what_was_not_read_is_lost),
		cmocka_unit_test(an_address_that_is_none_is_refused),
		cmocka_unit_test(calls_that_are_left_are_bounded),
		cmocka_unit_test(any_order_is_as_in_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

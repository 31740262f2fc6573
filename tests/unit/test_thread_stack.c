/*
 * test_thread_stack.c - what a thread's descriptor and the list of mappings prove of its stack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/thread_stack.h"

#define PAGE  4096ull
#define AT    0x7f0000000000ull
#define GUARD AT
#define STACK (AT + PAGE)
#define END   (AT + 65 * PAGE)
#define TP    (END - 0x900)
#define RW    (VMA_F_READ | VMA_F_WRITE)

/* A guard and a stack between other memory. */
static void list(struct vma_record vmas[4], struct listed *p)
{
	const struct vma_record standard[4] = {
		{.start = AT - 9 * PAGE, .end = AT - PAGE, .kind = VMA_ANON, .flags = RW},
		{.start = GUARD, .end = STACK, .kind = VMA_ANON},
		{.start = STACK, .end = END, .kind = VMA_ANON, .flags = RW},
		{.start = END + PAGE, .end = END + 9 * PAGE, .kind = VMA_FILE, .flags = RW},
	};

	memcpy(vmas, standard, sizeof(standard));
	*p = (struct listed){.pid = 42, .vmas = vmas, .n_vmas = 4};
}

static bool find(const struct listed *p, __u64 start, __u64 size, struct thread_stack *out)
{
	const __u64 words[] = {TP, 0, TP, 1, 0xdeadbeef, start, size, PAGE, PAGE, 0};

	return thread_stack__in(words, sizeof(words) / sizeof(*words), p, TP, PAGE, out);
}

static void assert_proved(const struct listed *p, __u64 start, __u64 end)
{
	struct thread_stack s = {};

	assert_true(find(p, start, end - start, &s));
	assert_true(s.start == start && s.end == end);
}

static void assert_not_proved(const struct listed *p, __u64 start, __u64 end)
{
	struct thread_stack s;

	assert_false(find(p, start, end - start, &s));
}

static void a_guard_and_the_stack_above_it(void **state)
{
	struct vma_record vmas[4];
	struct listed p;

	list(vmas, &p);
	assert_proved(&p, GUARD, END);
	/* Neighbours of their kinds, which the kernel shows as one with them. */
	vmas[1].start = AT - PAGE;
	assert_proved(&p, GUARD, END);
	vmas[2].end = END + PAGE;
	assert_proved(&p, GUARD, END);
}

static void what_the_mappings_do_not_bear_out_is_not_proved(void **state)
{
	struct vma_record vmas[4];
	struct listed p;

	list(vmas, &p);
	assert_not_proved(&p, GUARD, END + PAGE); /* longer than what is mapped */
	assert_not_proved(&p, AT - PAGE, END);	  /* and at its low end */
	assert_not_proved(&p, STACK + PAGE, END); /* a part of it only */
	assert_not_proved(&p, GUARD, END - PAGE); /* the thread pointer is outside */
	assert_not_proved(&p, END, END + 8 * PAGE);
	assert_not_proved(&p, GUARD + 1, END + 1);
	assert_not_proved(&p, GUARD, GUARD);
	vmas[1].flags = VMA_F_READ;
	assert_not_proved(&p, GUARD, END); /* that is no guard */
	list(vmas, &p);
	vmas[1].kind = VMA_FILE;
	assert_not_proved(&p, GUARD, END);
	list(vmas, &p);
	vmas[1].end -= 1;
	assert_not_proved(&p, GUARD, END); /* a hole */
	list(vmas, &p);
	vmas[2].kind = VMA_HEAP;
	assert_not_proved(&p, GUARD, END);
	list(vmas, &p);
	p.vmas = &vmas[2];
	p.n_vmas = 2;
	assert_not_proved(&p, GUARD, END); /* nothing is below */
	p.n_vmas = 0;
	assert_not_proved(&p, GUARD, END);
}

static void without_a_guard_it_is_all_or_nothing(void **state)
{
	struct vma_record vmas[4];
	struct listed p;

	list(vmas, &p);
	assert_proved(&p, STACK, END);
	vmas[2].end = END + PAGE;
	assert_not_proved(&p, STACK, END); /* in memory that may be anything */
	vmas[2].flags |= VMA_F_NOHUGE;
	assert_proved(&p, STACK, END); /* in memory that is all stacks */
}

static void any_words_are_taken(void **state)
{
	static const __u64 odd[] = {0,	PAGE, ~0ull, ~0ull - PAGE + 1, GUARD, STACK,
				    TP, END,  AT,    65 * PAGE,	       1,     1ull << 63};
	struct vma_record vmas[4];
	struct thread_stack s;
	struct listed p;
	unsigned int seed = 1;

	list(vmas, &p);
	for (int round = 0; round < 100000; round++) {
		__u64 words[6];

		for (int i = 0; i < 6; i++)
			words[i] = odd[rand_r(&seed) % (sizeof(odd) / sizeof(*odd))];
		if (thread_stack__in(words, rand_r(&seed) % 7, &p, TP, PAGE, &s))
			assert_true((s.start == GUARD || s.start == STACK) && s.end == END);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guard_and_the_stack_above_it),
		cmocka_unit_test(what_the_mappings_do_not_bear_out_is_not_proved),
		cmocka_unit_test(without_a_guard_it_is_all_or_nothing),
		cmocka_unit_test(any_words_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_reconcile.c - a ledger against the kernel's list: what is the same, whatever it looks like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_text.h"
#include "model/reconcile.h"
#include "vmas.h"

static int set_up(void **state)
{
	*state = ledger__new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	ledger__free(*state);
	return 0;
}

/* Heap in pages. */
static void compare(struct reconciliation *r, const struct ledger *l, __u64 heap_start,
		    __u64 heap_end, const char *kernel)
{
	struct holdings c = {};
	struct vmas v;

	vmas__of(&v, kernel);
	struct space space = {l, heap_start * PAGE, heap_end * PAGE, NULL};

	assert_int_equal(holdings__build(&c, &space, v.all, v.n), 0);
	reconcile(r, &c, v.all, v.n);
	holdings__clear(&c);
}

/* "4-6 only in the ledger": the differences, in pages. */
static void assert_differences(const struct ledger *l, __u64 heap_start, __u64 heap_end,
			       const char *kernel, const char *wanted)
{
	struct reconciliation r;
	char text[512] = "";
	__u64 bytes = 0;
	size_t used = 0;

	compare(&r, l, heap_start, heap_end, kernel);
	for (size_t i = 0; i < r.differences; i++) {
		used += snprintf(text + used, sizeof(text) - used, "%s%llu-%llu %s", i ? ", " : "",
				 r.listed[i].start / PAGE, r.listed[i].end / PAGE,
				 difference__name(r.listed[i].kind));
		bytes += r.listed[i].end - r.listed[i].start;
	}
	assert_string_equal(text, wanted);
	assert_int_equal(r.difference_bytes, bytes);
}

static void nothing_is_the_same_as_nothing(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct reconciliation r;

	assert_differences(*l, 0, 0, "", "");
	compare(&r, *l, 0, 0, "");
	assert_int_equal(r.ledger_bytes + r.kernel_bytes + r.ledger_regions + r.kernel_mappings, 0);
	/* Not a part of the address space. */
	compare(&r, *l, 0, 0, "100-101 --x [vsyscall]");
	assert_int_equal(r.kernel_bytes + r.kernel_mappings + r.difference_bytes, 0);
}

/* The kernel makes one mapping of neighbours that look alike. */
static void merged_neighbours_are_no_difference(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct reconciliation r;

	do_map(l, 10, 12, CAUSE_MALLOC);
	do_map(l, 12, 15, CAUSE_DIRECT);
	do_map(l, 20, 21, CAUSE_FILE);
	assert_differences(*l, 0, 0, "10-15 rw- 20-21 r-- /f", "");
	compare(&r, *l, 0, 0, "10-15 rw- 20-21 r-- /f");
	assert_int_equal(r.ledger_bytes, 6 * PAGE);
	assert_int_equal(r.kernel_bytes, 6 * PAGE);
	assert_int_equal(r.ledger_regions, 3);
	assert_int_equal(r.kernel_mappings, 2);
}

/* mprotect makes two of one; which access it is does not matter, but that there is one. */
static void split_mappings_are_no_difference(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct reconciliation r;

	do_reserve(l, 10, 20);
	do_protect(l, 10, 13, true);
	assert_differences(*l, 0, 0, "10-13 rw- 13-20 ---", "");
	assert_differences(*l, 0, 0, "10-11 r-- 11-12 --x 12-13 -w- 13-16 --- 16-20 ---", "");
	compare(&r, *l, 0, 0, "10-13 rw- 13-20 ---");
	assert_int_equal(r.ledger_regions, 1);
}

static void what_was_missed_is_told(void **state)
{
	struct ledger **l = (struct ledger **)state;

	do_map(l, 10, 14, CAUSE_DIRECT);
	do_map(l, 20, 24, CAUSE_MALLOC);
	assert_differences(*l, 0, 0, "20-24 rw-", "10-14 only in the ledger");
	assert_differences(*l, 0, 0, "10-12 rw- 13-14 rw- 20-24 rw-", "12-13 only in the ledger");
	assert_differences(*l, 0, 0, "9-24 rw-",
			   "9-10 only in the kernel's list, 14-20 only in the kernel's list");
	assert_differences(*l, 0, 0, "10-14 rw- 20-24 rw- 30-31 r-- /f",
			   "30-31 only in the kernel's list");
	assert_differences(*l, 0, 0, "0-1 rw- 10-14 rw- 20-24 ---",
			   "0-1 only in the kernel's list, 20-24 usable by the ledger only");
	do_protect(l, 20, 22, false);
	assert_differences(*l, 0, 0, "10-14 rw- 20-24 rw-",
			   "20-22 usable by the kernel's list only");
	/* One difference, however many mappings it consists of. */
	assert_differences(*l, 0, 0, "10-14 rw- 20-22 --- 22-24 rw- 40-41 r-- 41-43 rw-",
			   "40-43 only in the kernel's list");
}

static void the_heap_is_by_brk(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct reconciliation r;

	assert_differences(*l, 10, 20, "10-20 rw- [heap]", "");
	assert_differences(*l, 10, 20, "10-15 rw- [heap] 15-20 --- [heap]", "");
	assert_differences(*l, 10, 20, "10-18 rw- [heap]", "18-20 only in the ledger");
	assert_differences(*l, 10, 10, "10-18 rw- [heap]", "10-18 only in the kernel's list");
	/* Without randomisation it begins right behind the program, and is one with its bss. */
	do_map(l, 8, 10, CAUSE_LOADER);
	assert_differences(*l, 10, 20, "8-20 rw- [heap]", "");
	/* A mapping over a part of it is the mapping's. */
	do_map(l, 12, 14, CAUSE_DIRECT);
	assert_differences(*l, 10, 20, "8-20 rw- [heap]", "");
	compare(&r, *l, 10, 20, "8-20 rw- [heap]");
	assert_int_equal(r.ledger_bytes, 12 * PAGE);
	assert_int_equal(r.ledger_regions, 3);
}

/* Only the kernel knows how far they go. */
static void what_no_call_makes_is_as_the_kernel_has_it(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct reconciliation r;

	assert_differences(*l, 0, 0, "90-99 rw- [stack]", "");
	compare(&r, *l, 0, 0, "90-99 rw- [stack] 100-101 --x [uprobes]");
	assert_int_equal(r.ledger_bytes, 10 * PAGE);
	assert_int_equal(r.ledger_regions, 2);
	assert_int_equal(r.difference_bytes, 0);
	/* Split by mprotect: all that is with it and grows down. */
	assert_differences(*l, 0, 0,
			   "88-89 rw- gd 90-92 r-- gd 92-95 rw- [stack] 95-97 rw- gd "
			   "97-98 rw-",
			   "88-89 only in the kernel's list, 97-98 only in the kernel's list");
}

static void a_region_that_grows_down_has_grown(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct region r = in_pages(20, 24, CAUSE_DIRECT, true);
	struct reconciliation result;

	r.grows = true;
	assert_int_equal(ledger__map(l, &r), 0);
	assert_differences(*l, 0, 0, "20-24 rw- gd", "");
	assert_differences(*l, 0, 0, "15-24 rw- gd", "");
	compare(&result, *l, 0, 0, "15-24 rw- gd");
	assert_int_equal(result.ledger_bytes, 9 * PAGE);
	/* Not what stands apart, or does not grow. */
	assert_differences(*l, 0, 0, "15-19 rw- 20-24 rw- gd", "15-19 only in the kernel's list");
	assert_differences(*l, 0, 0, "15-24 rw-", "15-20 only in the kernel's list");
}

static void a_list_is_bounded(void **state)
{
	struct ledger **l = (struct ledger **)state;
	struct reconciliation r;

	for (int i = 0; i < 40; i++)
		do_map(l, 10 + 2 * i, 11 + 2 * i, CAUSE_DIRECT);
	compare(&r, *l, 0, 0, "");
	assert_int_equal(r.differences, 40);
	assert_int_equal(r.difference_bytes, 40 * PAGE);
	assert_int_equal(r.listed[DIFFERENCES_LISTED - 1].start,
			 (10 + 2 * (DIFFERENCES_LISTED - 1)) * PAGE);
}

/* Against the simplest thing that can be right: page by page. */
static void page_by_page_it_is_the_same(void **state)
{
	enum { PAGES = 64 };
	uint64_t seed = 1;

	for (int round = 0; round < 3000; round++) {
		struct ledger *l = ledger__new();
		struct reconciliation r;
		struct holdings c = {};
		struct vma vmas[PAGES];
		int ledger[PAGES] = {}, kernel[PAGES] = {}; /* 0: nothing, 1: closed, 2: open */
		size_t n = 0, differing = 0;

		assert_non_null(l);
		for (int i = 0; i < 12; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			__u64 start = (seed >> 33) % PAGES, end = start + 1 + (seed >> 41) % 9;
			int access = 1 + (seed >> 50 & 1);

			end = end < PAGES ? end : PAGES;
			for (__u64 p = start; p < end; p++) {
				ledger[p] = seed >> 52 & 3 ? access : ledger[p];
				kernel[p] = access;
			}
			struct region region = in_pages(start, end, CAUSE_DIRECT, access == 2);

			if (seed >> 52 & 3)
				assert_int_equal(ledger__map(&l, &region), 0);
		}
		for (int p = 0; p < PAGES; p++) {
			differing += ledger[p] != kernel[p];
			if (!kernel[p])
				continue;
			if (n && vmas[n - 1].end == p * PAGE &&
			    vma__usable(&vmas[n - 1]) == (kernel[p] == 2)) {
				vmas[n - 1].end += PAGE;
				continue;
			}
			vmas[n++] = (struct vma){.start = p * PAGE,
						 .end = (p + 1) * PAGE,
						 .name = "",
						 .perms = {kernel[p] == 2 ? 'r' : '-', '-', '-'}};
		}
		assert_int_equal(holdings__build(&c, &(struct space){l, 0, 0, NULL}, vmas, n), 0);
		reconcile(&r, &c, vmas, n);
		assert_int_equal(r.difference_bytes, differing * PAGE);
		holdings__clear(&c);
		ledger__free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_the_same_as_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(merged_neighbours_are_no_difference, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(split_mappings_are_no_difference, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_was_missed_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_heap_is_by_brk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_no_call_makes_is_as_the_kernel_has_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_region_that_grows_down_has_grown, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_list_is_bounded, set_up, tear_down),
		cmocka_unit_test(page_by_page_it_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

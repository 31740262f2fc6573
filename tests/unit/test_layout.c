/*
 * test_layout.c - mappings cut into segments: what each is, whose, and how much of it is in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_text.h"
#include "model/layout.h"
#include "vmas.h"

struct world {
	struct ledger *ledger;
	struct vmas vmas;
	struct holdings holdings;
	struct layout layout;
};

static void lay_out(struct world *w, __u64 heap_start, __u64 heap_end, const char *kernel)
{
	vmas__of(&w->vmas, kernel);
	holdings__clear(&w->holdings);
	layout__clear(&w->layout);
	assert_int_equal(holdings__build(&w->holdings,
					 &(struct space){w->ledger, heap_start * PAGE,
							 heap_end * PAGE, NULL},
					 w->vmas.all, w->vmas.n),
			 0);
	assert_int_equal(layout__build(&w->layout, &w->holdings, w->vmas.all, w->vmas.n), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->ledger = ledger__new();
	*state = w;
	return w->ledger ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	holdings__clear(&w->holdings);
	layout__clear(&w->layout);
	ledger__free(w->ledger);
	free(w);
	return 0;
}

/* "0-4 text loader /f, ..." */
static void assert_segments(const struct world *w, const char *wanted)
{
	char text[2048] = "";
	size_t used = 0;

	for (size_t i = 0; i < w->layout.n; i++) {
		const struct segment *s = &w->layout.segments[i];

		used += snprintf(text + used, sizeof(text) - used, "%s%llu-%llu %s %s%s%s",
				 i ? ", " : "", s->start / PAGE, s->end / PAGE,
				 segment__name(s->kind), part__name(s->part), *s->name ? " " : "",
				 s->name);
	}
	assert_string_equal(text, wanted);
}

static void a_program_as_exec_and_the_loader_map_it(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 6; i++)
		do_map(&w->ledger, 10 + i, 11 + i, CAUSE_LOADER);
	do_map(&w->ledger, 16, 18, CAUSE_LOADER);
	do_map(&w->ledger, 18, 19, CAUSE_LOADER);
	do_map(&w->ledger, 50, 52, CAUSE_LOADER);
	lay_out(w, 20, 53 - 20,
		"10-11 r-- /a 11-12 r-x /a 12-13 r-- /a 13-14 --- /a 14-15 r-- ac /a 15-16 rw- /a "
		"16-18 rw- 18-19 r-- 20-33 rw- [heap] 50-52 r-x [vdso] 90-99 rw- [stack] "
		"100-101 --x [vsyscall]");
	assert_segments(w, "10-11 rodata loader /a, 11-12 text loader /a, 12-13 rodata loader /a, "
			   "13-14 gap loader /a, 14-15 relro loader /a, 15-16 data loader /a, "
			   "16-18 bss loader /a, 18-19 anonymous loader, 20-33 heap heap [heap], "
			   "50-52 kernel loader [vdso], 90-99 main stack main stack [stack], "
			   "100-101 kernel - [vsyscall]");
}

static void a_merged_mapping_is_cut(void **state)
{
	struct world *w = *state;

	do_map(&w->ledger, 10, 12, CAUSE_MALLOC);
	do_map(&w->ledger, 12, 15, CAUSE_MALLOC);
	do_map(&w->ledger, 15, 16, CAUSE_DIRECT);
	do_map(&w->ledger, 17, 18, CAUSE_UNATTRIBUTED);
	lay_out(w, 0, 0, "10-20 rw-");
	assert_segments(w, "10-12 malloc block malloc, 12-15 malloc block malloc, "
			   "15-16 anonymous direct, 16-17 anonymous missed, "
			   "17-18 anonymous unattributed, 18-20 anonymous missed");
	for (size_t i = 0; i < w->layout.n; i++)
		assert_int_equal(w->layout.segments[i].vma, 0);
}

static void one_region_in_several_mappings(void **state)
{
	struct world *w = *state;

	do_reserve(&w->ledger, 10, 20);
	do_protect(&w->ledger, 10, 13, true);
	do_map(&w->ledger, 30, 40, CAUSE_STACK);
	do_protect(&w->ledger, 30, 31, false);
	lay_out(w, 0, 0, "10-13 rw- 13-20 --- 30-31 --- 31-40 rw-");
	assert_segments(w, "10-13 arena arena, 13-20 arena reserve arena, "
			   "30-31 stack guard stack, 31-40 thread stack stack");
}

static void what_has_grown_is_the_region_s(void **state)
{
	struct world *w = *state;
	struct region r = in_pages(20, 24, CAUSE_DIRECT, true);

	r.grows = true;
	assert_int_equal(ledger__map(&w->ledger, &r), 0);
	do_map(&w->ledger, 10, 12, CAUSE_MALLOC);
	lay_out(w, 0, 0, "10-24 rw- gd");
	assert_segments(w, "10-12 malloc block malloc, 12-24 anonymous direct");
}

static void what_has_gone_is_no_segment(void **state)
{
	struct world *w = *state;

	do_map(&w->ledger, 10, 12, CAUSE_DIRECT);
	do_map(&w->ledger, 20, 22, CAUSE_FILE);
	lay_out(w, 0, 0, "11-12 rw- 21-23 r-- /f");
	assert_segments(w, "11-12 anonymous direct, 21-22 file file /f, 22-23 file missed /f");
}

static void what_a_region_knows_its_segments_know(void **state)
{
	struct world *w = *state;
	struct region r = in_pages(10, 12, CAUSE_MALLOC, true);

	r.born_ns = 77;
	r.request = 5000;
	r.caller = 3;
	assert_int_equal(ledger__map(&w->ledger, &r), 0);
	lay_out(w, 0, 0, "10-13 rw-");
	assert_int_equal(w->layout.segments[0].born_ns, 77);
	assert_int_equal(w->layout.segments[0].request, 5000);
	assert_int_equal(w->layout.segments[0].caller, 3);
	assert_int_equal(w->layout.segments[1].born_ns, 0);
	assert_int_equal(w->layout.segments[1].request, 0);
}

/* ---- resident ---- */

static unsigned int counted;

/* Every second page. */
static int every_second(__u64 start, __u64 end, __u64 *bytes, void *arg)
{
	*bytes = 0;
	for (__u64 page = start / PAGE; page < end / PAGE; page++)
		*bytes += page % 2 ? PAGE : 0;
	counted++;
	return arg ? -1 : 0;
}

static void assert_resident(const struct world *w, const char *wanted)
{
	char text[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < w->layout.n; i++) {
		const struct segment *s = &w->layout.segments[i];

		if (s->rss_known)
			used += snprintf(text + used, sizeof(text) - used, "%s%llu", i ? " " : "",
					 s->rss_bytes / PAGE);
		else
			used += snprintf(text + used, sizeof(text) - used, "%s?", i ? " " : "");
	}
	assert_string_equal(text, wanted);
}

static void a_whole_mapping_is_as_the_kernel_says(void **state)
{
	struct world *w = *state;

	do_map(&w->ledger, 10, 14, CAUSE_MALLOC);
	do_map(&w->ledger, 20, 24, CAUSE_MALLOC);
	lay_out(w, 0, 0, "10-14 rw- 20-24 rw-");
	w->vmas.all[0].rss_bytes = 3 * PAGE;
	counted = 0;
	layout__resident(&w->layout, w->vmas.all, every_second, NULL);
	assert_resident(w, "3 0");
	assert_int_equal(counted, 0);
}

static void a_shared_one_is_split_exactly_or_not(void **state)
{
	struct world *w = *state;
	int not_now;

	do_map(&w->ledger, 10, 14, CAUSE_MALLOC);
	do_map(&w->ledger, 14, 20, CAUSE_DIRECT);
	lay_out(w, 0, 0, "10-20 rw-");
	w->vmas.all[0].rss_bytes = 5 * PAGE;
	layout__resident(&w->layout, w->vmas.all, every_second, NULL);
	assert_resident(w, "2 3");
	/* They do not add up: it has changed, or pages count that RSS leaves out. */
	w->vmas.all[0].rss_bytes = 4 * PAGE;
	layout__resident(&w->layout, w->vmas.all, every_second, NULL);
	assert_resident(w, "? ?");
	w->vmas.all[0].rss_bytes = 5 * PAGE;
	layout__resident(&w->layout, w->vmas.all, every_second, &not_now);
	assert_resident(w, "? ?");
	/* Of nothing each has nothing, and nobody is asked. */
	w->vmas.all[0].rss_bytes = 0;
	counted = 0;
	layout__resident(&w->layout, w->vmas.all, every_second, &not_now);
	assert_resident(w, "0 0");
	assert_int_equal(counted, 0);
}

static void totals(void **state)
{
	struct world *w = *state;
	struct part_total t[PART_COUNT];

	do_map(&w->ledger, 10, 14, CAUSE_MALLOC);
	do_map(&w->ledger, 14, 20, CAUSE_DIRECT);
	do_map(&w->ledger, 30, 31, CAUSE_MALLOC);
	do_reserve(&w->ledger, 40, 48);
	lay_out(w, 50, 55,
		"10-20 rw- 30-31 rw- 40-48 --- 50-55 rw- [heap] 60-61 r-- 90-92 rw- [stack] "
		"100-101 --x [vsyscall]");
	w->vmas.all[0].rss_bytes = 4 * PAGE; /* cannot be split */
	w->vmas.all[1].rss_bytes = PAGE;
	w->vmas.all[3].rss_bytes = 2 * PAGE;
	layout__resident(&w->layout, w->vmas.all, every_second, NULL);
	layout__totals(&w->layout, t);
	assert_int_equal(t[CAUSE_MALLOC].segments, 2);
	assert_int_equal(t[CAUSE_MALLOC].bytes, 5 * PAGE);
	assert_false(t[CAUSE_MALLOC].rss_known);
	assert_false(t[CAUSE_DIRECT].rss_known);
	assert_int_equal(t[CAUSE_ARENA].bytes, 8 * PAGE);
	assert_int_equal(t[CAUSE_ARENA].usable_bytes, 0);
	assert_true(t[CAUSE_ARENA].rss_known);
	assert_int_equal(t[PART_HEAP].bytes, 5 * PAGE);
	assert_int_equal(t[PART_HEAP].rss_bytes, 2 * PAGE);
	assert_int_equal(t[PART_MAIN_STACK].bytes, 2 * PAGE);
	assert_int_equal(t[PART_MISSED].bytes, PAGE);
	assert_int_equal(t[CAUSE_FILE].segments, 0);
}

static void threads_find_their_stacks(void **state)
{
	struct world *w = *state;

	do_map(&w->ledger, 10, 20, CAUSE_STACK);
	do_map(&w->ledger, 20, 30, CAUSE_DIRECT);
	lay_out(w, 0, 0, "10-20 rw- 20-30 rw- 40-41 rw- [stack]");
	layout__thread(&w->layout, 7, 19 * PAGE + 8);
	layout__thread(&w->layout, 8, 25 * PAGE); /* a coroutine's: it may be anybody's */
	layout__thread(&w->layout, 9, 35 * PAGE);
	layout__thread(&w->layout, 9, 0);
	layout__thread(&w->layout, 9, UINT64_MAX);
	assert_int_equal(w->layout.segments[0].tid, 7);
	assert_int_equal(w->layout.segments[1].tid, 0);
	assert_int_equal(w->layout.segments[2].tid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_as_exec_and_the_loader_map_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_merged_mapping_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_region_in_several_mappings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_grown_is_the_region_s, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_gone_is_no_segment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_region_knows_its_segments_know, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_whole_mapping_is_as_the_kernel_says, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_shared_one_is_split_exactly_or_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(totals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(threads_find_their_stacks, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

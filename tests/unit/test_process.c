/*
 * test_process.c - one process's numbers: what each kind of event adds, one by one or as a cell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "render/route.h"

static struct process *new_process(void)
{
	struct process *p = process__new(1, 0);

	assert_non_null(p);
	return p;
}

static void count(struct process *p, __u8 type, __u8 op, enum cause cause, __u64 size, __u64 calls)
{
	struct count c = {.type = type,
			  .op = op,
			  .bucket = size_bucket(size),
			  .cause = cause,
			  .calls = calls,
			  .bytes = size * calls};

	assert_int_equal(process__count(p, &c), 0);
}

/* Counts alone: no pointers, no row of its own. */
static void assert_same_counts(const struct process *a, const struct process *b)
{
	struct process_stats x = a->stats, y = b->stats;

	x.histograms = y.histograms = NULL;
	x.callers = y.callers = NULL;
	x.malloc.earlier = y.malloc.earlier = 0; /* no count */
	assert_memory_equal(&x, &y, sizeof(x));
	if (x.n_callers)
		assert_memory_equal(a->callers.entries, b->callers.entries,
				    x.n_callers * sizeof(*x.callers));
	assert_memory_equal(a->histograms, b->histograms, sizeof(*a->histograms));
	assert_int_equal(process__beyond(a), process__beyond(b));
}

/* Every type with every op, flag and cause: seven events and one cell of seven are the same. */
static void a_cell_is_so_many_events(void **state)
{
	static const __u8 ops[EVENT_TYPE_END] = {
		[EVENT_MALLOC] = FN_COUNT,
		[EVENT_BRK] = BRK_OP_COUNT,
		[EVENT_MMAP] = MAP_OP_COUNT,
		[EVENT_MUNMAP] = MAP_OP_COUNT,
		[EVENT_MREMAP] = REMAP_OP_COUNT,
		[EVENT_MPROTECT] = MAP_OP_COUNT,
		[EVENT_FORK] = 1,
		[EVENT_EXEC] = 1,
		[EVENT_EXIT] = 1,
		[EVENT_SHMAT] = 1,
		[EVENT_SHMDT] = 1,
		[EVENT_ROUTE] = 1,
		[EVENT_FREE] = 1,
	};

	for (__u8 type = 1; type < EVENT_TYPE_END; type++) {
		struct process *one, *seven;

		if (!ops[type])
			continue; /* it comes as an event only */
		one = new_process();
		seven = new_process();

		for (__u8 op = 0; op < ops[type]; op++)
			for (__u8 flags = 0; flags < 4; flags++)
				for (int cause = 0; cause < CAUSE_COUNT; cause++) {
					struct count c = {type, op, flags, 12, cause,
							  op,	1,  4000,  1,  4000};

					for (int i = 0; i < 7; i++)
						assert_int_equal(process__count(one, &c), 0);
					c.calls *= 7;
					c.bytes *= 7;
					c.beyond *= 7;
					c.beyond_bytes *= 7;
					assert_int_equal(process__count(seven, &c), 0);
				}
		assert_same_counts(one, seven);
		process__extrapolate(one);
		process__extrapolate(seven);
		assert_same_counts(one, seven);
		process__free(one);
		process__free(seven);
	}
}

static void malloc_calls_count_by_function(void **state)
{
	struct process *p = new_process();
	struct count flagged = {.type = EVENT_MALLOC, .op = FN_REALLOC, .calls = 2, .bytes = 6000};

	count(p, EVENT_MALLOC, FN_MALLOC, 0, 24, 3);
	count(p, EVENT_MALLOC, FN_CALLOC, 0, 100, 1);
	flagged.flags = EVENT_F_KEEPS_MAPPING;
	flagged.bucket = size_bucket(3000);
	assert_int_equal(process__count(p, &flagged), 0);
	flagged.flags = EVENT_F_KEPT; /* of calls that are counted */
	flagged.calls = 1;
	flagged.bytes = 3000;
	assert_int_equal(process__count(p, &flagged), 0);
	flagged = (struct count){.type = EVENT_MALLOC, .op = FN_CALLOC, .calls = 4};
	flagged.flags = EVENT_F_IMPOSSIBLE;
	assert_int_equal(process__count(p, &flagged), 0);

	assert_int_equal(p->stats.malloc.calls, 10);
	assert_int_equal(p->stats.malloc.bytes, 72 + 100 + 6000);
	assert_int_equal(p->stats.malloc.impossible, 4);
	assert_int_equal(p->stats.malloc.by_function[FN_MALLOC].calls, 3);
	assert_int_equal(p->stats.malloc.by_function[FN_MALLOC].bytes, 72);
	assert_int_equal(p->stats.malloc.by_function[FN_CALLOC].calls, 5);
	assert_int_equal(p->stats.malloc.by_function[FN_REALLOC].bytes, 6000);
	assert_int_equal(p->stats.malloc.route_mmap.calls, 3);
	assert_int_equal(p->stats.malloc.route_mmap.bytes, 9000);
	assert_int_equal(p->histograms->malloc_size[5].calls, 3);
	assert_int_equal(p->histograms->malloc_size[0].calls, 4);
	assert_int_equal(p->histograms->malloc_size[12].calls, 2);
	assert_int_equal(p->histograms->malloc_size[12].mmap, 3);
	assert_ptr_equal(p->stats.histograms, p->histograms);
	process__free(p);
}

/* Five requests for 4 EiB are no request for 4 EiB. */
static void bytes_do_not_wrap(void **state)
{
	struct process *p = new_process(), *sum = new_process();
	const __u64 huge = 1ull << 62;

	for (int i = 0; i < 3; i++)
		count(p, EVENT_MALLOC, FN_MALLOC, 0, huge, 1);
	assert_int_equal(p->stats.malloc.bytes, 3 * huge);
	assert_int_equal(process__add_counts(sum, p), 0);
	assert_int_equal(process__add_counts(sum, p), 0);
	assert_int_equal(sum->stats.malloc.bytes, BYTES_MOST);
	assert_int_equal(sum->stats.malloc.by_function[FN_MALLOC].bytes, BYTES_MOST);
	for (int i = 0; i < 2; i++)
		count(p, EVENT_MALLOC, FN_MALLOC, 0, huge, 1);
	count(p, EVENT_MALLOC, FN_MALLOC, 0, 24, 1);
	assert_int_equal(p->stats.malloc.bytes, BYTES_MOST);
	assert_int_equal(p->stats.malloc.by_function[FN_MALLOC].bytes, BYTES_MOST);
	assert_int_equal(route__of(&p->stats).heap.bytes, BYTES_MOST);
	assert_int_equal(bytes_times(huge, 3), 3 * huge); /* an estimate's */
	assert_int_equal(bytes_times(huge, 4), BYTES_MOST);
	assert_int_equal(bytes_times(huge, 0), 0);
	process__free(sum);
	process__free(p);
}

static void a_route_is_no_call(void **state)
{
	struct process *p = new_process();

	count(p, EVENT_ROUTE, 0, CAUSE_MALLOC, 200000, 2);
	count(p, EVENT_ROUTE, 0, CAUSE_ARENA, 100, 3);
	count(p, EVENT_ROUTE, 0, CAUSE_DIRECT, 100, 5);
	count(p, EVENT_ROUTE, 0, CAUSE_UNATTRIBUTED, 100, 7);
	assert_int_equal(p->stats.malloc.calls, 0);
	assert_int_equal(p->stats.malloc.route_mmap.calls, 2);
	assert_int_equal(p->stats.malloc.route_mmap.bytes, 400000);
	assert_int_equal(p->stats.malloc.route_arena.calls, 3);
	assert_int_equal(p->stats.malloc.route_arena.bytes, 300);
	assert_int_equal(p->histograms->malloc_size[18].mmap, 2);
	assert_int_equal(p->histograms->malloc_size[7].arena, 3);
	assert_int_equal(p->histograms->malloc_size[7].calls, 0);
	process__free(p);
}

static void brk_counts_by_outcome(void **state)
{
	struct process *p = new_process();

	count(p, EVENT_BRK, BRK_GROW, 0, 135168, 2);
	count(p, EVENT_BRK, BRK_SHRINK, 0, 4096, 1);
	count(p, EVENT_BRK, BRK_QUERY, 0, 0, 5);
	count(p, EVENT_BRK, BRK_FAILED, 0, 0, 4);
	assert_int_equal(p->stats.heap.grow.calls, 2);
	assert_int_equal(p->stats.heap.grow.bytes, 270336);
	assert_int_equal(p->stats.heap.shrink.calls, 1);
	assert_int_equal(p->stats.heap.shrink.bytes, 4096);
	assert_int_equal(p->stats.heap.query_calls, 5);
	assert_int_equal(p->stats.heap.failed_calls, 4);
	assert_int_equal(p->histograms->brk_grow[18], 2);
	assert_int_equal(p->histograms->brk_grow[12], 0);
	assert_int_equal(p->histograms->brk_grow[0], 0);
	assert_int_equal(stats__brk_calls(&p->stats), 12);
	process__free(p);
}

static void mappings_count_by_cause(void **state)
{
	struct process *p = new_process();

	for (int cause = 0; cause < CAUSE_COUNT; cause++)
		count(p, EVENT_MMAP, MAP_OK, cause, 8192, cause + 1);
	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		assert_int_equal(p->stats.mapped[cause].calls, cause + 1);
		assert_int_equal(p->stats.mapped[cause].bytes, 8192 * (cause + 1));
		assert_int_equal(p->histograms->mmap_size[13][cause], cause + 1);
	}
	assert_int_equal(stats__mmap_calls(&p->stats), 28);
	count(p, EVENT_MMAP, MAP_REFUSED, CAUSE_DIRECT, 0, 3);
	count(p, EVENT_MUNMAP, MAP_REFUSED, 0, 0, 4);
	count(p, EVENT_MREMAP, REMAP_REFUSED, 0, 0, 5);
	count(p, EVENT_MPROTECT, MAP_REFUSED, 0, 0, 6);
	assert_int_equal(p->stats.mmap_failed, 12);
	assert_int_equal(stats__mmap_calls(&p->stats), 28);
	count(p, EVENT_MUNMAP, MAP_OK, 0, 8192, 2);
	assert_int_equal(p->stats.munmap.calls, 2);
	assert_int_equal(p->stats.munmap.bytes, 16384);
	process__free(p);
}

static void mremap_counts_what_it_moved_by(void **state)
{
	struct process *p = new_process();

	count(p, EVENT_MREMAP, REMAP_GROW, CAUSE_MALLOC, 4096, 2);
	count(p, EVENT_MREMAP, REMAP_SHRINK, CAUSE_MALLOC, 12288, 1);
	count(p, EVENT_MREMAP, REMAP_SAME, CAUSE_MALLOC, 0, 3);
	assert_int_equal(p->stats.mremap.calls, 6);
	assert_int_equal(p->stats.mremap.grow_bytes, 8192);
	assert_int_equal(p->stats.mremap.shrink_bytes, 12288);
	assert_int_equal(stats__mmap_calls(&p->stats), 0);
	process__free(p);
}

/* Then a call may have got nothing; not so by what the program itself has been refused. */
static void what_malloc_is_refused_is_kept(void **state)
{
	struct process *p = new_process(), *sum = new_process();

	count(p, EVENT_MMAP, MAP_REFUSED, CAUSE_DIRECT, 0, 1);
	assert_false(p->stats.malloc.refused);
	count(p, EVENT_MMAP, MAP_REFUSED, CAUSE_MALLOC, 0, 1);
	assert_true(p->stats.malloc.refused);
	assert_int_equal(process__add_counts(sum, p), 0);
	assert_true(sum->stats.malloc.refused);
	process__free(p);
	process__free(sum);

	p = new_process();
	p->told = true; /* by its allocator, of each call */
	count(p, EVENT_MMAP, MAP_REFUSED, CAUSE_ARENA, 0, 1);
	assert_false(p->stats.malloc.refused);
	process__free(p);
}

/* Only a process that has never had an arena can say that what is not mmap is heap. */
static void an_arena_ends_the_split(void **state)
{
	struct process *p = new_process();

	assert_true(p->stats.malloc.arena_split);
	count(p, EVENT_MMAP, MAP_REFUSED, CAUSE_ARENA, 0, 1);
	count(p, EVENT_MMAP, MAP_OK, CAUSE_MALLOC, 4096, 1);
	assert_true(p->stats.malloc.arena_split);
	count(p, EVENT_MMAP, MAP_OK, CAUSE_ARENA, 4096, 1);
	assert_false(p->stats.malloc.arena_split);
	process__free(p);

	p = new_process();
	struct region r = {.start = 0x4000000, .end = 0x8000000, .cause = CAUSE_ARENA};

	assert_int_equal(ledger__map(&p->ledger, &r), 0);
	process__update_live(p);
	assert_false(p->stats.malloc.arena_split);
	process__free(p);
}

static void served_by(const struct process *p, const char *name, __u64 heap, __u64 arena,
		      __u64 elsewhere)
{
	struct routes r = route__of(&p->stats), bucket;

	assert_string_equal(route__heap_name(&r), name);
	assert_int_equal(r.heap.calls, heap);
	assert_int_equal(r.arena.calls, arena);
	assert_int_equal(r.unknown.calls, elsewhere);
	bucket = route__in_bucket(&p->stats, size_bucket(100));
	assert_int_equal(bucket.heap.calls, heap);
	assert_int_equal(bucket.unknown.calls, elsewhere);
}

/* A pool in .bss: none of it is the heap's, which never had a byte. */
static void without_a_heap_nobody_has_of_it(void **state)
{
	struct process *p = new_process();

	p->stats.allocator = ALLOCATOR_OTHER;
	process__set_heap(p, 0x10000, 0x10000, PAGE);
	count(p, EVENT_MALLOC, FN_MALLOC, 0, 100, 5);
	served_by(p, "heap", 0, 0, 5);
	count(p, EVENT_MMAP, MAP_OK, CAUSE_ARENA, 4096, 1);
	served_by(p, "arena or elsewhere", 5, 0, 0);
	assert_true(route__told(&(struct routes){.known = true, .served = true, .rest = 12},
				ROUTE_HEAP));
	count(p, EVENT_MMAP, MAP_REFUSED, CAUSE_ARENA, 0, 1);
	served_by(p, "arena, elsewhere or failed", 5, 0, 0);
	process__set_heap(p, 0x10000, 0x12000, PAGE);
	process__set_heap(p, 0x10000, 0x10000, PAGE); /* it had one */
	served_by(p, "heap, arena, elsewhere or failed", 5, 0, 0);
	process__free(p);
}

/* A libc's blocks are the heap's or in an arena; others' may be where they were before. */
static void what_may_serve_depends_on_whose_it_is(void **state)
{
	struct process *p = new_process();

	p->stats.allocator = ALLOCATOR_GLIBC;
	process__set_heap(p, 0x10000, 0x12000, PAGE);
	count(p, EVENT_MALLOC, FN_MALLOC, 0, 100, 5);
	served_by(p, "heap", 5, 0, 0);
	p->stats.allocator = ALLOCATOR_TCMALLOC;
	served_by(p, "heap or elsewhere", 5, 0, 0);
	p->stats.paired.complete = true;
	served_by(p, "heap", 5, 0, 0);
	p->stats.allocator = ALLOCATOR_OTHER;
	served_by(p, "heap or elsewhere", 5, 0, 0);
	process__free(p);

	p = new_process();
	p->stats.allocator = ALLOCATOR_JEMALLOC;
	p->stats.paired.complete = true;
	process__set_heap(p, 0x10000, 0x10000, PAGE);
	count(p, EVENT_MMAP, MAP_OK, CAUSE_ARENA, 4096, 1);
	count(p, EVENT_MALLOC, FN_MALLOC, 0, 100, 5);
	served_by(p, "heap", 0, 5, 0);
	p->stats.malloc.earlier = 1 << ROUTE_HEAP; /* of the program before its exec */
	served_by(p, "heap or arena", 5, 0, 0);
	process__free(p);
}

/* Sums over two of each, whatever it was. */
static void counts_add_up(void **state)
{
	struct process *a = new_process(), *b = new_process(), *sum = new_process();

	for (__u8 type = 1; type < EVENT_TYPE_END; type++)
		for (int i = 0; i < 4; i++) {
			struct count c = {.type = type,
					  .op = type == EVENT_MALLOC || type == EVENT_BRK ||
								type == EVENT_MREMAP
							? i
							: i % 2,
					  .flags = i,
					  .bucket = type + i,
					  .cause = i == 1 ? CAUSE_DIRECT
						   : i	  ? CAUSE_MALLOC
							  : CAUSE_ARENA,
					  .caller = i,
					  .calls = type + i,
					  .bytes = 100 * type + i};

			assert_int_equal(process__count(a, &c), 0);
			assert_int_equal(process__count(sum, &c), 0);
			c.calls *= 3;
			c.bytes *= 5;
			assert_int_equal(process__count(b, &c), 0);
			assert_int_equal(process__count(sum, &c), 0);
		}
	assert_int_equal(process__add_counts(a, b), 0);
	assert_same_counts(a, sum);
	process__free(a);
	process__free(b);
	process__free(sum);
}

static void to_add_an_idle_one_changes_nothing(void **state)
{
	struct process *idle = new_process(), *p = new_process(), *same = new_process();

	count(p, EVENT_MALLOC, FN_MALLOC, 0, 10, 1);
	count(same, EVENT_MALLOC, FN_MALLOC, 0, 10, 1);
	assert_int_equal(process__add_counts(p, idle), 0);
	assert_same_counts(p, same);
	assert_null(idle->histograms);
	process__free(idle);
	process__free(p);
	process__free(same);
}

static void the_heap_is_whole_pages(void **state)
{
	struct process *p = new_process();

	process__set_heap(p, 0x10001, 0x12001, PAGE);
	assert_true(p->stats.heap.known);
	assert_int_equal(p->stats.heap.start, 0x11000);
	assert_int_equal(p->stats.heap.end, 0x13000);
	assert_int_equal(stats__heap_bytes(&p->stats), 0x2000);
	process__set_heap(p, 0x10000, 0x10000, PAGE);
	assert_int_equal(stats__heap_bytes(&p->stats), 0);
	assert_int_equal(p->stats.heap.peak_bytes, 0x2000);
	/* An end before the start is no heap of 2^64 bytes. */
	process__set_heap(p, 0x20000, 0x10000, PAGE);
	assert_int_equal(stats__heap_bytes(&p->stats), 0);
	process__set_heap(p, 0x10000, 0x20000, 0x10000);
	assert_int_equal(stats__heap_bytes(&p->stats), 0x10000);
	process__free(p);
}

static void peaks_stay_until_forgotten(void **state)
{
	struct process *p = new_process();
	struct region r = {.start = 0x1000, .end = 0x5000, .cause = CAUSE_DIRECT, .usable = true};

	assert_int_equal(ledger__map(&p->ledger, &r), 0);
	process__update_live(p);
	assert_int_equal(ledger__unmap(&p->ledger, 0x2000, 0x5000), 0);
	process__update_live(p);
	process__set_heap(p, 0x1000, 0x3000, PAGE);
	process__set_heap(p, 0x1000, 0x2000, PAGE);
	assert_int_equal(p->stats.mapped[CAUSE_DIRECT].live_bytes, 0x1000);
	assert_int_equal(p->stats.mapped[CAUSE_DIRECT].peak_bytes, 0x4000);
	assert_int_equal(p->stats.heap.peak_bytes, 0x2000);
	process__forget_peaks(p);
	process__update_live(p);
	process__set_heap(p, 0x1000, 0x2000, PAGE);
	assert_int_equal(p->stats.mapped[CAUSE_DIRECT].peak_bytes, 0x1000);
	assert_int_equal(p->stats.heap.peak_bytes, 0x1000);
	process__free(p);
}

static void live_numbers_come_from_the_ledger(void **state)
{
	struct process *p = new_process();
	struct region r = {.start = 0x4000000, .end = 0x8000000, .cause = CAUSE_ARENA};

	assert_int_equal(ledger__map(&p->ledger, &r), 0);
	assert_int_equal(ledger__protect(&p->ledger, 0x4000000, 0x4021000, true), 0);
	p->image_bytes = 0x9000;
	p->image_regions = 3;
	process__update_live(p);
	assert_int_equal(p->stats.mapped[CAUSE_ARENA].live_bytes, 0x4000000);
	assert_int_equal(p->stats.mapped[CAUSE_ARENA].usable_bytes, 0x21000);
	assert_int_equal(p->stats.mapped[CAUSE_ARENA].live_regions, 1);
	assert_int_equal(p->stats.mapped[CAUSE_LOADER].live_bytes, 0x9000);
	assert_int_equal(p->stats.mapped[CAUSE_LOADER].usable_bytes, 0x9000);
	assert_int_equal(p->stats.mapped[CAUSE_LOADER].live_regions, 3);
	process__set_heap(p, 0, 0x5000, PAGE);
	/* What is reserved of an arena is not memory. */
	assert_int_equal(stats__memory(&p->stats), 0x21000 + 0x5000);
	process__set_baseline(p);
	assert_int_equal(p->last.memory, 0x26000);
	process__free(p);
}

static void stale_or_unseen_is_not_known(void **state)
{
	struct process *p = new_process();

	process__update_live(p);
	assert_true(p->stats.live_known);
	p->stale = true;
	process__update_live(p);
	assert_false(p->stats.live_known);
	p->stale = false;
	p->unseen = true;
	process__update_live(p);
	assert_false(p->stats.live_known);
	process__free(p);
	process__free(NULL);
}

static void text_is_a_copy(void **state)
{
	char name[] = "/bin/true";
	const char *field = NULL;

	assert_int_equal(process__set_text(&field, name), 0);
	name[1] = 'x';
	assert_string_equal(field, "/bin/true");
	assert_int_equal(process__set_text(&field, field), 0);
	assert_string_equal(field, "/bin/true");
	assert_int_equal(process__set_text(&field, NULL), 0);
	assert_null(field);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_is_so_many_events),
		cmocka_unit_test(malloc_calls_count_by_function),
		cmocka_unit_test(bytes_do_not_wrap),
		cmocka_unit_test(a_route_is_no_call),
		cmocka_unit_test(brk_counts_by_outcome),
		cmocka_unit_test(mappings_count_by_cause),
		cmocka_unit_test(mremap_counts_what_it_moved_by),
		cmocka_unit_test(what_malloc_is_refused_is_kept),
		cmocka_unit_test(an_arena_ends_the_split),
		cmocka_unit_test(without_a_heap_nobody_has_of_it),
		cmocka_unit_test(what_may_serve_depends_on_whose_it_is),
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(to_add_an_idle_one_changes_nothing),
		cmocka_unit_test(the_heap_is_whole_pages),
		cmocka_unit_test(peaks_stay_until_forgotten),
		cmocka_unit_test(live_numbers_come_from_the_ledger),
		cmocka_unit_test(stale_or_unseen_is_not_known),
		cmocka_unit_test(text_is_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_evidence.c - what a list of mappings proves about how they came, and what it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/evidence.h"

#define MIB  (1ull << 20)
#define HEAP (64 * MIB)
#define AT   (0x7f0000000000ull) /* on a boundary of 64 MiB */

/* perms as in /proc/PID/maps; ino 0: no file */
static struct mapping mapping(__u64 start, __u64 end, const char *perms, __u64 ino)
{
	return (struct mapping){.start = start,
				.end = end,
				.ino = ino,
				.dev = ino ? 0x800001 : 0,
				.kind = ino ? MAPPING_FILE : MAPPING_ANON,
				.readable = perms[0] == 'r',
				.writable = perms[1] == 'w',
				.executable = perms[2] == 'x'};
}

/* Proved to be the open part of one of malloc's heaps. */
static struct mapping open_part(__u64 start, __u64 end)
{
	struct mapping m = mapping(start, end, "rw-", 0);

	m.kind = MAPPING_ARENA;
	return m;
}

/* "start-end cause", with "-" where there is no access and "+" where it is the rest of one. */
static void assert_regions(const struct mapping *maps, size_t n, const char *wanted)
{
	struct region *out = calloc(n ? n : 1, sizeof(*out));
	char text[1024] = "";
	size_t count, at = 0;

	assert_non_null(out);
	assert_int_equal(evidence__regions(maps, n, out, &count), 0);
	assert_true(count <= n);
	for (size_t i = 0; i < count; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s%llx-%llx %s%s%s", i ? ", " : "",
			       out[i].start, out[i].end, cause__name(out[i].cause),
			       out[i].usable ? "" : "-", out[i].continued ? "+" : "");
	free(out);
	assert_string_equal(text, wanted);
}

#define ASSERT_REGIONS(maps, wanted) assert_regions(maps, sizeof(maps) / sizeof(*(maps)), wanted)

static void images_are_the_loaders(void **state)
{
	const struct mapping maps[] = {
		mapping(0x1000, 0x2000, "r--", 7), mapping(0x2000, 0x3000, "r-x", 7),
		mapping(0x3000, 0x4000, "---", 7), mapping(0x4000, 0x5000, "rw-", 7),
		mapping(0x8000, 0x9000, "r--", 8),
	};

	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 loader-, "
			     "4000-5000 loader, 8000-9000 file");
}

/* The same number on another device is another file. */
static void a_file_is_known_by_device_and_number(void **state)
{
	struct mapping maps[] = {
		mapping(0x1000, 0x2000, "r-x", 7),
		mapping(0x2000, 0x3000, "rw-", 7),
	};

	maps[1].dev++;
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 file");
	/* Memory without a file that may be run is no program. */
	maps[0] = mapping(0x1000, 0x2000, "rwx", 0);
	maps[1] = mapping(0x2000, 0x3000, "rw-", 0);
	ASSERT_REGIONS(maps, "1000-2000 unattributed, 2000-3000 unattributed");
}

static void bss_is_behind_written_data(void **state)
{
	struct mapping maps[] = {
		mapping(0x1000, 0x2000, "r-x", 7),
		mapping(0x2000, 0x3000, "rw-", 7),
		mapping(0x3000, 0x4000, "rw-", 0),
		mapping(0x4000, 0x5000, "rw-", 0),
	};

	/* How far it goes only the file tells. */
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 unattributed, "
			     "4000-5000 unattributed");
	maps[1].bss_end = 0x3800;
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 unattributed, "
			     "4000-5000 unattributed");
	maps[1].bss_end = 0x4000;
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 loader, "
			     "4000-5000 unattributed");
	maps[2].start += 0x100;
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3100-4000 unattributed, "
			     "4000-5000 unattributed");
	maps[2] = mapping(0x3000, 0x4000, "r--", 0);
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 unattributed, "
			     "4000-5000 unattributed");
	maps[2].writable = true;
	maps[1].writable = false;
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 unattributed, "
			     "4000-5000 unattributed");
	/* A file of data has no bss. */
	maps[1] = mapping(0x2000, 0x3000, "rw-", 8);
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 file, 3000-4000 unattributed, "
			     "4000-5000 unattributed");
}

static void an_arena_is_two_parts_of_64_mib(void **state)
{
	struct mapping maps[] = {
		open_part(AT, AT + 0x21000),
		mapping(AT + 0x21000, AT + HEAP, "---", 0),
		mapping(AT + HEAP, AT + HEAP + 0x1000, "rw-", 0),
	};

	ASSERT_REGIONS(maps, "7f0000000000-7f0000021000 arena, 7f0000021000-7f0004000000 arena-+, "
			     "7f0004000000-7f0004001000 unattributed");
	assert_regions(maps, 1, "7f0000000000-7f0000021000 unattributed");
}

static void a_full_arena_is_one(void **state)
{
	struct mapping maps[] = {open_part(AT, AT + HEAP)};

	ASSERT_REGIONS(maps, "7f0000000000-7f0004000000 arena");
	maps[0].writable = false;
	ASSERT_REGIONS(maps, "7f0000000000-7f0004000000 unattributed");
}

static void two_arenas_side_by_side_are_two(void **state)
{
	const struct mapping maps[] = {
		open_part(AT, AT + MIB),
		mapping(AT + MIB, AT + HEAP, "---", 0),
		open_part(AT + HEAP, AT + 2 * HEAP),
	};

	ASSERT_REGIONS(maps, "7f0000000000-7f0000100000 arena, 7f0000100000-7f0004000000 arena-+, "
			     "7f0004000000-7f0008000000 arena");
}

/* Another runtime's aligned reserve looks the same in the list. */
static void what_nothing_proves_is_unattributed(void **state)
{
	const struct mapping maps[] = {
		mapping(AT, AT + MIB, "rw-", 0),
		mapping(AT + MIB, AT + HEAP, "---", 0),
	};

	ASSERT_REGIONS(maps, "7f0000000000-7f0000100000 unattributed, "
			     "7f0000100000-7f0004000000 unattributed-");
}

static void a_block_is_malloc_s(void **state)
{
	struct mapping maps[] = {
		mapping(AT, AT + 0x24000, "rw-", 0),
		mapping(AT + 0x24000, AT + 0x48000, "rw-", 0),
		mapping(AT + 0x48000, AT + 0x49000, "rw-", 0),
	};

	maps[0].kind = maps[1].kind = MAPPING_BLOCK;
	ASSERT_REGIONS(maps, "7f0000000000-7f0000024000 malloc, 7f0000024000-7f0000048000 malloc, "
			     "7f0000048000-7f0000049000 unattributed");
}

/* Guards and stacks, one of them without a guard, and one behind another's. */
static void a_thread_s_stack_begins_with_its_guard(void **state)
{
	struct mapping maps[] = {
		mapping(AT, AT + 0x1000, "---", 0),
		mapping(AT + 0x1000, AT + 0x9000, "rw-", 0),
		mapping(AT + 0x9000, AT + 0xa000, "---", 0),
		mapping(AT + 0xa000, AT + 0xb000, "rw-", 0),
		mapping(AT + 0xb000, AT + 0xc000, "rw-", 0),
		mapping(AT + 0xc000, AT + 0xd000, "rw-", 0),
	};

	for (int i = 0; i < 5; i++)
		maps[i].kind = MAPPING_THREAD;
	ASSERT_REGIONS(maps, "7f0000000000-7f0000001000 stack-, 7f0000001000-7f0000009000 stack+, "
			     "7f0000009000-7f000000a000 stack-, 7f000000a000-7f000000b000 stack+, "
			     "7f000000b000-7f000000c000 stack, "
			     "7f000000c000-7f000000d000 unattributed");
	maps[1].start += 0x1000; /* a hole */
	maps[2].kind = MAPPING_ANON;
	ASSERT_REGIONS(maps, "7f0000000000-7f0000001000 stack-, 7f0000002000-7f0000009000 stack, "
			     "7f0000009000-7f000000a000 unattributed-, "
			     "7f000000a000-7f000000b000 stack, 7f000000b000-7f000000c000 stack, "
			     "7f000000c000-7f000000d000 unattributed");
}

/* Shared memory is of no file that anybody has asked for; nor is it a library's bss. */
static void shared_memory_is_unattributed(void **state)
{
	struct mapping maps[] = {
		mapping(0x1000, 0x2000, "r-x", 7),
		mapping(0x2000, 0x3000, "rw-", 7),
		mapping(0x3000, 0x4000, "rw-", 9),
		mapping(0x5000, 0x6000, "r-x", 9),
	};

	maps[2].kind = maps[3].kind = MAPPING_SHARED;
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 3000-4000 unattributed, "
			     "5000-6000 unattributed");
}

static void what_grows_is_said_to(void **state)
{
	struct mapping maps[] = {
		mapping(0x1000, 0x2000, "rw-", 0),
		mapping(0x2000, 0x3000, "rw-", 0),
	};
	struct region out[2];
	size_t count;

	maps[1].grows = true;
	assert_int_equal(evidence__regions(maps, 2, out, &count), 0);
	assert_int_equal(count, 2);
	assert_false(out[0].grows);
	assert_true(out[1].grows);
}

/* Each is an arena but for one thing. */
static void what_only_looks_like_an_arena_is_none(void **state)
{
	size_t count;
	const struct mapping used = open_part(AT, AT + MIB);
	const struct mapping rest = mapping(AT + MIB, AT + HEAP, "---", 0);
	struct mapping wrong[6][2];
	struct region out[2];

	for (int i = 0; i < 6; i++) {
		wrong[i][0] = used;
		wrong[i][1] = rest;
	}
	wrong[0][0].start += 0x1000; /* not on the boundary */
	wrong[1][1].end -= 0x1000;   /* too short */
	wrong[2][1].end += 0x1000;   /* too long */
	wrong[3][1].readable = true; /* it may be used */
	wrong[4][1].start += 0x1000; /* a hole */
	wrong[5][0].ino = 9;	     /* a file */
	wrong[5][0].kind = MAPPING_FILE;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(evidence__regions(wrong[i], 2, out, &count), 0);
		assert_int_equal(count, 2);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(out[k].cause,
					 i == 5 && !k ? CAUSE_FILE : CAUSE_UNATTRIBUTED);
			assert_false(out[k].continued);
		}
	}
}

static void the_heap_and_the_stack_are_left_out(void **state)
{
	struct mapping maps[] = {
		mapping(0x1000, 0x2000, "r-x", 7), mapping(0x2000, 0x3000, "rw-", 7),
		mapping(0x3000, 0x4000, "rw-", 0), mapping(0x4000, 0x5000, "rw-", 0),
		mapping(0x6000, 0x7000, "r-x", 0), mapping(0x8000, 0x9000, "rw-", 0),
	};

	maps[2].kind = MAPPING_HEAP;
	maps[4].kind = MAPPING_SPECIAL;
	maps[5].kind = MAPPING_STACK;
	/* Behind the heap is not behind the data. */
	ASSERT_REGIONS(maps, "1000-2000 loader, 2000-3000 loader, 4000-5000 unattributed, "
			     "6000-7000 loader");
	assert_regions(maps, 0, "");
}

static __u64 draw(__u64 *state, __u64 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (*state >> 33) % below;
}

/* Lists that no kernel would make: what comes out is one region for each, of a cause there is. */
static void any_list_is_taken(void **state)
{
	__u64 seed = 1;
	struct mapping maps[12];
	struct region out[12];

	for (int round = 0; round < 20000; round++) {
		size_t n = draw(&seed, 13), count, left_out = 0;

		for (size_t i = 0; i < n; i++) {
			maps[i] = (struct mapping){.start = draw(&seed, 4) * HEAP - draw(&seed, 2),
						   .ino = draw(&seed, 3),
						   .dev = draw(&seed, 2),
						   .kind = draw(&seed, MAPPING_SPECIAL + 2),
						   .readable = draw(&seed, 2),
						   .writable = draw(&seed, 2),
						   .executable = draw(&seed, 2)};
			maps[i].end = draw(&seed, 3) ? maps[i].start + draw(&seed, 3) * HEAP / 2
						     : ~0ull - draw(&seed, 2);
			left_out += maps[i].kind == MAPPING_HEAP || maps[i].kind == MAPPING_STACK;
		}
		assert_int_equal(evidence__regions(maps, n, out, &count), 0);
		assert_int_equal(count, n - left_out);
		for (size_t i = 0; i < count; i++)
			assert_true(out[i].cause < CAUSE_COUNT && !out[i].born_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_are_the_loaders),
		cmocka_unit_test(a_file_is_known_by_device_and_number),
		cmocka_unit_test(bss_is_behind_written_data),
		cmocka_unit_test(an_arena_is_two_parts_of_64_mib),
		cmocka_unit_test(a_full_arena_is_one),
		cmocka_unit_test(two_arenas_side_by_side_are_two),
		cmocka_unit_test(what_only_looks_like_an_arena_is_none),
		cmocka_unit_test(what_nothing_proves_is_unattributed),
		cmocka_unit_test(what_nothing_proves_is_unattributed),
		cmocka_unit_test(a_block_is_malloc_s),
		cmocka_unit_test(a_thread_s_stack_begins_with_its_guard),
		cmocka_unit_test(shared_memory_is_unattributed),
		cmocka_unit_test(what_grows_is_said_to),
		cmocka_unit_test(the_heap_and_the_stack_are_left_out),
		cmocka_unit_test(any_list_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

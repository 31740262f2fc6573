/*
 * sample_map.c - one address space with all that a renderer of maps can meet.
 */
#include "sample_map.h"

#include <stdint.h>

#define PAGE 4096ull
#define KIB  1024ull
#define MIB  (1024 * KIB)

#define LIBC "/usr/lib/x86_64-linux-gnu/libc.so.6"

/* A segment of so many pages. */
#define SEGMENT(at, pages, access, what, whose)                                                    \
	.start = (at), .end = (at) + (pages)*PAGE, .perms = access, .usable = access[0] == 'r',    \
	.kind = (what), .part = (whose), .rss_known = true

static const struct segment tutorial[] = {
	{SEGMENT(0x55b4730f8000, 1, "r--p", SEGMENT_RODATA, CAUSE_LOADER),
	 .name = "/root/manish/test1/a.out", .rss_bytes = PAGE},
	{SEGMENT(0x55b4730f9000, 1, "r-xp", SEGMENT_TEXT, CAUSE_LOADER),
	 .name = "/root/manish/test1/a.out", .rss_bytes = PAGE},
	{SEGMENT(0x55b4730fb000, 1, "r--p", SEGMENT_RELRO, CAUSE_LOADER),
	 .name = "/root/manish/test1/a.out", .rss_bytes = PAGE},
	{SEGMENT(0x55b4730fc000, 1, "rw-p", SEGMENT_DATA, CAUSE_LOADER),
	 .name = "/root/manish/test1/a.out", .rss_bytes = PAGE},
	{SEGMENT(0x55b473488000, 73, "rw-p", SEGMENT_HEAP, PART_HEAP), .name = "[heap]",
	 .rss_bytes = 5 * PAGE},
	{SEGMENT(0x7fc2d6800000, 38, "r--p", SEGMENT_RODATA, CAUSE_LOADER), .name = LIBC,
	 .rss_bytes = 38 * PAGE},
	{SEGMENT(0x7fc2d6826000, 351, "r-xp", SEGMENT_TEXT, CAUSE_LOADER), .name = LIBC,
	 .rss_bytes = 232 * PAGE},
	{SEGMENT(0x7fc2d6a40000, 13, "rw-p", SEGMENT_BSS, CAUSE_LOADER), .name = LIBC,
	 .rss_bytes = 5 * PAGE},
	{SEGMENT(0x7fc2d6bb3000, 36, "rw-p", SEGMENT_BLOCK, CAUSE_MALLOC), .name = "",
	 .request = 143360, .rss_bytes = PAGE},
	{SEGMENT(0x7fc2d6bd7000, 4, "rw-p", SEGMENT_ANONYMOUS, CAUSE_UNATTRIBUTED), .name = "",
	 .rss_bytes = 2 * PAGE},
	{SEGMENT(0x7fff7c210000, 33, "rw-p", SEGMENT_MAIN_STACK, PART_MAIN_STACK),
	 .name = "[stack]", .rss_bytes = 3 * PAGE},
	{SEGMENT(0x7fff7c3b7000, 2, "r-xp", SEGMENT_KERNEL, CAUSE_LOADER), .name = "[vdso]",
	 .rss_bytes = PAGE},
	{SEGMENT(0xffffffffff600000, 1, "--xp", SEGMENT_KERNEL, PART_OUTSIDE),
	 .name = "[vsyscall]"},
};

static const struct map_snapshot first = {
	.host = "build-07",
	.kernel = "6.18.44",
	.page_size = PAGE,
	.time_ns = 5000000000000,
	.pid = 1415,
	.comm = "a.out",
	.exe = "/root/manish/test1/a.out",
	.heap_start = 0x55b473488000,
	.heap_end = 0x55b4734d1000,
	.segments = tutorial,
	.count = sizeof(tutorial) / sizeof(*tutorial),
	.totals = {[PART_HEAP] = {1, 73 * PAGE, 73 * PAGE, true, 5 * PAGE},
		   [PART_MAIN_STACK] = {1, 33 * PAGE, 33 * PAGE, true, 3 * PAGE},
		   [PART_PROBES] = {.rss_known = true},
		   [PART_MISSED] = {.rss_known = true},
		   [CAUSE_MALLOC] = {1, 36 * PAGE, 36 * PAGE, true, PAGE},
		   [CAUSE_LOADER] = {8, 408 * PAGE, 408 * PAGE, true, 280 * PAGE},
		   [CAUSE_UNATTRIBUTED] = {1, 4 * PAGE, 4 * PAGE, true, 2 * PAGE}},
	.ledger = {.ledger_bytes = 554 * PAGE,
		   .ledger_regions = 12,
		   .kernel_bytes = 554 * PAGE,
		   .kernel_mappings = 12},
	.rss = {.segments_bytes = 291 * PAGE, .counter_bytes = 291 * PAGE},
	.settled = true,
	.readings = 1,
};

static const struct segment torn[] = {
	{SEGMENT(0x400000, 2, "r-xp", SEGMENT_TEXT, CAUSE_LOADER),
	 .name = "/tmp/\033[2Ja b\xff\n/very/long/path/that/goes/on/and/on/and/on/for/ever/"
		 "until/it/ends.so (deleted)",
	 .rss_bytes = 2 * PAGE},
	{SEGMENT(0x7f0000000000, 33, "rw-p", SEGMENT_ARENA, CAUSE_ARENA), .name = "",
	 .born_ns = 4999000000000, .rss_bytes = 8 * PAGE},
	{SEGMENT(0x7f0000021000, 16351, "---p", SEGMENT_ARENA_RESERVE, CAUSE_ARENA), .name = "",
	 .born_ns = 4999000000000},
	{SEGMENT(0x7f0010000000, 1, "---p", SEGMENT_STACK_GUARD, CAUSE_STACK), .name = "",
	 .born_ns = 1000000000},
	{SEGMENT(0x7f0010001000, 2048, "rw-p", SEGMENT_THREAD_STACK, CAUSE_STACK), .name = "",
	 .born_ns = 1000000000, .tid = 4194303, .rss_bytes = PAGE},
	{SEGMENT(0x7f0020000000, 2048, "rw-p", SEGMENT_THREAD_STACK, CAUSE_STACK), .name = ""},
	{SEGMENT(0x7f0030000000, 1, "rw-p", SEGMENT_BLOCK, CAUSE_MALLOC), .name = "", .request = 1},
	{.start = 0x7f0040000000,
	 .end = 0x7f0040003000,
	 .perms = "rw-p",
	 .usable = true,
	 .kind = SEGMENT_BLOCK,
	 .part = CAUSE_MALLOC,
	 .name = "",
	 .born_ns = 4999900000000},
	{.start = 0x7f0040003000,
	 .end = 0x7f0040004000,
	 .perms = "rw-p",
	 .usable = true,
	 .kind = SEGMENT_ANONYMOUS,
	 .part = CAUSE_DIRECT,
	 .name = "[anon:\033name]",
	 .born_ns = 9000000000000},
	{SEGMENT(0x7f0050000000, 1ull << 32, "---p", SEGMENT_ANONYMOUS, CAUSE_DIRECT), .name = "",
	 .caller = 5},
	{SEGMENT(0x7f0060000000, 1, "r--s", SEGMENT_FILE, CAUSE_FILE),
	 .name = "/memfd:x (deleted)"},
	{SEGMENT(0x7f0070000000, 1, "r--p", SEGMENT_ANONYMOUS, PART_MISSED), .name = ""},
	{SEGMENT(0x7fffffffe000, 1, "--xp", SEGMENT_KERNEL, PART_PROBES), .name = "[uprobes]"},
	{SEGMENT(UINT64_MAX - PAGE, 1, "----", SEGMENT_KIND_COUNT, CAUSE_UNATTRIBUTED), .name = ""},
};

static const struct change changes[] = {
	{CHANGE_OTHER, 0x55b473488000, 0x55b4734d1000, 33 * PAGE, 73 * PAGE, 33 * PAGE, 73 * PAGE,
	 0, 0, 0, PART_HEAP},
	{CHANGE_OTHER, 0x7f0000000000, 0x7f0004000000, 64 * MIB, 64 * MIB, 33 * PAGE, 40 * PAGE, 0,
	 4999000000000, 0, CAUSE_ARENA},
	{CHANGE_GONE, 0x7f0039000000, 0x7f0039005000, 5 * PAGE, 0, 5 * PAGE, 0, 20000, 1, 0,
	 CAUSE_MALLOC},
	{CHANGE_NEW, 0x7f0040000000, 0x7f0040003000, 0, 3 * PAGE, 0, 3 * PAGE, 12000, 4999900000000,
	 0, CAUSE_MALLOC},
	{CHANGE_OTHER, 0x7f0050000000, 0x7f0050001000, 4 * PAGE, PAGE, 4 * PAGE, PAGE, 0, 0, 0,
	 CAUSE_FILE},
	{CHANGE_NEW, 0x7f0060000000, 0x7f0060001000, 0, PAGE, 0, PAGE, 0, 0, 0, CAUSE_UNATTRIBUTED},
	{CHANGE_NEW, 0x7f0070000000, 0x7f0070001000, 0, PAGE, 0, PAGE, 0, 7, 6, CAUSE_DIRECT},
};

static const struct map_caller callers[] = {
	{5,
	 {{.ino = 9, .dev = 1, .off = 0x1234}, "/opt/\033lib/libmap.so.2", "pool_grow(\033[1m)"}},
	{6, {}},
};

static const struct map_snapshot second = {
	.page_size = PAGE,
	.time_ns = 5000000000000,
	.pid = UINT32_MAX,
	.comm = "\033[2J\n\"\\\xff",
	.segments = torn,
	.count = sizeof(torn) / sizeof(*torn),
	.totals = {[CAUSE_MALLOC] = {2, 4 * PAGE, 4 * PAGE, false, 0},
		   [CAUSE_DIRECT] = {2, UINT64_MAX / 4, PAGE, false, 0},
		   [PART_PROBES] = {1, PAGE, PAGE, true, 0},
		   [PART_MISSED] = {1, PAGE, PAGE, true, 0}},
	.ledger = {.ledger_bytes = UINT64_MAX,
		   .ledger_regions = 1,
		   .kernel_bytes = 1,
		   .kernel_mappings = 1,
		   .difference_bytes = UINT64_MAX - 1,
		   .differences = DIFFERENCES_LISTED + 3,
		   .listed = {{0x1000, 0x2000, ONLY_LEDGER},
			      {0x7f0070000000, 0x7f0070001000, ONLY_KERNEL},
			      {0x7f0080000000, 0x7f0080001000, OPEN_IN_LEDGER},
			      {0x7f0090000000, 0x7f0090001000, OPEN_IN_KERNEL}}},
	.rss = {.segments_bytes = 10 * PAGE,
		.counter_bytes = 8 * PAGE,
		.walked = true,
		.walked_bytes = 11 * PAGE},
	.readings = 12,
	.followed = true,
	.followed_ns = 10000000000,
	.received = 6,
	.spilled = 2,
	.lost = 1,
	.execs = 1,
	.changes = changes,
	.change_count = sizeof(changes) / sizeof(*changes),
	.callers = callers,
	.caller_count = sizeof(callers) / sizeof(*callers),
};

static const struct map_snapshot empty = {.followed = true, .settled = true};

const struct map_snapshot *sample_map(void)
{
	return &first;
}

const struct map_snapshot *sample_map__torn(void)
{
	return &second;
}

const struct map_snapshot *sample_map__empty(void)
{
	return &empty;
}

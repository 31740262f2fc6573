/*
 * sample_snapshot.c - one snapshot with all that a renderer can meet.
 */
#include "sample_snapshot.h"

#include <errno.h>

#define PAGE 4096ull
#define KIB  1024ull
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)

/* By number, from CALLER_FIRST on. */
enum {
	BY_SYSMALLOC = CALLER_FIRST,
	BY_LOADER,
	BY_PYTHON,
	BY_PYTHON_TOO, /* another place in the same function */
	BY_PYTHON_ELSEWHERE,
	BY_LOCALE,
	BY_PTHREAD,
	BY_NO_FILE,
	BY_GONE,
	BY_HOSTILE,
	BY_CPP,
	BY_STRIPPED,
	CALLERS,
};

#define LIBC	  "/usr/lib/x86_64-linux-gnu/libc.so.6"
#define LIBPYTHON "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0"

static const struct caller_name caller_names[CALLERS] = {
	[BY_SYSMALLOC] = {{10, 0x800001, 0x95f28}, LIBC, "sysmalloc"},
	[BY_LOADER] = {{11, 0x800001, 0x8a0f}, "/usr/lib/ld-linux-x86-64.so.2", "_dl_map_segments"},
	[BY_PYTHON] = {{12, 0x800001, 0x1ac7fe}, LIBPYTHON, "_PyObject_ArenaMmap"},
	[BY_PYTHON_TOO] = {{12, 0x800001, 0x1ac8ff}, LIBPYTHON, "_PyObject_ArenaMmap"},
	[BY_PYTHON_ELSEWHERE] = {{13, 0x800001, 0x2ac7fe},
				 "/venv/libpython3.11.so.1.0",
				 "_PyObject_ArenaMmap"},
	[BY_LOCALE] = {{10, 0x800001, 0x2f28}, LIBC, "_nl_load_locale_from_archive"},
	[BY_PTHREAD] = {{10, 0x800001, 0x89d01}, LIBC, "pthread_create"},
	[BY_NO_FILE] = {{0, 0, 0}, NULL, NULL},
	[BY_GONE] = {{77, 0x800001, 0x1234}, NULL, NULL},
	[BY_HOSTILE] = {{78, 0x800001, 1}, "/tmp/\033[2J\n.so", "\xe2\x80\xae\033]0;x\007()"},
	[BY_CPP] = {{79, 0x800001, 2},
		    "/usr/lib/jvm/java-21-openjdk-amd64/lib/server/libjvm.so",
		    "ShenandoahHeapRegionSet<std::vector<int, std::allocator<int> > >::commit"},
	[BY_STRIPPED] = {{80, 0x800001, 0xffffffff}, "/opt/router/bin/router", NULL},
};

/* malloc(1024), four of ten pages, one of 35 pages: the heap grows once, one block is mapped */
static const struct histograms tutorial_histograms = {
	.malloc_size = {[10] = {.calls = 1}, [16] = {.calls = 4}, [18] = {.calls = 1, .mmap = 1}},
	.brk_grow = {[18] = 2},
	.mmap_size = {[13] = {[CAUSE_LOADER] = 2},
		      [16] = {[CAUSE_LOADER] = 1},
		      [18] = {[CAUSE_MALLOC] = 1},
		      [21] = {[CAUSE_LOADER] = 3, [CAUSE_FILE] = 1}},
};

static const struct caller_stats tutorial_callers[] = {
	{BY_SYSMALLOC, CAUSE_MALLOC, 1, 147456, 147456, 1},
	{BY_LOADER, CAUSE_LOADER, 6, 5 * MIB + 40 * KIB, 2 * MIB, 5},
	{CALLER_UNKNOWN, CAUSE_LOADER, 0, 0, 1 * MIB, 4},
	{BY_LOCALE, CAUSE_FILE, 1, 2 * MIB, 2 * MIB, 1},
};

static const struct process_stats tutorial = {
	.pid = 1415,
	.ppid = 1200,
	.start_ns = 1000000000,
	.comm = "a.out",
	.exe = "/root/test1/a.out",
	.cgroup = "/user.slice/user-0.slice/session-1.scope",
	.execs = 1,
	.allocator_object = "/usr/lib/x86_64-linux-gnu/libc.so.6",
	.allocator = ALLOCATOR_GLIBC,
	.allocator_probed = true,
	.heap = {.known = true,
		 .start = 0x55b473488000,
		 .end = 0x55b473488000 + 73 * PAGE,
		 .peak_bytes = 73 * PAGE,
		 .grow = {2, 73 * PAGE},
		 .query_calls = 1},
	.space = {true, 4956160, 4956160},
	.live_known = true,
	.mapped = {[CAUSE_MALLOC] = {1, 147456, 147456, 147456, 1, 147456},
		   [CAUSE_FILE] = {1, 2 * MIB, 2 * MIB, 2 * MIB, 1, 2 * MIB},
		   [CAUSE_LOADER] = {6, 5 * MIB + 40 * KIB, 3 * MIB, 3 * MIB - 16 * KIB, 9,
				     5 * MIB}},
	.callers = tutorial_callers,
	.n_callers = sizeof(tutorial_callers) / sizeof(tutorial_callers[0]),
	.munmap = {1, 33 * PAGE},
	.malloc_known = true,
	.malloc = {.calls = 6,
		   .bytes = 1024 + 4 * 40960 + 143360,
		   .by_function = {[FN_MALLOC] = {6, 1024 + 4 * 40960 + 143360}},
		   .route_mmap = {1, 143360},
		   .arena_split = true},
	.histograms = &tutorial_histograms,
	.rss = {true, 131072, 1 * MIB, 0},
	.resident = {.known = true,
		     .heap = {true, 12 * KIB},
		     .main_stack = {true, 16 * KIB},
		     .causes = {[CAUSE_MALLOC] = {true, 4 * KIB},
				[CAUSE_ARENA] = {true, 0},
				[CAUSE_DIRECT] = {true, 0},
				[CAUSE_STACK] = {true, 0},
				[CAUSE_FILE] = {false, 0},
				[CAUSE_LOADER] = {true, 1 * MIB},
				[CAUSE_UNATTRIBUTED] = {true, 0}},
		     .left_over_bytes = 96 * KIB},
	.window = {1, 0, 2, 40 * PAGE},
};

static const struct histograms arenas_histograms = {
	.malloc_size = {[0] = {.calls = 2}, /* both impossible */
			[3] = {.calls = 810},
			[4] = {.calls = 120400},
			[5] = {.calls = 401233},
			[6] = {.calls = 260007},
			[7] = {.calls = 91222},
			[8] = {.calls = 40101},
			[9] = {.calls = 20009},
			[10] = {.calls = 9001},
			[12] = {.calls = 310},
			[13] = {.calls = 44},
			[17] = {.calls = 512, .mmap = 12},
			[18] = {.calls = 96, .mmap = 95},
			[20] = {.calls = 7, .mmap = 7},
			[24] = {.calls = 1, .mmap = 1}},
	.brk_grow = {[17] = 4, [18] = 481, [19] = 12, [21] = 1},
	.mmap_size = {[12] = {[CAUSE_DIRECT] = 4, [CAUSE_FILE] = 31, [CAUSE_LOADER] = 60},
		      [13] = {[CAUSE_FILE] = 2, [CAUSE_LOADER] = 12},
		      [18] = {[CAUSE_MALLOC] = 107, [CAUSE_DIRECT] = 64, [CAUSE_UNATTRIBUTED] = 3},
		      [20] = {[CAUSE_MALLOC] = 7, [CAUSE_DIRECT] = 160},
		      [23] = {[CAUSE_STACK] = 16},
		      [24] = {[CAUSE_MALLOC] = 1, [CAUSE_FILE] = 1},
		      [27] = {[CAUSE_ARENA] = 15}},
};

static const struct caller_stats arenas_callers[] = {
	{CALLER_UNKNOWN, CAUSE_FILE, 0, 0, 9 * MIB, 17},
	{BY_LOCALE, CAUSE_FILE, 34, 19 * MIB, 3 * MIB, 3},
	{BY_STRIPPED, CAUSE_DIRECT, 1, 4096, 0, 0},
	{BY_NO_FILE, CAUSE_DIRECT, 20, 20 * MIB, 4 * MIB, 4},
	{BY_PYTHON, CAUSE_DIRECT, 100, 100 * MIB, 21 * MIB, 21},
	{CALLER_OTHERS, CAUSE_DIRECT, 3, 1 * MIB - 4096, 0, 0},
	{BY_PYTHON_TOO, CAUSE_DIRECT, 100, 50 * MIB, 13 * MIB, 13},
	{BY_GONE, CAUSE_DIRECT, 4, 6 * MIB, 6 * MIB, 6},
	{BY_PTHREAD, CAUSE_STACK, 16, 128 * MIB + 64 * KIB, 56 * MIB + 28 * KIB, 7},
	{BY_SYSMALLOC, CAUSE_MALLOC, 115, 41 * MIB, 18 * MIB, 9},
	{BY_SYSMALLOC, CAUSE_ARENA, 15, 15 * 128 * MIB, 7 * 64 * MIB, 7},
	{BY_LOADER, CAUSE_LOADER, 72, 31 * MIB, 30 * MIB, 71},
	{CALLER_UNKNOWN, CAUSE_UNATTRIBUTED, 3, 768 * KIB, 768 * KIB, 3},
};

static const struct process_stats arenas = {
	.pid = 20817,
	.ppid = 1,
	.start_ns = 2000000000,
	.comm = "python3",
	.exe = "/usr/bin/python3.11",
	.cgroup = "/system.slice/worker.service",
	.allocator_object = "/usr/lib/x86_64-linux-gnu/libc.so.6",
	.allocator = ALLOCATOR_GLIBC,
	.allocator_probed = true,
	.heap = {.known = true,
		 .start = 0x1c3f000,
		 .end = 0x1c3f000 + 67 * MIB,
		 .peak_bytes = 70 * MIB,
		 .grow = {498, 69 * MIB},
		 .shrink = {7, 3 * MIB},
		 .query_calls = 3,
		 .failed_calls = 1},
	.space = {true, 745 * MIB + 8 * KIB, 745 * MIB},
	.live_known = true,
	.mapped = {[CAUSE_MALLOC] = {115, 41 * MIB, 18 * MIB, 18 * MIB, 9, 33 * MIB},
		   [CAUSE_ARENA] = {15, 15 * 128 * MIB, 7 * 64 * MIB, 9 * MIB + 100 * KIB, 7,
				    7 * 64 * MIB},
		   [CAUSE_DIRECT] = {228, 177 * MIB, 44 * MIB, 43 * MIB, 44, 91 * MIB},
		   [CAUSE_STACK] = {16, 128 * MIB + 64 * KIB, 56 * MIB + 28 * KIB, 56 * MIB, 7,
				    128 * MIB},
		   [CAUSE_FILE] = {34, 19 * MIB, 12 * MIB, 12 * MIB, 20, 17 * MIB},
		   [CAUSE_LOADER] = {72, 31 * MIB, 30 * MIB, 29 * MIB, 71, 31 * MIB},
		   [CAUSE_UNATTRIBUTED] = {3, 768 * KIB, 768 * KIB, 768 * KIB, 3, 768 * KIB}},
	.callers = arenas_callers,
	.n_callers = sizeof(arenas_callers) / sizeof(arenas_callers[0]),
	.munmap = {312, 1100 * MIB},
	.mremap = {9, 5 * MIB, 1 * MIB},
	.mmap_failed = 2,
	.malloc_known = true,
	.malloc_since_ns = 3250000000,
	.malloc = {.calls = 943755,
		   .bytes = 88776655,
		   .impossible = 2,
		   .by_function = {[FN_MALLOC] = {900002, 80000000},
				   [FN_REALLOC] = {23753, 4776655},
				   [FN_CALLOC] = {20000, 4000000}},
		   .route_mmap = {115, 42000000}},
	.histograms = &arenas_histograms,
	.rss = {true, 139 * MIB, 21 * MIB + 512 * KIB, 64 * KIB},
	.window = {12, 31, 48213, 5 * MIB + 300 * KIB},
};

static const struct histograms split_histograms = {
	.malloc_size = {[0] = {.calls = 3},
			[6] = {.calls = 900, .arena = 450},
			[8] = {.calls = 100, .arena = 1},
			[18] = {.calls = 5, .mmap = 3, .arena = 1}},
	.mmap_size = {[18] = {[CAUSE_MALLOC] = 3}, [27] = {[CAUSE_ARENA] = 1}},
};

static const struct process_stats split = {
	.pid = 31001,
	.ppid = 31000,
	.start_ns = 3000000000,
	.comm = "router",
	.exe = "/opt/router/bin/router",
	.allocator_object = "/usr/lib/libc.so.6",
	.allocator = ALLOCATOR_GLIBC,
	.allocator_probed = true,
	.heap = {.known = true,
		 .start = 0x5000f0,
		 .end = 0x5211f0, /* neither end is at a page */
		 .peak_bytes = 0x21100,
		 .query_calls = 1},
	.live_known = true,
	.mapped = {[CAUSE_MALLOC] = {3, 600 * KIB, 600 * KIB, 600 * KIB, 3, 600 * KIB},
		   [CAUSE_ARENA] = {1, 128 * MIB, 64 * MIB, 132 * KIB, 1, 64 * MIB}},
	.munmap = {2, 64 * MIB},
	.malloc_known = true,
	.malloc = {.calls = 1008,
		   .bytes = 700000,
		   .by_function = {[FN_MALLOC] = {1000, 600000},
				   [FN_ALIGNED_ALLOC] = {5, 50000},
				   [FN_POSIX_MEMALIGN] = {3, 50000}},
		   .route_mmap = {3, 590000},
		   .route_arena = {452, 60000},
		   .arena_split = true},
	.histograms = &split_histograms,
	.rss = {true, 900 * KIB, 2 * MIB, 0},
	.window = {0, 0, 0, -4096},
};

static const struct caller_stats exited_callers[] = {
	{BY_PYTHON_ELSEWHERE, CAUSE_DIRECT, 5, 5 * PAGE, 5 * PAGE, 5},
	{BY_LOADER, CAUSE_LOADER, 9, 4 * MIB, 3 * MIB, 12},
};

static const struct process_stats exited = {
	.pid = 20999,
	.ppid = 20817,
	.start_ns = 4000000000,
	.comm = "gcc",
	.exe = "/usr/bin/x86_64-linux-gnu-gcc-12",
	.exited = true,
	.allocator_object = "/usr/lib/x86_64-linux-gnu/libc.so.6",
	.allocator = ALLOCATOR_GLIBC,
	.allocator_probed = true,
	.heap = {.known = true,
		 .start = 0x3b1c0000,
		 .end = 0x3b1c0000 + 132 * KIB,
		 .peak_bytes = 264 * KIB,
		 .grow = {2, 264 * KIB},
		 .shrink = {1, 132 * KIB},
		 .query_calls = 1},
	.live_known = true,
	.mapped = {[CAUSE_LOADER] = {9, 4 * MIB, 3 * MIB, 3 * MIB, 12, 4 * MIB},
		   [CAUSE_DIRECT] = {5, 5 * PAGE, 5 * PAGE, 5 * PAGE, 5, 5 * PAGE}},
	.callers = exited_callers,
	.n_callers = sizeof(exited_callers) / sizeof(exited_callers[0]),
	.malloc_known = true,
	.malloc = {.calls = 2201,
		   .bytes = 190000,
		   .by_function = {[FN_MALLOC] = {2201, 190000}},
		   .arena_split = true},
	.rss = {true, 300 * KIB, 1 * MIB, 0},
	.window = {3, 9, 2201, -(__s64)(132 * KIB)},
};

static const struct process_stats unknown = {
	.pid = 7,
	.ppid = 2,
	.comm = "mystery",
	.live_why = LIVE_UNSEEN,
	.space = {.why = SPACE_UNREAD, .maps_error = EACCES},
};

static const struct histograms hostile_histograms = {
	.brk_grow = {[12] = 1},
};

static const struct caller_stats hostile_callers[] = {
	{BY_HOSTILE, CAUSE_DIRECT, 1, PAGE, PAGE, 1},
	{BY_CPP, CAUSE_DIRECT, 2, 2 * PAGE, PAGE, 1},
};

static const struct process_stats hostile = {
	.pid = 666,
	.ppid = 1,
	.start_ns = 5000000000,
	.comm = "\033[2J\033]0;x\007\xff\n",
	.exe = "/tmp/\033[31mred\033[0m/\xe2\x80\xae/caf\xc3\xa9/\xe8\xb7\xaf/bin\\x2d\x7f",
	.cgroup = "/\r\n\xc0\x80",
	.allocator_object = "/tmp/lib\tmalloc.so\xed\xa0\x80",
	.allocator = ALLOCATOR_OTHER,
	.heap = {.known = true,
		 .start = 0x9000,
		 .end = 0x8000, /* out of order: as good as not known */
		 .peak_bytes = PAGE,
		 .grow = {1, 100}},
	.live_known = true,
	.mapped = {[CAUSE_UNATTRIBUTED] = {0, 0, 12 * MIB, 12 * MIB, 2, 12 * MIB}},
	.callers = hostile_callers,
	.n_callers = sizeof(hostile_callers) / sizeof(hostile_callers[0]),
	.histograms = &hostile_histograms,
	.rss = {true, 0, 0, 0},
};

static const struct histograms huge_histograms = {
	.malloc_size = {[62] = {.calls = ~0ull, .mmap = ~0ull - 5},
			[63] = {.calls = 1ull << 63, .arena = 1}},
	.brk_grow = {[0] = 1, [63] = ~0ull},
	.mmap_size = {[30] = {1, 2, 3, 4, 5, 6, 7}, [63] = {~0ull, ~0ull, 1, 1, 1, 1, ~0ull}},
};

#define HUGE_MAPPED                                                                                \
	{                                                                                          \
		~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull                                           \
	}
static const struct caller_stats huge_callers[] = {
	{BY_CPP, CAUSE_DIRECT, ~0ull, ~0ull, ~0ull, ~0ull},
};

static const struct process_stats huge = {
	.pid = 4194303,
	.ppid = 4194302,
	.start_ns = ~0ull,
	.comm = "fifteen-letters",
	.exe = "/usr/lib/jvm/java-21-openjdk-amd64/a/very/long/path/that/does/not/fit/on/the/line"
	       "/of/the/title/bin/java",
	.execs = ~0ull,
	.allocator = ALLOCATOR_TCMALLOC,
	.allocator_object = "/usr/lib/libtcmalloc.so.4",
	.allocator_probed = true,
	.heap = {.known = true,
		 .start = 1,
		 .end = ~0ull,
		 .peak_bytes = ~0ull,
		 .grow = {1ull << 62, ~0ull},
		 .shrink = {1, 1ull << 63},
		 .query_calls = 999950,
		 .failed_calls = 9999},
	.live_known = true,
	.mapped = {HUGE_MAPPED, HUGE_MAPPED, HUGE_MAPPED, HUGE_MAPPED, HUGE_MAPPED, HUGE_MAPPED,
		   HUGE_MAPPED},
	.callers = huge_callers,
	.n_callers = 1,
	.munmap = {~0ull, ~0ull},
	.mremap = {~0ull, ~0ull, ~0ull},
	.mmap_failed = ~0ull,
	.malloc_known = true,
	.malloc = {.calls = ~0ull,
		   .bytes = ~0ull,
		   .impossible = 1,
		   .by_function = {[FN_MALLOC] = {~0ull, ~0ull}, [FN_REALLOCARRAY] = {1, 1}},
		   .route_mmap = {1ull << 63, 1ull << 63}},
	.histograms = &huge_histograms,
	.rss = {true, 1ull << 63, 1ull << 62, 1ull << 61},
	.window = {~0ull, 12345, 99999999, (__s64)(1ull << 63)},
};

static const struct process_stats jemalloc = {
	.pid = 902,
	.ppid = 1,
	.start_ns = 6000000000,
	.comm = "redis-server",
	.exe = "/usr/bin/redis-server",
	.cgroup = "/system.slice/redis-server.service",
	.allocator_object = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
	.allocator = ALLOCATOR_JEMALLOC,
	.heap = {.known = true, .start = 0x55d0c7a5e000, .end = 0x55d0c7a5e000},
	.live_known = true,
	.mapped = {[CAUSE_MALLOC] = {2, 10 * MIB, 1 * GIB + 200 * MIB, 1 * GIB + 200 * MIB, 40,
				     2 * GIB},
		   [CAUSE_FILE] = {0, 0, 6 * MIB, 6 * MIB, 11, 6 * MIB},
		   [CAUSE_UNATTRIBUTED] = {0, 0, 16 * MIB, 16 * MIB, 4, 16 * MIB}},
	.rss = {true, 1 * GIB + 33 * MIB, 7 * MIB, 0},
	.window = {0, 1, 0, 8 * MIB},
};

static const struct caller_stats others_callers[] = {
	{BY_PYTHON, CAUSE_DIRECT, 12, 1 * MIB, 0, 0},
	{BY_LOCALE, CAUSE_FILE, 77, 9 * MIB, 0, 0},
};

static const struct process_stats others = {
	.heap = {.grow = {310, 40 * MIB}, .shrink = {2, 264 * KIB}, .query_calls = 200},
	.mapped = {[CAUSE_DIRECT] = {12, 1 * MIB},
		   [CAUSE_FILE] = {77, 9 * MIB},
		   [CAUSE_UNATTRIBUTED] = {4, 16 * KIB}},
	.callers = others_callers,
	.n_callers = sizeof(others_callers) / sizeof(others_callers[0]),
	.malloc_known = true,
	.malloc = {.calls = 56789,
		   .bytes = 12 * MIB,
		   .by_function = {[FN_MALLOC] = {56789, 12 * MIB}},
		   .route_mmap = {3, 700000}},
	.window = {5, 6, 700, 0},
};

static const struct process_stats *processes[SAMPLE_COUNT] = {
	[SAMPLE_TUTORIAL] = &tutorial, [SAMPLE_ARENAS] = &arenas,     [SAMPLE_SPLIT] = &split,
	[SAMPLE_EXITED] = &exited,     [SAMPLE_UNKNOWN] = &unknown,   [SAMPLE_HOSTILE] = &hostile,
	[SAMPLE_HUGE] = &huge,	       [SAMPLE_JEMALLOC] = &jemalloc,
};

static const struct snapshot sample = {
	.host = "build-7",
	.kernel = "6.18.5-amd64",
	.page_size = PAGE,
	.level = LEVEL_SIZES,
	.start_ns = 7654321000000,
	.duration_ns = 62400000000,
	.window_ns = 2000000000,
	.received = 1048213,
	.spilled = 117,
	.lost = 0,
	.cost = {true, 0.0031, 0.00094},
	.window_cost = {true, 0.0125, 0.0003},
	.hits = {[HIT_EMULATED] = 210344, [HIT_SYSCALL] = 6120},
	.hit_ns = {[HIT_EMULATED] = 871.4,
		   [HIT_STEPPED] = 12704.6,
		   [HIT_RETURN] = -1,
		   [HIT_SYSCALL] = 655},
	.processes = processes,
	.count = SAMPLE_COUNT,
	.others = &others,
	.caller_names = caller_names,
	.n_caller_names = CALLERS,
};

static const struct snapshot empty = {
	.page_size = PAGE,
	.level = LEVEL_SYSCALLS,
	.lost = 3,
	.skipped = 12,
};

const struct snapshot *sample_snapshot(void)
{
	return &sample;
}

const struct snapshot *sample_snapshot__empty(void)
{
	return &empty;
}

/* What three of them are at level live: all known; attached to later; a call was missed. */
const struct snapshot *sample_snapshot__live(void)
{
	static struct process_stats all[3];
	static struct histograms sizes;
	static const struct process_stats *rows[] = {&all[0], &all[1], &all[2]};
	static struct snapshot live;

	all[0] = tutorial;
	all[0].paired = (typeof(all[0].paired)){
		.known = true, .had_known = true, .complete = true, .frees = 3};
	all[0].paired.had[ROUTE_HEAP] = (struct tally){7, 166912};
	all[0].paired.had[ROUTE_MMAP] = (struct tally){1, 143360};
	all[0].paired.live[ROUTE_HEAP].blocks = 4;
	all[0].paired.live[ROUTE_HEAP].bytes = 163840;
	all[0].paired.live[ROUTE_MMAP].blocks = 1;
	all[0].paired.live[ROUTE_MMAP].bytes = 143360;
	all[0].paired.peak_bytes = 310272;
	if (tutorial.histograms)
		sizes = *tutorial.histograms;
	sizes.malloc_size[16].had[ROUTE_HEAP] = 4;
	sizes.malloc_size[18].had[ROUTE_MMAP] = 1;
	all[0].histograms = &sizes;
	all[1] = arenas;
	all[1].paired = (typeof(all[1].paired)){.known = true,
						.had_known = true,
						.failed = 2,
						.frees = 123456,
						.frees_unknown = 17};
	all[1].paired.had[ROUTE_ARENA] = (struct tally){900000, 77 * MIB};
	all[1].paired.had[ROUTE_UNKNOWN] = (struct tally){12, 4096};
	all[1].paired.live[ROUTE_ARENA].blocks = 4321;
	all[1].paired.live[ROUTE_ARENA].bytes = 5 * MIB + 1;
	all[1].paired.live[ROUTE_UNKNOWN].blocks = 2;
	all[1].paired.live[ROUTE_UNKNOWN].bytes = 64;
	all[1].paired.peak_bytes = 9 * MIB;
	all[2] = split;
	all[2].paired = (typeof(all[2].paired)){.frees = 5, .why = UNPAIRED_SPARED};
	live = sample;
	live.level = LEVEL_LIVE;
	live.processes = rows;
	live.count = 3;
	live.others = NULL;
	return &live;
}

/*
 * What five of them are with a budget: estimated; slowed down so much that no end is told; exact;
 * seen in few bursts; in fewer.
 */
const struct snapshot *sample_snapshot__budget(void)
{
	static struct process_stats all[5], rest;
	static const struct process_stats *rows[] = {&all[0], &all[1], &all[2], &all[3], &all[4]};
	static struct snapshot budget;

	all[0] = arenas;
	all[0].estimate.is = true;
	all[0].estimate.seen = (struct tally){38693, 3639842};
	all[0].estimate.coverage = 0.041;
	all[0].estimate.slowed = 0.004;
	all[0].estimate.calls = (struct interval){.known = true, .low = 901234, .high = 986276};
	all[0].estimate.bytes = (struct interval){.known = true, .low = 80 * MIB, .high = 90 * MIB};
	all[1] = split;
	all[1].estimate.is = true;
	all[1].estimate.seen = (struct tally){112, 77000};
	all[1].estimate.coverage = 0.0101;
	all[1].estimate.slowed = 0.85;
	all[1].estimate.calls = (struct interval){
		.known = true, .open = true, .low = 900, .high = ~0ull};
	all[2] = tutorial;
	all[3] = tutorial;
	all[3].pid++;
	all[3].estimate.is = true;
	all[3].estimate.seen = (struct tally){3, 65000};
	all[3].estimate.coverage = 0.25;
	all[3].estimate.calls = (struct interval){
		.known = true, .open = true, .few = true, .low = 3, .high = ~0ull};
	all[3].estimate.bytes = (struct interval){
		.known = true, .open = true, .few = true, .low = 65000, .high = ~0ull};
	all[4] = exited;
	all[4].pid = 4194303;
	all[4].estimate.is = all[4].estimate.at_least = true;
	all[4].estimate.seen = (struct tally){2201, 190000};
	all[4].estimate.seen_ns = 20400000;
	all[4].estimate.life_ns = 412000000;
	all[4].estimate.coverage = 0.0495;
	rest = others;
	rest.estimate.is = true;
	budget = sample;
	budget.processes = rows;
	budget.count = 5;
	budget.others = &rest;
	budget.budget.on = budget.budget.estimated = true;
	budget.budget.of = 0.05;
	budget.budget.burst_ns = 20000000;
	return &budget;
}

/* A loop that does nothing but malloc, over before there was a burst. */
const struct snapshot *sample_snapshot__brief(void)
{
	static struct process_stats loop;
	static const struct process_stats *rows[] = {&loop};
	static struct snapshot brief;

	loop = tutorial;
	loop.exited = true;
	loop.malloc.calls = loop.malloc.by_function[FN_MALLOC].calls = 17685;
	loop.malloc.bytes = loop.malloc.by_function[FN_MALLOC].bytes = 162234033;
	loop.estimate.is = loop.estimate.at_least = true;
	loop.estimate.seen = (struct tally){17685, 162234033};
	loop.estimate.seen_ns = 27100000;
	loop.estimate.life_ns = 309000000;
	loop.estimate.coverage = 0.0877;
	loop.estimate.slowed = 0.93;
	brief = sample;
	brief.duration_ns = 309000000;
	brief.window_ns = 309000000;
	brief.processes = rows;
	brief.count = 1;
	brief.others = NULL;
	brief.cost = brief.window_cost = (struct cost){true, 0.0582, 0.0175};
	brief.budget.on = brief.budget.estimated = true;
	brief.budget.of = 0.01;
	brief.budget.burst_ns = 20000000;
	return &brief;
}

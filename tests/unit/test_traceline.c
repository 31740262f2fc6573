/*
 * test_traceline.c - one line an event, as text and as JSON: the golden files, and events that no
 * sane kernel sends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <jansson.h>

#include "golden.h"
#include "render/json_event.h"
#include "render/map_flags.h"
#include "render/traceline.h"
#include "render/utf8.h"

#define NOON	  (12 * 3600 * 1000000000ull)
#define HEAP	  0x55b473488000
#define MAPPING	  0x7fc2d6bd7000
#define ANON	  (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW	  (PROT_READ | PROT_WRITE)
#define REFUSE(e) ((uint64_t) - (e))

#define EVENT(t, o, f, s)                                                                          \
	{                                                                                          \
		.type = (t), .op = (o), .flags = (f), .size = (s), .tgid = 1415, .tid = 1415       \
	}

static void write_json(FILE *out, const struct trace_line *line)
{
	assert_int_equal(render__json_event(out, line), 0);
}

/* Of the two, the one that is tested now. */
static void (*write_event)(FILE *out, const struct trace_line *line) = render__trace_event;

/* a.out of the tutorial, line by line, and whatever else there is */
static void print_brks(FILE *out, struct trace_line line)
{
	static const struct event_brk brks[] = {
		{EVENT(EVENT_BRK, BRK_QUERY, 0, 0), 0, HEAP, HEAP, HEAP},
		{EVENT(EVENT_BRK, BRK_GROW, 0, 135168), HEAP + 135168, HEAP, HEAP, HEAP + 135168},
		{EVENT(EVENT_BRK, BRK_GROW, 0, 163840), HEAP + 299008, HEAP, HEAP + 135168,
		 HEAP + 299008},
		{EVENT(EVENT_BRK, BRK_SHRINK, 0, 163840), HEAP + 135168, HEAP, HEAP + 299008,
		 HEAP + 135168},
		{EVENT(EVENT_BRK, BRK_GROW, 0, 100), HEAP + 100, HEAP, HEAP, HEAP + 100},
		{EVENT(EVENT_BRK, BRK_GROW, 0, 10), HEAP + 110, HEAP, HEAP + 100, HEAP + 110},
		{EVENT(EVENT_BRK, BRK_FAILED, 0, 0), ~0ull, HEAP, HEAP, HEAP},
		{EVENT(EVENT_BRK, 200, 0, 0), HEAP, HEAP, HEAP, HEAP},
	};
	size_t i;

	for (i = 0; i < sizeof(brks) / sizeof(brks[0]); i++) {
		line.e = &brks[i].e;
		write_event(out, &line);
	}
}

static void print_maps(FILE *out, struct trace_line line)
{
	static const struct {
		enum cause cause;
		struct event_map m;
	} maps[] = {
		{CAUSE_MALLOC,
		 {.e = EVENT(EVENT_MMAP, MAP_OK, EVENT_F_ANON | EVENT_F_REQUEST, 147456),
		  .length = 147456,
		  .prot = RW,
		  .flags = ANON,
		  .fd = -1,
		  .result = MAPPING,
		  .request = 143360,
		  .request_fn = FN_MALLOC}},
		{CAUSE_MALLOC,
		 {.e = EVENT(EVENT_MMAP, MAP_REFUSED, EVENT_F_ANON | EVENT_F_REQUEST, 1ull << 62),
		  .length = 1ull << 62,
		  .prot = RW,
		  .flags = ANON,
		  .fd = -1,
		  .result = REFUSE(12),
		  .request = (1ull << 62) - 100,
		  .request_fn = FN_CALLOC}},
		{CAUSE_ARENA,
		 {.e = EVENT(EVENT_MMAP, MAP_OK, EVENT_F_ANON | EVENT_F_REQUEST, 134217728),
		  .length = 134217728,
		  .prot = PROT_NONE,
		  .flags = ANON | MAP_NORESERVE,
		  .fd = -1,
		  .result = 0x7fc2c8000000,
		  .request = 24,
		  .request_fn = FN_MALLOC}},
		{CAUSE_STACK,
		 {.e = EVENT(EVENT_MMAP, MAP_OK, EVENT_F_ANON | EVENT_F_STACK, 8392704),
		  .length = 8392704,
		  .prot = PROT_NONE,
		  .flags = ANON | MAP_STACK,
		  .fd = -1,
		  .result = MAPPING}},
		{CAUSE_DIRECT,
		 {.e = EVENT(EVENT_MMAP, MAP_OK, EVENT_F_ANON, 4194304),
		  .length = 4194304,
		  .prot = RW,
		  .flags = ANON | MAP_HUGETLB | 21u << 26,
		  .fd = -1,
		  .result = MAPPING}},
		{CAUSE_LOADER,
		 {.e = EVENT(EVENT_MMAP, MAP_OK, 0, 1437696),
		  .addr = MAPPING,
		  .length = 1437696,
		  .prot = PROT_READ | PROT_EXEC,
		  .flags = MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE,
		  .fd = 3,
		  .offset = 0x26000,
		  .result = MAPPING}},
		{CAUSE_FILE,
		 {.e = EVENT(EVENT_MMAP, MAP_REFUSED, 0, 4096),
		  .length = 1,
		  .prot = 0x80000001,
		  .flags = 0x80000005,
		  .fd = -100,
		  .offset = 1,
		  .result = REFUSE(4000)}},
		{CAUSE_MALLOC,
		 {.e = EVENT(EVENT_MUNMAP, MAP_OK, 0, 147456), .addr = MAPPING, .length = 147456}},
		{CAUSE_COUNT, {.e = EVENT(EVENT_MUNMAP, MAP_REFUSED, 0, 0), .result = REFUSE(22)}},
		{CAUSE_MALLOC,
		 {.e = EVENT(EVENT_MREMAP, REMAP_GROW, EVENT_F_REQUEST, 1048576),
		  .addr = MAPPING,
		  .offset = 147456,
		  .length = 1196032,
		  .flags = MREMAP_MAYMOVE,
		  .result = MAPPING - 1048576,
		  .request = 1191000,
		  .request_fn = FN_REALLOC}},
		{CAUSE_DIRECT,
		 {.e = EVENT(EVENT_MREMAP, REMAP_SAME, 0, 0),
		  .addr = MAPPING,
		  .offset = 4096,
		  .length = 4096,
		  .flags = MREMAP_MAYMOVE | MREMAP_FIXED,
		  .new_addr = MAPPING + 4096,
		  .result = MAPPING + 4096}},
		{CAUSE_ARENA,
		 {.e = EVENT(EVENT_MPROTECT, MAP_OK, 0, 135168),
		  .addr = 0x7fc2c8000000,
		  .length = 135168,
		  .prot = RW}},
		{CAUSE_FILE,
		 {.e = EVENT(EVENT_SHMAT, MAP_OK, 0, 12288),
		  .fd = 32768,
		  .flags = 010000,
		  .result = 0x7fc2d1f3f000}},
		{CAUSE_FILE, {.e = EVENT(EVENT_SHMDT, MAP_OK, 0, 0), .addr = 0x7fc2d1f3f000}},
	};
	size_t i;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		line.e = &maps[i].m.e;
		line.cause = maps[i].cause;
		line.by = line.cause == CAUSE_DIRECT && maps[i].m.e.type == EVENT_MMAP
				  ? "libpython3.11.so.1.0: _PyObject_ArenaMmap"
				  : NULL;
		write_event(out, &line);
	}
}

static void print_mallocs(FILE *out, struct trace_line line)
{
	struct event e = EVENT(EVENT_MALLOC, 0, 0, 1024);
	int fn;

	line.e = &e;
	for (fn = 0; fn <= FN_COUNT; fn++) {
		e.op = (uint8_t)fn;
		write_event(out, &line);
	}
	e.op = FN_CALLOC;
	e.flags = EVENT_F_IMPOSSIBLE;
	e.size = 0;
	write_event(out, &line);
}

/* As they are told at level live: what was asked, and what came of it. */
static void print_returns(FILE *out, struct trace_line line)
{
	static const struct request requests[] = {
		{.fn = FN_MALLOC, .size = 1024},
		{.fn = FN_REALLOC, .size = 4096, .block = HEAP + 0x2a0},
		{.fn = FN_REALLOC, .size = 8},
		{.fn = FN_REALLOCARRAY, .size = 72, .block = HEAP + 0x2a0},
		{.fn = FN_MI_REALLOC, .size = 72, .block = HEAP + 0x2a0},
		{.fn = FN_POSIX_MEMALIGN, .size = 64},
		{.fn = 200, .size = 64},
	};
	static const struct request freeing = {.fn = FN_REALLOC, .block = HEAP + 0x2a0};
	static const struct request impossible = {.fn = FN_CALLOC, .impossible = true};
	struct event_call e = {EVENT(EVENT_RETURN, 0, 0, 0), .addr = HEAP + 0x2a0};
	size_t i;

	line.e = &e.e;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		line.request = &requests[i];
		write_event(out, &line);
	}
	e.addr = 0;
	line.request = &requests[1];
	write_event(out, &line);
	line.request = &freeing;
	write_event(out, &line);
	line.request = &impossible;
	write_event(out, &line);
	e.e.flags = EVENT_F_UNREAD;
	line.request = &requests[5];
	write_event(out, &line);
	e.e = (struct event)EVENT(EVENT_BLOCK, FN_MALLOC, 0, 1024);
	e.addr = HEAP + 0x6b0;
	line.request = &requests[0];
	write_event(out, &line);
	e.e = (struct event)EVENT(EVENT_FREE, 0, 0, 0);
	write_event(out, &line);
	/* Its return is not probed: what is known of it is its beginning. */
	e.e = (struct event)EVENT(EVENT_CALL, FN_MALLOC, EVENT_F_NO_RETURN, 1024);
	write_event(out, &line);
}

static void print_lives(FILE *out, struct trace_line line)
{
	struct event_task task = {
		.e = EVENT(EVENT_FORK, 0, 0, 0),
		.brk_start = HEAP,
		.brk_end = HEAP + 135168,
		.rss_anon = 33,
		.rss_file = 300,
		.rss_shmem = -2,
		.ppid = 1,
	};
	struct event_exec exec = {.t.e = EVENT(EVENT_EXEC, 0, 0, 0), .path = "/root/test1/a.out"};

	task.e.tid = 1200;
	line.e = &task.e;
	write_event(out, &line);
	task.e.flags = EVENT_F_SHARED_MM;
	write_event(out, &line);
	line.e = &exec.t.e;
	write_event(out, &line);
	strcpy(exec.path, "/tmp/\033[2J\", ...) = 0\n");
	write_event(out, &line);
	memset(exec.path, 'x', sizeof(exec.path));
	write_event(out, &line);
	line.e = &task.e;
	task.e.type = EVENT_EXIT;
	task.e.flags = 0;
	write_event(out, &line);
	task.e.flags = EVENT_F_MM;
	write_event(out, &line);
	task.e.type = EVENT_ROUTE;
	write_event(out, &line);
	task.e.type = 255;
	line.comm = "\033]0;x\007";
	line.day_ns = UINT64_MAX;
	write_event(out, &line);
	line.comm = NULL;
	line.day_ns = 0;
	write_event(out, &line);
}

static void trace_as_golden(const char *name, bool colour, bool utf8)
{
	struct trace_line line = {
		.day_ns = NOON + 34 * 60 * 1000000000ull + 56123456789ull,
		.comm = "a.out",
		.cause = CAUSE_COUNT,
		.page_size = 4096,
		.colour = colour,
		.utf8 = utf8,
	};
	struct output o;

	output__begin(&o);
	print_brks(o.stream, line);
	print_maps(o.stream, line);
	print_mallocs(o.stream, line);
	print_returns(o.stream, line);
	print_lives(o.stream, line);
	golden__check(name, &o);
}

static void traces(void **state)
{
	trace_as_golden("trace.ascii.txt", false, false);
	trace_as_golden("trace.colour.txt", true, true);
	write_event = write_json;
	trace_as_golden("trace.json", false, false);
	write_event = render__trace_event;
}

static json_t *as_json(const struct event_map *m)
{
	struct trace_line line = {.e = &m->e, .comm = "a.out", .cause = CAUSE_MALLOC};
	struct output o;
	json_t *object;

	output__begin(&o);
	assert_int_equal(render__json_event(o.stream, &line), 0);
	output__finish(&o);
	object = json_loads(o.text, 0, NULL);
	assert_non_null(object);
	output__free(&o);
	return object;
}

static void a_caller_is_a_place_or_an_address_or_null(void **state)
{
	struct event_map m = {.e = EVENT(EVENT_MMAP, MAP_OK, EVENT_F_ANON, 4096)};
	json_t *object = as_json(&m), *caller = json_object_get(object, "caller");

	assert_true(json_is_null(caller));
	json_decref(object);
	m.caller = (struct site){.ino = 1234, .dev = 0xfe << 20 | 1, .off = 0x95f28};
	object = as_json(&m);
	caller = json_object_get(object, "caller");
	assert_string_equal(json_string_value(json_object_get(caller, "dev")), "fe:1");
	assert_int_equal(json_integer_value(json_object_get(caller, "inode")), 1234);
	assert_int_equal(json_integer_value(json_object_get(caller, "offset")), 0x95f28);
	json_decref(object);
	m.caller = (struct site){.ino = MAPPING, .dev = SITE_ADDRESS};
	object = as_json(&m);
	caller = json_object_get(object, "caller");
	assert_int_equal(json_integer_value(json_object_get(caller, "address")), MAPPING);
	assert_int_equal(json_object_size(caller), 1);
	json_decref(object);
}

static void what_is_in_no_line_is_said(void **state)
{
	struct snapshot s = {.received = 1, .spilled = ~0ull, .lost = 3, .cost = {.agent = 0.125}};
	struct output o;

	output__begin(&o);
	render__json_spilled(o.stream, 7);
	render__json_unwritten(o.stream, 9);
	render__json_end(o.stream, &s, 9);
	output__finish(&o);
	assert_string_equal(o.text, "{\"event\":\"spilled\",\"events\":7}\n"
				    "{\"event\":\"unwritten\",\"events\":9}\n"
				    "{\"event\":\"end\",\"received\":1,"
				    "\"spilled\":18446744073709551615,\"lost\":3,\"unwritten\":9,"
				    "\"cost_percent_of_one_cpu\":null,"
				    "\"cost_at_least_percent\":12.500}\n");
	output__free(&o);
	s = (struct snapshot){.cost = {.known = true, .probes = 0.5, .agent = 0.00125}};
	output__begin(&o);
	render__json_end(o.stream, &s, 0);
	output__finish(&o);
	assert_string_equal(o.text, "{\"event\":\"end\",\"received\":0,\"spilled\":0,\"lost\":0,"
				    "\"unwritten\":0,"
				    "\"cost_percent_of_one_cpu\":50.125,"
				    "\"cost_at_least_percent\":50.125}\n");
	output__free(&o);
}

static void an_unknown_page_size_gives_no_pages(void **state)
{
	struct event_brk b = {EVENT(EVENT_BRK, BRK_GROW, 0, 4096), HEAP + 4096, HEAP, HEAP,
			      HEAP + 4096};
	struct trace_line line = {.e = &b.e, .comm = "a.out"};
	struct output o;

	output__begin(&o);
	render__trace_event(o.stream, &line);
	output__finish(&o);
	assert_non_null(strstr(o.text, "grow +4096\n"));
	output__free(&o);
}

static void flags_have_names(void **state)
{
	char text[MAP_FLAGS_SIZE];

	assert_string_equal(map_flags__prot(text, PROT_NONE), "PROT_NONE");
	assert_string_equal(map_flags__prot(text, RW | PROT_EXEC),
			    "PROT_READ|PROT_WRITE|PROT_EXEC");
	assert_string_equal(map_flags__prot(text, 0x40), "0x40");
	assert_string_equal(map_flags__mmap(text, 0), "0");
	assert_string_equal(map_flags__mmap(text, MAP_SHARED), "MAP_SHARED");
	assert_string_equal(map_flags__mmap(text, MAP_SHARED_VALIDATE | MAP_SYNC),
			    "MAP_SHARED_VALIDATE|MAP_SYNC");
	assert_string_equal(map_flags__mmap(text, MAP_ANONYMOUS), "MAP_ANONYMOUS");
	assert_string_equal(map_flags__mmap(text, ANON | MAP_HUGETLB),
			    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB");
	assert_string_equal(map_flags__mmap(text, ANON | MAP_HUGETLB | 30u << 26),
			    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|MAP_HUGE_1GB");
	assert_string_equal(map_flags__mmap(text, ANON | MAP_HUGETLB | 16u << 26),
			    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|MAP_HUGE_64KB");
	/* a size that is none; the same bits without MAP_HUGETLB */
	assert_string_equal(map_flags__mmap(text, ANON | MAP_HUGETLB | 1u << 26),
			    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|0x4000000");
	assert_string_equal(map_flags__mmap(text, ANON | 21u << 26),
			    "MAP_PRIVATE|MAP_ANONYMOUS|0x54000000");
	assert_string_equal(map_flags__mmap(text, 0x5), "0x5");
	assert_string_equal(map_flags__mremap(text, 0), "0");
	assert_string_equal(map_flags__mremap(text, 7),
			    "MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP");
	/* all at once must fit */
	assert_true(strlen(map_flags__mmap(text, ~0u)) < MAP_FLAGS_SIZE - 1);
	assert_non_null(strstr(text, "|MAP_FIXED_NOREPLACE|0x"));
	assert_true(strlen(map_flags__prot(text, ~0u)) < MAP_FLAGS_SIZE - 1);
	assert_true(strlen(map_flags__mremap(text, ~0u)) < MAP_FLAGS_SIZE - 1);
}

static void expect_printable(const struct output *o)
{
	size_t j, length;
	uint32_t code;

	assert_ptr_equal(strchr(o->text, '\n'), o->text + o->size - 1);
	for (j = 0; j < o->size - 1; j += length) {
		length = utf8__decode(o->text + j, o->size - j, &code);
		assert_true(length > 0 && utf8__columns(code) > 0);
	}
}

static void expect_object(const struct output *o)
{
	json_t *object = json_loads(o->text, 0, NULL);

	assert_ptr_equal(strchr(o->text, '\n'), o->text + o->size - 1);
	assert_true(json_is_object(object));
	assert_true(json_is_string(json_object_get(object, "event")));
	json_decref(object);
}

/* Whatever the bytes of an event: one printable line, and one object. */
static void any_bytes_make_one_line(void **state)
{
	union {
		struct event e;
		struct event_exec exec;
		unsigned char bytes[sizeof(struct event_exec)];
	} u;
	struct trace_line line = {.e = &u.e};
	uint64_t seed = 1;
	char comm[16];
	struct output o;

	for (int i = 0; i < 20000; i++) {
		for (size_t j = 0; j < sizeof(u.bytes); j++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			u.bytes[j] = (unsigned char)(seed >> 56);
		}
		u.e.type %= EVENT_TYPE_END + 2;
		memcpy(comm, u.bytes + 100, sizeof(comm));
		line.comm = comm;
		line.cause = (enum cause)(seed >> 40 & 15);
		line.page_size = i & 1 ? 4096 : seed >> (seed >> 58);
		line.utf8 = i & 2;
		line.day_ns = seed;
		output__begin(&o);
		render__trace_event(o.stream, &line);
		output__finish(&o);
		expect_printable(&o);
		output__free(&o);
		output__begin(&o);
		assert_int_equal(render__json_event(o.stream, &line), 0);
		output__finish(&o);
		expect_object(&o);
		output__free(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traces),
		cmocka_unit_test(an_unknown_page_size_gives_no_pages),
		cmocka_unit_test(a_caller_is_a_place_or_an_address_or_null),
		cmocka_unit_test(what_is_in_no_line_is_said),
		cmocka_unit_test(flags_have_names),
		cmocka_unit_test(any_bytes_make_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

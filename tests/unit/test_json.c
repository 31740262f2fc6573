/*
 * test_json.c - the report in JSON: the golden file, single fields of it, and no memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "golden.h"
#include "render/json.h"
#include "render/json_value.h"
#include "sample_snapshot.h"

static json_t *report_of(const struct snapshot *s)
{
	struct output o;
	json_error_t error;
	json_t *report;

	output__begin(&o);
	assert_int_equal(render__json(o.stream, s), 0);
	output__finish(&o);
	report = json_loadb(o.text, o.size, JSON_REJECT_DUPLICATES, &error);
	if (!report)
		fail_msg("line %d: %s", error.line, error.text);
	output__free(&o);
	return report;
}

/* "processes.0.heap.bytes": the value there, which must be there */
static json_t *at(json_t *value, const char *path)
{
	char name[64];
	size_t length;

	for (; *path; path += length + (path[length] == '.')) {
		length = strcspn(path, ".");
		assert_true(length < sizeof(name));
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		value = json_is_array(value) ? json_array_get(value, strtoul(name, NULL, 10))
					     : json_object_get(value, name);
		if (!value)
			fail_msg("nothing at %s", path);
	}
	return value;
}

static void assert_number(json_t *report, const char *path, long long want)
{
	json_t *value = at(report, path);

	assert_true(json_is_integer(value));
	if (json_integer_value(value) != want)
		fail_msg("%s is %lld, not %lld", path, (long long)json_integer_value(value), want);
}

static void assert_null_at(json_t *report, const char *path)
{
	if (!json_is_null(at(report, path)))
		fail_msg("%s is not null", path);
}

static void assert_text(json_t *report, const char *path, const char *want)
{
	json_t *value = at(report, path);

	assert_true(json_is_string(value));
	assert_string_equal(json_string_value(value), want);
}

static void the_golden_report(void **state)
{
	struct output o;

	output__begin(&o);
	assert_int_equal(render__json(o.stream, sample_snapshot()), 0);
	golden__check("report.json", &o);
	output__begin(&o);
	assert_int_equal(render__json(o.stream, sample_snapshot__live()), 0);
	golden__check("report.live.json", &o);
	output__begin(&o);
	assert_int_equal(render__json(o.stream, sample_snapshot__budget()), 0);
	golden__check("report.budget.json", &o);
	output__begin(&o);
	assert_int_equal(render__json(o.stream, sample_snapshot__empty()), 0);
	golden__check("report.empty.json", &o);
}

static void the_head(void **state)
{
	json_t *report = report_of(sample_snapshot()), *empty;

	assert_text(report, "schema", "brkscope.report/1");
	assert_text(report, "host", "build-7");
	assert_text(report, "kernel", "6.18.5-amd64");
	assert_text(report, "level", "sizes");
	assert_number(report, "page_size", 4096);
	assert_number(report, "start_ns", 7654321000000);
	assert_number(report, "duration_ns", 62400000000);
	assert_number(report, "events.received", 1048213);
	assert_number(report, "events.spilled", 117);
	assert_number(report, "events.lost", 0);
	assert_int_equal(json_array_size(at(report, "processes")), SAMPLE_COUNT);
	json_decref(report);

	empty = report_of(sample_snapshot__empty());
	assert_null_at(empty, "host");
	assert_null_at(empty, "kernel");
	assert_null_at(empty, "other_processes");
	assert_text(empty, "level", "syscalls");
	assert_number(empty, "events.lost", 3);
	assert_int_equal(json_array_size(at(empty, "processes")), 0);
	json_decref(empty);
}

static void heap_and_mmap(void **state)
{
	json_t *report = report_of(sample_snapshot()), *p = at(report, "processes.0");

	assert_number(p, "pid", 1415);
	assert_number(p, "ppid", 1200);
	assert_text(p, "comm", "a.out");
	assert_text(p, "exe", "/root/test1/a.out");
	assert_text(p, "allocator.kind", "glibc");
	assert_true(json_is_true(at(p, "allocator.probed")));
	assert_true(json_is_false(at(p, "exited")));
	assert_number(p, "execs", 1);
	assert_number(p, "heap.start", 0x55b473488000);
	assert_number(p, "heap.end", 0x55b473488000 + 73 * 4096);
	assert_number(p, "heap.bytes", 299008);
	assert_number(p, "heap.pages", 73);
	assert_number(p, "heap.peak_bytes", 299008);
	assert_number(p, "heap.grow.calls", 2);
	assert_number(p, "heap.grow.bytes", 299008);
	assert_number(p, "heap.shrink.calls", 0);
	assert_number(p, "heap.query.calls", 1);
	assert_number(p, "heap.failed.calls", 0);
	assert_number(p, "mmap.malloc.calls", 1);
	assert_number(p, "mmap.malloc.live_bytes", 147456);
	assert_number(p, "mmap.loader.live_regions", 9);
	assert_number(p, "mmap.munmap.bytes", 33 * 4096);
	assert_number(p, "rss.file_bytes", 1048576);
	p = at(report, "processes.1");
	assert_number(p, "mmap.arena.live_bytes", 7 * 64 * 1048576);
	assert_number(p, "mmap.arena.usable_bytes", 9 * 1048576 + 102400);
	assert_null(json_object_get(at(p, "mmap.direct"), "usable_bytes"));
	assert_number(p, "mmap.unattributed.live_bytes", 768 * 1024);
	assert_number(p, "mmap.mremap.grow_bytes", 5 * 1048576);
	assert_number(p, "mmap.failed.calls", 2);
	/* the break is not at a page: the kernel maps 33 */
	assert_number(at(report, "processes.2"), "heap.bytes", 0x21100);
	assert_number(at(report, "processes.2"), "heap.pages", 33);
	json_decref(report);
}

static void routes(void **state)
{
	json_t *report = report_of(sample_snapshot()), *m = at(report, "processes.0.malloc");

	assert_number(m, "calls", 6);
	assert_number(m, "bytes", 308224);
	assert_number(m, "impossible", 0);
	assert_null_at(m, "frees");
	assert_null_at(m, "failed");
	assert_null_at(m, "live_bytes");
	assert_null_at(m, "live_blocks");
	assert_int_equal(json_object_size(at(m, "by_function")), 1);
	assert_number(m, "by_function.malloc", 6);
	assert_number(m, "route.heap.calls", 5);
	assert_number(m, "route.heap.bytes", 164864);
	assert_number(m, "route.mmap.calls", 1);
	assert_number(m, "route.mmap.bytes", 143360);
	assert_number(m, "route.arena.calls", 0);
	assert_number(m, "route.arena.bytes", 0);
	assert_number(m, "route.heap_or_arena.bytes", 164864);

	m = at(report, "processes.1.malloc"); /* heap or arena: not told apart */
	assert_null_at(m, "route.heap.calls");
	assert_null_at(m, "route.heap.bytes");
	assert_null_at(m, "route.arena.calls");
	assert_number(m, "route.heap_or_arena.calls", 943755 - 2 - 115);
	assert_number(m, "route.heap_or_arena.bytes", 88776655 - 42000000);
	assert_number(m, "impossible", 2);

	m = at(report, "processes.2.malloc"); /* told apart */
	assert_number(m, "route.heap.calls", 1008 - 3 - 452);
	assert_number(m, "route.arena.calls", 452);
	assert_number(m, "route.heap_or_arena.calls", 1008 - 3);
	json_decref(report);
}

static void histograms(void **state)
{
	json_t *report = report_of(sample_snapshot()), *h = at(report, "processes.0.histograms");

	assert_int_equal(json_array_size(at(h, "malloc_size")), 3);
	assert_number(h, "malloc_size.0.le", 1024);
	assert_number(h, "malloc_size.0.heap", 1);
	assert_number(h, "malloc_size.2.le", 262144);
	assert_number(h, "malloc_size.2.heap", 0);
	assert_number(h, "malloc_size.2.mmap", 1);
	assert_number(h, "malloc_size.2.arena", 0);
	assert_number(h, "malloc_size.2.heap_or_arena", 0);
	assert_int_equal(json_array_size(at(h, "brk_grow")), 1);
	assert_number(h, "brk_grow.0.le", 262144);
	assert_number(h, "brk_grow.0.count", 2);
	assert_number(h, "mmap_size.3.loader", 3);
	assert_number(h, "mmap_size.3.file", 1);
	assert_number(h, "mmap_size.3.unattributed", 0);

	h = at(report, "processes.1.histograms");
	assert_null_at(h, "malloc_size.10.heap");
	assert_null_at(h, "malloc_size.10.arena");
	assert_number(h, "malloc_size.10.le", 131072);
	assert_number(h, "malloc_size.10.mmap", 12);
	assert_number(h, "malloc_size.10.heap_or_arena", 500);

	h = at(report, "processes.6.histograms"); /* the last bucket has no edge */
	assert_number(h, "malloc_size.0.le", 1ll << 62);
	assert_text(h, "malloc_size.1.le", "+Inf");
	assert_text(h, "brk_grow.1.le", "+Inf");

	h = at(report, "processes.3.histograms"); /* none: nothing in them */
	assert_int_equal(json_array_size(at(h, "malloc_size")), 0);
	assert_int_equal(json_array_size(at(h, "brk_grow")), 0);
	json_decref(report);
}

/* A call is in one route and in one bucket: they add up to the same. */
static void histograms_add_up_to_routes(void **state)
{
	static const char *const parts[] = {"mmap", "heap_or_arena"};
	json_t *report = report_of(sample_snapshot()), *p, *bucket;
	char path[64];
	size_t i, j, k;
	json_int_t sum;

	for (i = SAMPLE_TUTORIAL; i <= SAMPLE_SPLIT; i++) {
		p = json_array_get(at(report, "processes"), i);
		for (j = 0; j < 2; j++) {
			sum = 0;
			json_array_foreach(at(p, "histograms.malloc_size"), k, bucket)
				sum += json_integer_value(at(bucket, parts[j]));
			snprintf(path, sizeof(path), "malloc.route.%s.calls", parts[j]);
			assert_number(p, path, sum);
		}
	}
	json_decref(report);
}

static void what_is_not_known_is_null(void **state)
{
	static const char *const paths[] = {
		"exe",
		"cgroup",
		"allocator.object",
		"heap.start",
		"heap.end",
		"heap.bytes",
		"heap.pages",
		"heap.peak_bytes",
		"mmap.malloc.live_bytes",
		"mmap.malloc.live_regions",
		"mmap.malloc.peak_bytes",
		"mmap.arena.usable_bytes",
		"malloc",
		"histograms.malloc_size",
		"rss.anon_bytes",
		"rss.file_bytes",
		"rss.shmem_bytes",
	};
	json_t *report = report_of(sample_snapshot());
	json_t *p = at(report, "processes.4");
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_null_at(p, paths[i]);
	assert_text(p, "allocator.kind", "unknown");
	assert_number(p, "heap.grow.calls", 0);
	assert_number(p, "mmap.malloc.calls", 0);
	/* ends out of order */
	assert_null_at(report, "processes.5.heap.bytes");
	assert_null_at(report, "other_processes.pid");
	assert_null_at(report, "other_processes.comm");
	assert_number(report, "other_processes.malloc.calls", 56789);
	json_decref(report);
}

/* No number of a snapshot is negative, so none may be here. */
static void assert_none_negative(json_t *value)
{
	json_t *member;
	const char *key;
	size_t i;

	if (json_is_number(value))
		assert_true(json_number_value(value) >= 0);
	if (json_is_array(value))
		json_array_foreach(value, i, member) assert_none_negative(member);
	if (json_is_object(value))
		json_object_foreach(value, key, member) assert_none_negative(member);
}

static void huge_numbers_stay_positive(void **state)
{
	json_t *report = report_of(sample_snapshot()), *p = at(report, "processes.6");

	assert_none_negative(report);
	assert_true(json_is_real(at(p, "malloc.calls")));
	assert_true(json_real_value(at(p, "malloc.calls")) == (double)UINT64_MAX);
	assert_true(json_real_value(at(p, "rss.anon_bytes")) == (double)(1ull << 63));
	assert_number(p, "rss.file_bytes", 1ll << 62);
	json_decref(report);
}

static void hostile_strings_become_utf8(void **state)
{
	json_t *report = report_of(sample_snapshot()), *p = at(report, "processes.5");

	assert_text(p, "comm", "\033[2J\033]0;x\007\xef\xbf\xbd\n");
	assert_text(p, "cgroup", "/\r\n\xef\xbf\xbd\xef\xbf\xbd");
	assert_text(p, "allocator.object",
		    "/tmp/lib\tmalloc.so\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(report);
}

/* Whatever the bytes, jansson must take the string. */
static void any_bytes_make_a_string(void **state)
{
	uint64_t seed = 1;
	char bytes[24];
	json_t *value;
	int i;
	size_t j;

	for (i = 0; i < 100000; i++) {
		for (j = 0; j < sizeof(bytes); j++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			bytes[j] = (char)(seed >> 33 & seed >> 40 & 0xff) ^ (char)(seed >> 50);
		}
		bytes[0] |= 1; /* not empty */
		value = value__string(bytes, sizeof(bytes));
		assert_true(json_is_string(value));
		json_decref(value);
	}
	value = value__string("", 5);
	assert_string_equal(json_string_value(value), "");
	json_decref(value);
	value = value__string(NULL, 5);
	assert_true(json_is_null(value));
	json_decref(value);
}

/* jansson's allocations, of which so many succeed. */
static long allowed, outstanding;

static void *limited_malloc(size_t size)
{
	if (allowed-- <= 0)
		return NULL;
	outstanding++;
	return malloc(size);
}

static void counted_free(void *p)
{
	outstanding -= p != NULL;
	free(p);
}

/* Every allocation fails once: nothing is written, nothing is left. */
static void without_memory_nothing_is_written(void **state)
{
	json_malloc_t old_malloc;
	json_free_t old_free;
	long limit;
	struct output o;
	int err = -ENOMEM;

	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(limited_malloc, counted_free);
	for (limit = 0; err == -ENOMEM; limit++) {
		output__begin(&o);
		allowed = limit;
		err = render__json(o.stream, sample_snapshot());
		output__finish(&o);
		assert_true(err == 0 || err == -ENOMEM);
		if (err)
			assert_int_equal(o.size, 0);
		/* the text itself is given back to free(), which is not counted */
		assert_int_equal(outstanding, !err);
		output__free(&o);
	}
	json_set_alloc_funcs(old_malloc, old_free);
	assert_true(limit > 1000);
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(render__json(full, sample_snapshot()), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_report),
		cmocka_unit_test(the_head),
		cmocka_unit_test(heap_and_mmap),
		cmocka_unit_test(routes),
		cmocka_unit_test(histograms),
		cmocka_unit_test(histograms_add_up_to_routes),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(huge_numbers_stay_positive),
		cmocka_unit_test(hostile_strings_become_utf8),
		cmocka_unit_test(any_bytes_make_a_string),
		cmocka_unit_test(without_memory_nothing_is_written),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_verdict.c - quantities by name, what a mark takes out, and what is right, wrong or unknown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "brkscope/selftest.h"
#include "golden.h"
#include "render/selftest.h"
#include "verdict.h"

#define PAGE 4096

static struct histograms histograms;

static struct process_stats sample(void)
{
	struct process_stats p = {
		.pid = 12,
		.execs = 1,
		.exited = true,
		.allocator = ALLOCATOR_GLIBC,
		.allocator_probed = true,
		.heap = {.known = true,
			 .start = 10 * PAGE,
			 .end = 43 * PAGE,
			 .peak_bytes = 50 * PAGE},
		.live_known = true,
		.munmap = {5, 50},
		.mmap_failed = 6,
		.malloc_known = true,
		.malloc = {.calls = 10,
			   .bytes = 1000,
			   .route_mmap = {2, 300},
			   .arena_split = true,
			   .by_function = {[FN_MEMALIGN] = {3, 30}, [FN_ALIGNED_ALLOC] = {4, 40}}},
		.histograms = &histograms,
		.rss = {.known = true, .anon_bytes = 77},
	};

	for (int c = 0; c < CAUSE_COUNT; c++)
		p.mapped[c] = (struct mapped){.calls = 1 << c, .bytes = 100 + c, .live_bytes = 200};
	histograms.malloc_size[10].calls = 9;
	histograms.brk_grow[18] = 8;
	return p;
}

static __u64 value(const char *name)
{
	struct process_stats p = sample();
	struct quantity q;

	if (quantity__read(&q, name, &p, PAGE))
		fail_msg("there is no %s", name);
	return q.value;
}

static void quantities(void **state)
{
	static const char *const none[] = {
		"",
		"+",
		"malloc",
		"malloc.call",
		"heap",
		"heap.",
		"heap.end",
		"mmap.calls",
		"mmap.x.calls",
		"mmap.malloc.",
		"mmap.mallo.calls",
		"mmap.anonymous.x",
		"malloc.by_function.calls",
		"malloc.by_function.x.calls",
		"malloc_size.le.3",
		"malloc_size.le.",
		"malloc_size.le.1x",
		"execs+x",
		"malloc.by_function.calloc,x.calls",
	};
	struct process_stats p = sample();
	struct quantity q;

	assert_int_equal(value("execs"), 1);
	assert_int_equal(value("heap.bytes"), 33 * PAGE);
	assert_int_equal(value("heap.pages"), 33);
	assert_int_equal(value("heap.peak_bytes"), 50 * PAGE);
	assert_int_equal(value("mmap.direct.calls"), 1 << CAUSE_DIRECT);
	assert_int_equal(value("mmap.file.bytes"), 100 + CAUSE_FILE);
	assert_int_equal(value("mmap.anonymous.live_bytes"), (CAUSE_COUNT - 2) * 200);
	assert_int_equal(value("mmap.munmap.calls+mmap.failed.calls"), 11);
	assert_int_equal(value("malloc.by_function.aligned_alloc,memalign.bytes"), 70);
	assert_int_equal(value("malloc.route.heap.bytes"), 700);
	assert_int_equal(value("malloc_size.le.1024"), 9);
	assert_int_equal(value("malloc_size.le.512"), 0);
	assert_int_equal(value("brk_grow.le.262144"), 8);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		if (quantity__read(&q, none[i], &p, PAGE) != -ENOENT)
			fail_msg("there is a quantity: %s", none[i]);
}

/* ---- marks ---- */

static void tell(struct baselines *b, __u8 type, const struct process_stats *p)
{
	struct event_map e = {.e = {.type = type, .op = MAP_REFUSED},
			      .addr = SELFTEST_MARK_ADDRESS,
			      .length = SELFTEST_MARK_LENGTH};

	assert_int_equal(baselines__event(b, &e.e, p), 0);
}

struct scene {
	struct process_stats row;
	const struct process_stats *rows[1];
	struct snapshot snapshot;
	struct claims claims;
	struct baselines baselines;
	struct comparison comparison;
	struct verdicts verdicts;
};

/* Marked with 4 calls of malloc, 3 direct mappings and 100 bytes live behind it. */
static void scene__begin(struct scene *s, const char *text)
{
	size_t line;

	*s = (struct scene){.row = sample()};
	s->row.malloc.calls = 4;
	s->row.mapped[CAUSE_DIRECT].calls = 3;
	s->row.mapped[CAUSE_DIRECT].live_bytes = 100;
	tell(&s->baselines, EVENT_MUNMAP, &s->row);
	s->row = sample();
	s->rows[0] = &s->row;
	s->snapshot = (struct snapshot){.page_size = PAGE, .processes = s->rows, .count = 1};
	s->comparison = (struct comparison){.claims = &s->claims,
					    .snapshot = &s->snapshot,
					    .baselines = &s->baselines,
					    .callers_known = true,
					    .suffix = ""};
	assert_int_equal(claims__parse(&s->claims, text, strlen(text), &line), 0);
}

static void scene__end(struct scene *s)
{
	claims__clear(&s->claims);
	baselines__clear(&s->baselines);
	verdicts__clear(&s->verdicts);
}

/* The only one that the text leads to. */
static const struct verdict *verdict_on(struct scene *s)
{
	verdicts__clear(&s->verdicts);
	assert_int_equal(verdicts__compare(&s->verdicts, &s->comparison), 0);
	assert_int_equal(s->verdicts.n, 1);
	return &s->verdicts.all[0];
}

static void assert_measured(const char *text, enum outcome outcome, __u64 measured)
{
	const struct verdict *v;
	struct scene s;

	scene__begin(&s, text);
	v = verdict_on(&s);
	if (v->outcome != outcome || v->measured != measured)
		fail_msg("%s is %d, %llu: %s", text, v->outcome, v->measured, v->reason);
	scene__end(&s);
}

static void marked(void **state)
{
	assert_measured("process a 12 0\nexpect malloc.calls 6\nend\n", OUTCOME_RIGHT, 6);
	assert_measured("process a 12 0\nexpect malloc.calls 7\nend\n", OUTCOME_WRONG, 6);
	assert_measured("process a 12 0\nexpect malloc.calls 5\nend\n", OUTCOME_WRONG, 6);
	assert_measured("process a 12 0\nexpect mmap.direct.live_bytes 100\nend\n", OUTCOME_RIGHT,
			100);
	/* The heap is whole. */
	assert_measured("process a 12 0\nexpect heap.pages 33\nend\n", OUTCOME_RIGHT, 33);
	/* A child's calls are its own; what it has of its parent is not. */
	assert_measured("process a 12 12\nexpect malloc.calls 10\nend\n", OUTCOME_RIGHT, 10);
	assert_measured("process a 12 12\nexpect mmap.direct.live_bytes 100\nend\n", OUTCOME_RIGHT,
			100);
}

/* Of two programs in one process, neither's loader counts; live is what the second one has. */
static void marked_again(void **state)
{
	struct scene s;

	scene__begin(&s, "process a 12 0\nexpect malloc.calls 15\nend\n");
	s.row.malloc.calls = 10;
	tell(&s.baselines, EVENT_EXEC, &s.row);
	s.row.malloc.calls = 13;
	s.row.mapped[CAUSE_DIRECT].live_bytes = 30;
	tell(&s.baselines, EVENT_MUNMAP, &s.row);
	s.row.malloc.calls = 22;
	s.row.mapped[CAUSE_DIRECT].live_bytes = 50;
	assert_int_equal(verdict_on(&s)->measured, 10 - 4 + 22 - 13);
	assert_int_equal(verdict_on(&s)->outcome, OUTCOME_RIGHT);
	strcpy(s.claims.all[0].quantity, "mmap.direct.live_bytes");
	assert_int_equal(verdict_on(&s)->measured, 20);
	scene__end(&s);
}

static void assert_unknown(const char *text, void (*change)(struct scene *s), enum outcome outcome)
{
	const struct verdict *v;
	struct scene s;

	scene__begin(&s, text);
	if (change)
		change(&s);
	v = verdict_on(&s);
	if (v->outcome != outcome || !v->reason[0])
		fail_msg("%s is %d: %s", text, v->outcome, v->reason);
	scene__end(&s);
}

static void no_malloc(struct scene *s)
{
	s->row.malloc_known = s->row.allocator_probed = false;
}

static void no_live(struct scene *s)
{
	s->row.live_known = s->row.heap.known = s->row.malloc.arena_split = false;
}

static void no_callers(struct scene *s)
{
	s->comparison.callers_known = false;
}

static struct process_stats other;
static const struct process_stats *two[2];

static void no_rss_here(struct scene *s)
{
	other = s->row;
	other.pid = 13;
	s->row.rss.known = false;
	two[0] = &s->row;
	two[1] = &other;
	s->snapshot.processes = two;
	s->snapshot.count = 2;
}

static void no_rss(struct scene *s)
{
	s->row.rss.known = false;
}

static void unknown(void **state)
{
	assert_unknown("process a 13 0\nexpect execs 1\nend\n", NULL, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 14\nexpect execs 1\nend\n", NULL, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nexpect nonsense 1\nend\n", NULL, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nend\n", NULL, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nskip why\nfailed why\nend\n", NULL, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nskip why\nend\n", NULL, OUTCOME_NOT_MEASURED);
	assert_unknown("process a 12 0\nexpect malloc.calls 1\nend\n", no_malloc, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nwant malloc.calls 1\nend\n", no_malloc,
		       OUTCOME_NOT_MEASURED);
	assert_unknown("process a 12 0\nexpect heap.bytes 1\nend\n", no_live, OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nexpect mmap.file.live_bytes 1\nend\n", no_live,
		       OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nexpect malloc.route.heap.calls 1\nend\n", no_live,
		       OUTCOME_UNKNOWN);
	assert_unknown("process a 12 0\nexpect mmap.file.calls 1\nend\n", no_callers,
		       OUTCOME_NOT_MEASURED);
	/* Of every exit, or of this one only. */
	assert_unknown("process a 12 0\nexpect rss.anon_bytes 1\nend\n", no_rss,
		       OUTCOME_NOT_MEASURED);
	assert_unknown("process a 12 0\nexpect rss.anon_bytes 1\nend\n", no_rss_here,
		       OUTCOME_UNKNOWN);
}

/* ---- output ---- */

static void sample_result(struct selftest *t)
{
	const struct verdict odd[] = {
		{.workload = "glibc",
		 .quantity = "malloc.calls",
		 .pid = 12,
		 .expected = 20,
		 .measured = 18,
		 .outcome = OUTCOME_WRONG},
		{.workload = "glibc",
		 .quantity = "heap.bytes",
		 .pid = 12,
		 .expected = 4096,
		 .outcome = OUTCOME_UNKNOWN,
		 .reason = "its heap is not known"},
		{.workload = "touch",
		 .quantity = "rss.anon_bytes",
		 .pid = 13,
		 .expected = ~0ull,
		 .outcome = OUTCOME_NOT_MEASURED,
		 .reason = "not here"},
		{.workload = "refmalloc",
		 .pid = 14,
		 .outcome = OUTCOME_NOT_MEASURED,
		 .reason = "there is none"},
	};

	*t = (struct selftest){.version = "1.2.3",
			       .host = "h\033[31m",
			       .kernel = "6.18.0",
			       .page_size = PAGE,
			       .features = {{"BTF", true}, {"uprobe_multi", false}},
			       .n_features = 2,
			       .received = 1000,
			       .spilled = 3,
			       .duration_ns = 1900000000};
	assert_int_equal(verdicts__add_number(&t->verdicts, "glibc", "heap.pages", false, 33, 33),
			 0);
	assert_int_equal(verdicts__add_number(&t->verdicts, "glibc", "heap.pages", false, 33, 40),
			 0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		assert_int_equal(verdicts__add(&t->verdicts, &odd[i]), 0);
	assert_int_equal(verdicts__add_missing(&t->verdicts, "fork", "it ended"), 0);
	assert_int_equal(verdicts__add_number(&t->verdicts, "all", "events.received", true, 0, 9),
			 0);
	assert_int_equal(verdicts__add_number(&t->verdicts, "all", "events.spilled", true, 0, 0),
			 0);
}

static void sums(void **state)
{
	struct verdict_sums s;
	struct selftest t;

	sample_result(&t);
	s = verdicts__sum(&t.verdicts);
	assert_int_equal(s.quantities, 6);
	assert_int_equal(s.workloads, 4);
	assert_int_equal(s.errors, 5);
	assert_int_equal(s.not_measured, 2);
	verdicts__clear(&t.verdicts);
}

static void rendered(void **state)
{
	const struct style plain = {.columns = 80},
			   rich = {.columns = 120, .colour = true, .utf8 = true};
	struct selftest t;
	struct output o;

	sample_result(&t);
	output__begin(&o);
	assert_int_equal(render__selftest(o.stream, &t, &plain, false), 0);
	golden__check("selftest.txt", &o);
	output__begin(&o);
	assert_int_equal(render__selftest(o.stream, &t, &rich, true), 0);
	golden__check("selftest.colour.txt", &o);
	output__begin(&o);
	assert_int_equal(render__selftest_json(o.stream, &t), 0);
	golden__check("selftest.json", &o);
	verdicts__clear(&t.verdicts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities),	cmocka_unit_test(marked),
		cmocka_unit_test(marked_again), cmocka_unit_test(unknown),
		cmocka_unit_test(sums),		cmocka_unit_test(rendered),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}

/*
 * report.c - the statistics as a line of JSON, at exit if asked for, and as a small table.
 *
 * Written without stdio and without allocating: the report does not change what it reports.  A
 * process appends one line in one write, so that many may share a file.
 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "options.h"
#include "refmalloc.h"

static const char *const routes[REFMALLOC_ROUTES] = {"heap", "mmap", "arena"};
static const char *const mappings[REFMALLOC_MAPPINGS] = {"block", "arena", "table"};
static const char *const functions[REFMALLOC_FUNCTIONS] = {
	"malloc",	 "calloc",	   "realloc", "reallocarray", "memalign",
	"aligned_alloc", "posix_memalign", "valloc",  "pvalloc",
};

static void key(struct text *t, const char *name)
{
	if (t->len && t->bytes[t->len - 1] != '{' && t->bytes[t->len - 1] != '[')
		text__add(t, ",");
	text__add(t, "\"");
	text__add(t, name);
	text__add(t, "\":");
}

static void number(struct text *t, const char *name, uint64_t n)
{
	key(t, name);
	text__add_number(t, n);
}

static void count(struct text *t, const char *name, const struct refmalloc_count *c)
{
	key(t, name);
	text__add(t, "{");
	number(t, "calls", c->calls);
	number(t, "bytes", c->bytes);
	text__add(t, "}");
}

static void counts(struct text *t, const char *name, const char *const *names,
		   const struct refmalloc_count *c, int n)
{
	key(t, name);
	text__add(t, "{");
	for (int i = 0; i < n; i++)
		count(t, names[i], &c[i]);
	text__add(t, "}");
}

/* Buckets that are empty on every route are left out. */
static void histogram(struct text *t, const struct refmalloc_stats *s)
{
	key(t, "histogram");
	text__add(t, "[");
	for (int i = 0; i < REFMALLOC_BUCKETS; i++) {
		uint64_t sum = 0;

		for (int route = 0; route < REFMALLOC_ROUTES; route++)
			sum += s->histogram[route][i];
		if (!sum)
			continue;
		text__add(t, t->bytes[t->len - 1] == '[' ? "{" : ",{");
		number(t, "le", 1ul << i);
		for (int route = 0; route < REFMALLOC_ROUTES; route++)
			number(t, routes[route], s->histogram[route][i]);
		text__add(t, "}");
	}
	text__add(t, "]");
}

static void kernel_side(struct text *t, const struct refmalloc_stats *s)
{
	count(t, "brk_grow", &s->brk_grow);
	count(t, "brk_shrink", &s->brk_shrink);
	number(t, "brk_queries", s->brk_queries);
	number(t, "brk_failed", s->brk_failed);
	counts(t, "mmap", mappings, s->mmap, REFMALLOC_MAPPINGS);
	counts(t, "munmap", mappings, s->munmap, REFMALLOC_MAPPINGS);
	count(t, "mremap_grow", &s->mremap_grow);
	count(t, "mremap_shrink", &s->mremap_shrink);
	number(t, "mmap_failed", s->mmap_failed);
	number(t, "munmap_failed", s->munmap_failed);
	number(t, "mremap_failed", s->mremap_failed);
	number(t, "heap_bytes", s->heap_bytes);
	number(t, "heap_peak", s->heap_peak);
	for (int i = 0; i < 2; i++) {
		const uint64_t *bytes = i ? s->mapped_peak : s->mapped;

		key(t, i ? "mapped_peak" : "mapped");
		text__add(t, "{");
		for (int m = 0; m < REFMALLOC_MAPPINGS; m++)
			number(t, mappings[m], bytes[m]);
		text__add(t, "}");
	}
}

void report__json(struct text *t)
{
	struct refmalloc_stats s;

	refmalloc_stats(&s);
	text__add(t, "{");
	number(t, "pid", getpid());
	counts(t, "function", functions, s.function, REFMALLOC_FUNCTIONS);
	number(t, "failed", s.failed);
	number(t, "frees", s.frees);
	number(t, "frees_of_null", s.frees_of_null);
	counts(t, "route", routes, s.route, REFMALLOC_ROUTES);
	histogram(t, &s);
	counts(t, "live", routes, s.live, REFMALLOC_ROUTES);
	if (s.peaks_known) {
		counts(t, "live_peak", routes, s.live_peak, REFMALLOC_ROUTES);
	} else {
		key(t, "live_peak");
		text__add(t, "null");
	}
	kernel_side(t, &s);
	text__add(t, "}\n");
}

static void line(struct text *t, const char *name, uint64_t n, const char *what, uint64_t bytes)
{
	text__add(t, name);
	text__add_number(t, n);
	text__add(t, what);
	text__add_number(t, bytes);
	text__add(t, " bytes\n");
}

void report__table(struct text *t)
{
	struct refmalloc_stats s;

	refmalloc_stats(&s);
	line(t, "heap:  live blocks ", s.live[REFMALLOC_HEAP].calls, ", ",
	     s.live[REFMALLOC_HEAP].bytes);
	line(t, "mmap:  live blocks ", s.live[REFMALLOC_MMAP].calls, ", ",
	     s.live[REFMALLOC_MMAP].bytes);
	line(t, "arena: live blocks ", s.live[REFMALLOC_ARENA].calls, ", ",
	     s.live[REFMALLOC_ARENA].bytes);
	line(t, "brk:   growing calls ", s.brk_grow.calls, ", heap now ", s.heap_bytes);
}

__attribute__((destructor)) static void report_at_exit(void)
{
	struct text t = {.fd = 2};
	int saved = errno;

	if (!options.stats)
		return;
	if (options.stats_file[0])
		t.fd = open(options.stats_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (t.fd < 0)
		return;
	report__json(&t);
	text__flush(&t);
	if (t.fd != 2)
		close(t.fd);
	errno = saved;
}

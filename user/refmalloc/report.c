/*
 * report.c - the statistics as a line of JSON, with the names of struct refmalloc_stats: at exit if
 * asked for, and malloc_stats().
 *
 * Written without stdio and without allocating: the report does not change what it reports.  A
 * process appends one line in one write, so that many may share a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "options.h"
#include "public.h"
#include "refmalloc.h"
#include "text.h"
#include "threads.h"

static const char *const routes[REFMALLOC_ROUTES] = {"heap", "mmap", "arena"};
static const char *const mappings[REFMALLOC_MAPPINGS] = {"block", "arena", "table"};
static const char *const functions[REFMALLOC_FUNCTIONS] = {
	"malloc",	 "calloc",	   "realloc", "reallocarray", "memalign",
	"aligned_alloc", "posix_memalign", "valloc",  "pvalloc",
};

/* Fields are numbers, or counts, which are two; one, or one for each of some names. */
static const struct field {
	const char *name;
	const char *const *names;
	size_t offset, size;
	bool counts;
} fields[] = {
#define FIELD(field, names, counts)                                                                \
	{                                                                                          \
#field, names, offsetof(struct refmalloc_stats, field),                            \
			sizeof(((struct refmalloc_stats *)0)->field), counts                       \
	}
	FIELD(function, functions, true),  FIELD(failed, NULL, false),
	FIELD(frees, NULL, false),	   FIELD(frees_of_null, NULL, false),
	FIELD(route, routes, true),	   FIELD(live, routes, true),
	FIELD(live_peak, routes, true),	   FIELD(brk_grow, NULL, true),
	FIELD(brk_shrink, NULL, true),	   FIELD(brk_queries, NULL, false),
	FIELD(brk_failed, NULL, false),	   FIELD(mmap, mappings, true),
	FIELD(munmap, mappings, true),	   FIELD(mremap_grow, NULL, true),
	FIELD(mremap_shrink, NULL, true),  FIELD(mmap_failed, NULL, false),
	FIELD(munmap_failed, NULL, false), FIELD(mremap_failed, NULL, false),
	FIELD(heap_bytes, NULL, false),	   FIELD(heap_peak, NULL, false),
	FIELD(mapped, mappings, false),	   FIELD(mapped_peak, mappings, false),
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

static void value(struct text *t, const char *name, const uint64_t *n, bool count)
{
	if (!count) {
		number(t, name, *n);
		return;
	}
	key(t, name);
	text__add(t, "{");
	number(t, "calls", n[0]);
	number(t, "bytes", n[1]);
	text__add(t, "}");
}

static void add_field(struct text *t, const struct field *f, const struct refmalloc_stats *s)
{
	const uint64_t *n = (const uint64_t *)((const char *)s + f->offset);
	size_t words = f->counts ? 2 : 1;

	if (!f->names) {
		value(t, f->name, n, f->counts);
		return;
	}
	key(t, f->name);
	if (n == &s->live_peak[0].calls && !s->peaks_known) {
		text__add(t, "null");
		return;
	}
	text__add(t, "{");
	for (size_t i = 0; i < f->size / sizeof(*n) / words; i++)
		value(t, f->names[i], n + i * words, f->counts);
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

static void report(int fd)
{
	struct text t = {.fd = fd};
	struct refmalloc_stats s;

	refmalloc_stats(&s);
	text__add(&t, "{");
	number(&t, "pid", getpid());
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		add_field(&t, &fields[i], &s);
		if (fields[i].offset == offsetof(struct refmalloc_stats, route))
			histogram(&t, &s);
	}
	text__add(&t, "}\n");
	text__flush(&t);
}

PUBLIC void malloc_stats(void)
{
	report(2);
}

__attribute__((destructor)) static void report_at_exit(void)
{
	int saved = errno, fd = 2;

	/* Of a program that never asked for a block: it reads the environment. */
	threads__leave(threads__enter());
	if (!options.stats)
		return;
	if (options_stats_file[0])
		fd = open(options_stats_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	report(fd);
	if (fd != 2)
		close(fd);
	errno = saved;
}

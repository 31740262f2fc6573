/*
 * section.c - one process in detail: allocator, heap, malloc, mmaps by cause, histograms.
 *
 * The table has the numbers to compare processes by; here is what explains
 * them, in bytes and pages, exact.
 */
#include "render/section.h"

#include <limits.h>

#include "render/callers.h"
#include "render/cost.h"
#include "render/flow.h"
#include "render/ink.h"
#include "render/names.h"
#include "render/retained.h"
#include "render/route.h"
#include "render/sanitize.h"
#include "render/sizes.h"
#include "render/title.h"
#include "render/units.h"

#define COLUMNS_PATH 256 /* at most, of a path */
#define SLOWED_MUCH  0.1 /* the reason, and not that there are few bursts */
#define LABEL	     13	 /* "  allocator  " */

struct section {
	FILE *out;
	const struct snapshot *s;
	const struct style *style;
	const struct process_stats *p;
};

static const char *plural(__u64 count)
{
	return count == 1 ? "" : "s";
}

/* "40 pages", or "163841 bytes" where these are not whole pages */
static const char *amount(char text[UNIT_SIZE], const struct section *c, __u64 bytes)
{
	__u64 page = c->s->page_size;

	if (!page || bytes % page)
		snprintf(text, UNIT_SIZE, "%llu byte%s", bytes, plural(bytes));
	else
		snprintf(text, UNIT_SIZE, "%llu page%s", bytes / page, plural(bytes / page));
	return text;
}

static void print_path(const struct section *c, const char *label, const char *before,
		       const char *path, const char *behind)
{
	char text[SANITIZED_SIZE(COLUMNS_PATH)];

	sanitize__path(text, path, PATH_MAX, COLUMNS_PATH, c->style->utf8);
	fprintf(c->out, "%-*s%s%s%s\n", LABEL, label, before, text, behind);
}

static void print_allocator(const struct section *c)
{
	const struct process_stats *p = c->p;
	bool missing = c->s->level != LEVEL_SYSCALLS && !p->malloc_known;
	const char *behind = missing ? ", not probed: no malloc numbers" : "";
	char name[32];

	if (p->allocator == ALLOCATOR_UNKNOWN && !p->allocator_object) {
		fprintf(c->out, "%-*snot known%s\n", LABEL, "  allocator",
			missing ? ": no malloc numbers" : "");
		return;
	}
	if (p->allocator == ALLOCATOR_UNKNOWN) {
		print_path(c, "  allocator", "not known: no symbols in the static program ",
			   p->allocator_object, missing ? "; no malloc numbers" : "");
		return;
	}
	snprintf(name, sizeof(name), "%s%s", allocator__name(p->allocator),
		 p->allocator_object ? ", " : "");
	print_path(c, "  allocator", name, p->allocator_object, behind);
}

static void print_heap_now(const struct section *c)
{
	__u64 page = c->s->page_size, start = c->p->heap.start, end = c->p->heap.end;
	__u64 bytes, pages;
	char text[UNIT_SIZE];

	fprintf(c->out, "%-*s", LABEL, "  heap");
	if (!heap__known(c->p)) {
		fprintf(c->out, "where it is and its size are not known\n");
		return;
	}
	bytes = stats__heap_bytes(c->p);
	fprintf(c->out, "%#llx-%#llx  %llu bytes", start, end, bytes);
	if (page) {
		pages = unit__pages(start, end, page);
		/* brk may end inside a page; the kernel maps all of it */
		fprintf(c->out, "%s%llu page%s", bytes % page ? ", in " : " = ", pages,
			plural(pages));
	}
	if (c->p->heap.unmapped_bytes)
		fprintf(c->out, ", %llu bytes of it unmapped", c->p->heap.unmapped_bytes);
	if (c->p->resident.known && c->p->resident.heap.known)
		fprintf(c->out, ", %s resident", unit__bytes(text, c->p->resident.heap.bytes));
	fputc('\n', c->out);
}

static void add_change(struct flow *f, const struct section *c, const char *did,
		       const char *did_not, const struct tally *t)
{
	char text[UNIT_SIZE];

	if (!t->calls)
		flow__add(f, INK_PLAIN, "%s", did_not);
	else
		flow__add(f, INK_PLAIN, "%s %s in %llu call%s", did, amount(text, c, t->bytes),
			  t->calls, plural(t->calls));
}

static void print_heap_calls(const struct section *c)
{
	const struct process_stats *p = c->p;
	char text[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, c->out, c->style, LABEL, "");
	add_change(&f, c, "grew", "did not grow", &p->heap.grow);
	add_change(&f, c, "shrank", "did not shrink", &p->heap.shrink);
	flow__add(&f, INK_PLAIN, "%llu quer%s", p->heap.query_calls,
		  p->heap.query_calls == 1 ? "y" : "ies");
	flow__add(&f, p->heap.failed_calls ? INK_NOTICE : INK_PLAIN, "%llu failed",
		  p->heap.failed_calls);
	if (heap__known(p))
		flow__add(&f, INK_PLAIN, "peak %s", amount(text, c, p->heap.peak_bytes));
	flow__end(&f);
}

/* Before a number of malloc's that is an estimate, or less than all. */
static const char *about_of(const struct section *c)
{
	if (c->p->estimate.at_least)
		return c->style->utf8 ? "≥" : ">=";
	return c->p->estimate.is ? "~" : "";
}

static void add_route(struct flow *f, enum ink ink, const char *name, const char *about,
		      const struct tally *t)
{
	flow__add(f, ink, "%s %s%llu call%s for %s%llu byte%s", name, about, t->calls,
		  plural(t->calls), about, t->bytes, plural(t->bytes));
}

static void add_slowed(struct flow *f, const struct section *c)
{
	const typeof(c->p->estimate) *e = &c->p->estimate;
	bool few = e->at_least || e->calls.few, open = e->at_least || e->calls.open;
	char part[UNIT_SIZE];

	if (e->slowed < 0.01)
		return;
	flow__add(f, INK_NOTICE, "%s of the time seen went into the probes",
		  cost__percent(part, e->slowed));
	if (open && (!few || e->slowed >= SLOWED_MUCH))
		flow__add(f, INK_NOTICE, "without them it may have called far more");
}

/* "only 27 ms of 309 ms were seen, in too few bursts for an estimate" */
static void print_at_least(const struct section *c)
{
	const typeof(c->p->estimate) *e = &c->p->estimate;
	char seen[UNIT_SIZE], life[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, c->out, c->style, LABEL, "");
	flow__add(&f, INK_NOTICE, "only %s of %s were seen", unit__duration(seen, e->seen_ns),
		  unit__duration(life, e->life_ns));
	flow__add(&f, INK_NOTICE, "in too few bursts for an estimate");
	add_slowed(&f, c);
	flow__end(&f);
}

/* "4.1% of the time seen, 95% interval 3.1M to 3.4M calls" */
static void print_estimate(const struct section *c)
{
	const typeof(c->p->estimate) *e = &c->p->estimate;
	char low[UNIT_SIZE], high[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, c->out, c->style, LABEL, "");
	flow__add(&f, INK_NOTICE, "estimated from bursts: %s of the time seen",
		  cost__percent(low, e->coverage));
	flow__add(&f, INK_PLAIN, "%llu call%s", e->seen.calls, plural(e->seen.calls));
	if (e->calls.open)
		flow__add(&f, INK_PLAIN, "95%% interval from %s calls on%s",
			  unit__count(low, e->calls.low),
			  e->calls.few ? ": too few bursts for an upper end" : "");
	else
		flow__add(&f, INK_PLAIN, "95%% interval %s to %s calls",
			  unit__count(low, e->calls.low), unit__count(high, e->calls.high));
	if (e->bytes.known && !e->bytes.open)
		flow__add(&f, INK_PLAIN, "%s to %s", unit__bytes(low, e->bytes.low),
			  unit__bytes(high, e->bytes.high));
	add_slowed(&f, c);
	flow__end(&f);
}

static void print_routes(const struct section *c)
{
	struct routes r = route__of(c->p);
	const char *about = about_of(c);
	struct flow f;

	flow__begin(&f, c->out, c->style, LABEL, "");
	add_route(&f, INK_HEAP, route__heap_name(&r), about, &r.heap);
	add_route(&f, INK_CAUSE + CAUSE_MALLOC, "mmap", about, &r.mmap);
	if (r.arena.calls)
		add_route(&f, INK_CAUSE + CAUSE_ARENA, "arena", about, &r.arena);
	if (r.unknown.calls)
		add_route(&f, INK_NOTICE, "elsewhere", about, &r.unknown);
	flow__end(&f);
}

static void add_all_calls(struct flow *f, const struct section *c)
{
	const struct process_stats *p = c->p;
	const char *about = p->estimate.at_least ? "" : about_of(c);

	flow__add(f, p->estimate.at_least ? INK_NOTICE : INK_PLAIN,
		  "%s%s%llu call%s for %s%llu bytes", p->estimate.at_least ? "at least " : "",
		  about, p->malloc.calls, plural(p->malloc.calls), about, p->malloc.bytes);
	if (stats__estimate_is_open(p))
		flow__add(f, INK_NOTICE, "no upper end known");
}

static void print_malloc(const struct section *c)
{
	const struct process_stats *p = c->p;
	const char *about = about_of(c);
	struct flow f;
	int i;

	flow__begin(&f, c->out, c->style, LABEL, "  malloc");
	if (!p->malloc_known) {
		flow__add(&f, INK_PLAIN, "not known");
		flow__end(&f);
		return;
	}
	add_all_calls(&f, c);
	for (i = 0; i < FN_COUNT; i++)
		if (p->malloc.by_function[i].calls)
			flow__add(&f, INK_PLAIN, "%s %s%llu", alloc_fn__name((enum alloc_fn)i),
				  about, p->malloc.by_function[i].calls);
	if (p->malloc_since_ns)
		flow__add(&f, INK_NOTICE, "counted from %.3f s after its start on",
			  (p->malloc_since_ns - p->start_ns) / 1e9);
	if (p->malloc.impossible)
		flow__add(&f, INK_NOTICE, "%s%llu impossible (too large for any allocator)", about,
			  p->malloc.impossible);
	flow__end(&f);
	if (p->estimate.at_least)
		print_at_least(c);
	else if (p->estimate.is)
		print_estimate(c);
	print_routes(c);
}

static void add_blocks(struct flow *f, enum ink ink, const char *name, __u64 blocks, __u64 bytes)
{
	char text[UNIT_SIZE];

	if (blocks)
		flow__add(f, ink, "%s %s in %llu", name, unit__bytes(text, bytes), blocks);
}

/* What has been given and not given back. */
static void print_blocks(const struct section *c)
{
	const typeof(c->p->paired) *a = &c->p->paired;
	__u64 blocks = stats__live_blocks(c->p), bytes = stats__live_bytes(c->p);
	char text[UNIT_SIZE];
	struct flow f;

	if (c->s->level < LEVEL_LIVE || !c->p->malloc_known)
		return;
	flow__begin(&f, c->out, c->style, LABEL, "  blocks");
	if (!a->known) {
		flow__add(&f, INK_NOTICE, "what is outstanding is not known: %s",
			  unpaired__name(a->why));
		flow__add(&f, INK_PLAIN, "%llu free%s", a->frees, plural(a->frees));
		flow__end(&f);
		return;
	}
	flow__add(&f, INK_STRONG, "%llu bytes in %llu block%s outstanding", bytes, blocks,
		  plural(blocks));
	if (!a->complete)
		flow__add(&f, INK_NOTICE, "of those given while watched");
	add_blocks(&f, INK_HEAP, "heap", a->live[ROUTE_HEAP].blocks, a->live[ROUTE_HEAP].bytes);
	add_blocks(&f, INK_CAUSE + CAUSE_MALLOC, "mmap", a->live[ROUTE_MMAP].blocks,
		   a->live[ROUTE_MMAP].bytes);
	add_blocks(&f, INK_CAUSE + CAUSE_ARENA, "arena", a->live[ROUTE_ARENA].blocks,
		   a->live[ROUTE_ARENA].bytes);
	add_blocks(&f, INK_NOTICE, "elsewhere", a->live[ROUTE_UNKNOWN].blocks,
		   a->live[ROUTE_UNKNOWN].bytes);
	flow__add(&f, INK_PLAIN, "peak %s", unit__bytes(text, a->peak_bytes));
	flow__add(&f, INK_PLAIN, "%llu free%s", a->frees, plural(a->frees));
	if (a->frees_unknown)
		flow__add(&f, INK_PLAIN, "%llu of blocks from before", a->frees_unknown);
	flow__add(&f, a->failed ? INK_NOTICE : INK_PLAIN, "%llu failed", a->failed);
	flow__end(&f);
}

static bool is_idle(const struct process_stats *p, const struct mapped *m)
{
	return !m->calls && !m->bytes &&
	       (!p->live_known || (!m->live_bytes && !m->live_regions && !m->peak_bytes));
}

/* With one column more they are closer together. */
static int mmap_gap(const struct section *c)
{
	return c->p->resident.known ? 1 : 2;
}

static void print_column(const struct section *c, int width, const char *text)
{
	fprintf(c->out, "%*s%*s", mmap_gap(c), "", width, text);
}

static void print_cause(const struct section *c, enum cause cause)
{
	const struct mapped *m = &c->p->mapped[cause];
	const struct resident *r = &c->p->resident.causes[cause];
	bool known = c->p->live_known;
	char text[UNIT_SIZE];

	fprintf(c->out, "%*s", LABEL, "");
	ink__printf(c->out, c->style->colour, ink__of_cause(cause), "%-12s", cause__name(cause));
	print_column(c, 6, known ? unit__bytes(text, m->live_bytes) : "-");
	print_column(c, 6, known ? unit__bytes(text, m->usable_bytes) : "-");
	if (c->p->resident.known)
		print_column(c, 8, r->known ? unit__bytes(text, r->bytes) : "-");
	print_column(c, 7, known ? unit__count(text, m->live_regions) : "-");
	print_column(c, 6, known ? unit__bytes(text, m->peak_bytes) : "-");
	print_column(c, 6, unit__count(text, m->calls));
	print_column(c, 6, unit__bytes(text, m->bytes));
	fputc('\n', c->out);
}

static void print_unmaps(const struct section *c)
{
	const struct process_stats *p = c->p;
	char text[UNIT_SIZE], shrunk[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, c->out, c->style, LABEL, "");
	if (p->munmap.calls)
		flow__add(&f, INK_PLAIN, "%llu munmap call%s of %s", p->munmap.calls,
			  plural(p->munmap.calls), unit__bytes(text, p->munmap.bytes));
	else
		flow__add(&f, INK_PLAIN, "0 munmap calls");
	if (p->mremap.calls)
		flow__add(&f, INK_PLAIN, "%llu mremap call%s (grew %s, shrank %s)", p->mremap.calls,
			  plural(p->mremap.calls), unit__bytes(text, p->mremap.grow_bytes),
			  unit__bytes(shrunk, p->mremap.shrink_bytes));
	else
		flow__add(&f, INK_PLAIN, "0 mremap calls");
	flow__add(&f, p->mmap_failed ? INK_NOTICE : INK_PLAIN, "%llu failed", p->mmap_failed);
	flow__end(&f);
}

static void print_mmap(const struct section *c)
{
	int i;

	fprintf(c->out, "%-*s", LABEL, "  mmap");
	ink__begin(c->out, c->style->colour, INK_DIM);
	fprintf(c->out, "%-12s", "cause");
	print_column(c, 6, "live");
	print_column(c, 6, "usable");
	if (c->p->resident.known)
		print_column(c, 8, "resident");
	print_column(c, 7, "regions");
	print_column(c, 6, "peak");
	print_column(c, 6, "calls");
	print_column(c, 6, "bytes");
	ink__end(c->out, c->style->colour, INK_DIM);
	fputc('\n', c->out);
	for (i = 0; i < CAUSE_COUNT; i++)
		if (!is_idle(c->p, &c->p->mapped[i]))
			print_cause(c, (enum cause)i);
	print_unmaps(c);
	if (!c->p->live_known && live_unknown__name(c->p->live_why)) {
		struct flow f;

		flow__begin(&f, c->out, c->style, LABEL, "");
		flow__add(&f, INK_NOTICE, "live not known: %s", live_unknown__name(c->p->live_why));
		flow__end(&f);
	}
}

static void print_rss(const struct section *c)
{
	const struct process_stats *p = c->p;
	char text[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, c->out, c->style, LABEL, "  RSS");
	if (!p->rss.known) {
		flow__add(&f, INK_PLAIN, "not known");
	} else {
		flow__add(&f, INK_PLAIN, "anonymous %s", unit__bytes(text, p->rss.anon_bytes));
		flow__add(&f, INK_PLAIN, "file %s", unit__bytes(text, p->rss.file_bytes));
		flow__add(&f, INK_PLAIN, "shared %s", unit__bytes(text, p->rss.shmem_bytes));
	}
	if (p->resident.known && p->resident.main_stack.known)
		flow__add(&f, INK_PLAIN, "of it the main stack %s",
			  unit__bytes(text, p->resident.main_stack.bytes));
	if (p->resident.known && p->resident.left_over_bytes)
		flow__add(&f, INK_NOTICE, "%s in no part above",
			  unit__bytes(text, p->resident.left_over_bytes));
	flow__end(&f);
}

static void print_space(const struct section *c)
{
	const struct process_stats *p = c->p;
	__s64 missing = stats__unexplained(p);
	char text[UNIT_SIZE];

	if (!p->space.known)
		return;
	fprintf(c->out, "%-*s%s", LABEL, "  space", unit__bytes(text, p->space.bytes));
	if (!missing)
		fprintf(c->out, " by the kernel's count, all of it explained\n");
	else
		fprintf(c->out, " by the kernel's count; %lld bytes %s\n",
			missing < 0 ? -missing : missing,
			missing < 0 ? "less than the ledger has" : "are not explained");
}

void section__print(FILE *out, const struct snapshot *s, const struct style *style,
		    const struct process_stats *p)
{
	struct section c = {out, s, style, p};

	title__print(out, style, p->comm, p->pid, p->exited ? ", exited" : "", p->exe);
	print_allocator(&c);
	if (p->cgroup)
		print_path(&c, "  cgroup", "", p->cgroup, "");
	print_heap_now(&c);
	print_heap_calls(&c);
	print_malloc(&c);
	print_blocks(&c);
	if (p->retained && p->paired.known)
		retained__print(out, style, p->retained);
	print_mmap(&c);
	callers__print(out, s, style, p);
	print_space(&c);
	print_rss(&c);
	if (p->histograms)
		sizes__print(out, style, p);
}

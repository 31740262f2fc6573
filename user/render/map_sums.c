/*
 * map_sums.c - what stands below a map's segments: totals, changes, and whether it adds up.
 */
#include "render/map_sums.h"

#include <string.h>

#include "render/callers.h"
#include "render/flow.h"
#include "render/map_what.h"
#include "render/units.h"

static const char *plural(__u64 count)
{
	return count == 1 ? "" : "s";
}

static void print_total(FILE *out, const char *name, enum ink ink, const struct part_total *t,
			const struct style *style)
{
	char size[UNIT_SIZE], usable[UNIT_SIZE], rss[UNIT_SIZE];

	ink__printf(out, style->colour, ink, "%-12s", name);
	fprintf(out, " %8llu %6s %6s %6s\n", t->segments, unit__bytes(size, t->bytes),
		unit__bytes(usable, t->usable_bytes),
		t->rss_known ? unit__bytes(rss, t->rss_bytes) : "-");
}

void map_sums__print(FILE *out, const struct map_snapshot *s, const struct style *style)
{
	struct part_total all = {.rss_known = true, .rss_bytes = s->rss.segments_bytes};

	ink__printf(out, style->colour, INK_DIM, "%-12s %8s %6s %6s %6s", "cause", "segments",
		    "size", "usable", "RSS");
	fputc('\n', out);
	for (int order = 0; order < PART_COUNT; order++) {
		/* The heap first, as everywhere. */
		int part = order ? order - 1 + (order > PART_HEAP) : PART_HEAP;
		const struct part_total *t = &s->totals[part];

		if (!t->segments)
			continue;
		print_total(out, part__name(part), map__ink(part), t, style);
		all.segments += t->segments;
		all.bytes += t->bytes;
		all.usable_bytes += t->usable_bytes;
	}
	print_total(out, "all", INK_STRONG, &all, style);
}

/* ---- changes ---- */

static void change_in_words(char out[160], const struct change *c, __u64 page_size)
{
	char before[UNIT_SIZE], after[UNIT_SIZE], by[UNIT_SIZE];
	int used = 0;

	*out = 0;
	if (c->kind != CHANGE_OTHER) {
		if (c->part == CAUSE_MALLOC)
			map__block(out, c->request);
		return;
	}
	if (c->bytes_after > c->bytes_before)
		used = snprintf(out, 160, "grew by %s",
				unit__bytes(by, c->bytes_after - c->bytes_before));
	else if (c->bytes_after < c->bytes_before)
		used = snprintf(out, 160, "shrank by %s",
				unit__bytes(by, c->bytes_before - c->bytes_after));
	else if (c->usable_after == c->usable_before)
		used = snprintf(out, 160, "moved");
	if (c->part == PART_HEAP && page_size && used)
		snprintf(out + used, 160 - used, " = %llu pages",
			 (c->bytes_after > c->bytes_before ? c->bytes_after - c->bytes_before
							   : c->bytes_before - c->bytes_after) /
				 page_size);
	if (c->part != PART_HEAP && c->usable_after != c->usable_before)
		snprintf(out + used, 160 - used, "%susable %s, was %s", used ? ", " : "",
			 unit__bytes(after, c->usable_after),
			 unit__bytes(before, c->usable_before));
}

static void print_change(FILE *out, const struct map_snapshot *s, const struct change *c, int cause,
			 const struct style *style)
{
	static const char signs[] = {[CHANGE_NEW] = '+', [CHANGE_GONE] = '-', [CHANGE_OTHER] = '~'};
	__u64 bytes = c->kind == CHANGE_GONE ? c->bytes_before : c->bytes_after;
	char size[UNIT_SIZE], words[SANITIZED_SIZE(CALLER_COLUMNS)], range[64];

	change_in_words(words, c, s->page_size);
	if (c->part == CAUSE_DIRECT && c->kind != CHANGE_OTHER && map__caller(s, c->caller))
		caller__text(words, map__caller(s, c->caller), 50, style->utf8);
	snprintf(range, sizeof(range), "%08llx-%08llx", c->start, c->end);
	fprintf(out, "%c %-25s %5s ", signs[c->kind], range, unit__bytes(size, bytes));
	ink__printf(out, style->colour, map__ink(c->part), "%-*s", *words ? cause : 0,
		    map__cause(c->part));
	fprintf(out, "%s%s\n", *words ? " " : "", words);
}

void map_sums__changes(FILE *out, const struct map_snapshot *s, const struct style *style)
{
	size_t rows = s->change_count, by_kind[3] = {};
	char duration[UNIT_SIZE];
	int cause = 0;

	unit__duration(duration, s->followed_ns);
	for (size_t i = 0; i < s->change_count; i++) {
		int width = (int)strlen(map__cause(s->changes[i].part));

		by_kind[s->changes[i].kind]++;
		cause = width > cause ? width : cause;
	}
	if (!rows)
		fprintf(out, "nothing has changed in %s", duration);
	else
		fprintf(out, "changed in %s: %zu new, %zu gone, %zu other", duration,
			by_kind[CHANGE_NEW], by_kind[CHANGE_GONE], by_kind[CHANGE_OTHER]);
	fprintf(out, "%s\n", s->execs ? "; it has become another program by exec" : "");
	if (style->rows > 0 && (size_t)style->rows < rows)
		rows = (size_t)style->rows;
	for (size_t i = 0; i < rows; i++)
		print_change(out, s, &s->changes[i], cause, style);
	if (rows < s->change_count)
		ink__printf(out, style->colour, INK_NOTICE,
			    "%zu more change%s not shown: -r 0 shows all\n", s->change_count - rows,
			    plural(s->change_count - rows));
	fprintf(out, "events: %llu received, %llu spilled, %llu lost\n", s->received, s->spilled,
		s->lost);
}

/* ---- does it add up? ---- */

static void print_ledger(FILE *out, const struct reconciliation *r, const struct style *style)
{
	char size[UNIT_SIZE];
	struct flow f;
	size_t listed = r->differences < DIFFERENCES_LISTED ? r->differences : DIFFERENCES_LISTED;

	flow__begin(&f, out, style, 0, "");
	flow__add(&f, INK_PLAIN, "ledger %llu bytes in %llu region%s", r->ledger_bytes,
		  r->ledger_regions, plural(r->ledger_regions));
	flow__add(&f, INK_PLAIN, "kernel %llu bytes in %llu mapping%s", r->kernel_bytes,
		  r->kernel_mappings, plural(r->kernel_mappings));
	flow__add(&f, r->difference_bytes ? INK_ALARM : INK_PLAIN, "difference %llu",
		  r->difference_bytes);
	flow__end(&f);
	for (size_t i = 0; i < listed; i++)
		fprintf(out, "  %08llx-%08llx %5s %s\n", r->listed[i].start, r->listed[i].end,
			unit__bytes(size, r->listed[i].end - r->listed[i].start),
			difference__name(r->listed[i].kind));
	if (listed < r->differences)
		fprintf(out, "  and %zu more\n", r->differences - listed);
}

static __u64 distance(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

static void print_rss(FILE *out, const struct rss_check *r, const struct style *style)
{
	__u64 rss = r->walked ? r->walked_bytes : r->counter_bytes;
	__u64 difference = distance(r->segments_bytes, rss);
	struct flow f;

	flow__begin(&f, out, style, 0, "");
	flow__add(&f, INK_PLAIN, "resident by segment %llu", r->segments_bytes);
	flow__add(&f, INK_PLAIN, "RSS %llu", rss);
	flow__add(&f, difference ? INK_ALARM : INK_PLAIN, "difference %llu", difference);
	flow__end(&f);
	if (r->walked && r->counter_bytes != r->walked_bytes)
		fprintf(out,
			"  RSS is by the page tables; the kernel's counter says %llu, and lags: "
			"it is exact since Linux 6.17\n",
			r->counter_bytes);
}

void map_sums__reconciliation(FILE *out, const struct map_snapshot *s, const struct style *style)
{
	print_ledger(out, &s->ledger, style);
	print_rss(out, &s->rss, style);
	if (!s->settled)
		ink__printf(out, style->colour, INK_NOTICE,
			    "it changed while it was read: no two of %u readings were alike\n",
			    s->readings);
}

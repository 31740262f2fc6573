/*
 * sizes.c - a process's three histograms: malloc requests, heap growth, mappings.
 *
 * The bars of malloc sizes are split by route and those of mappings by cause:
 * where the colours change is the threshold that one is looking for.
 */
#include "render/sizes.h"

#include <string.h>

#include "render/histogram.h"
#include "render/route.h"

static const char *title_of(const struct process_stats *p)
{
	if (p->estimate.at_least)
		return "malloc calls that were seen, by the size asked for and what served it";
	return p->estimate.is ? "malloc calls, by the size asked for and what served it, estimated"
			      : "malloc calls, by the size asked for and what served it";
}

static void print_malloc_sizes(FILE *out, const struct style *style, const struct process_stats *p)
{
	struct histogram_part parts[] = {
		{.name = "heap", .ink = INK_HEAP, .letter = '#', .shade = "█", .always = true},
		{.name = "mmap",
		 .ink = INK_CAUSE + CAUSE_MALLOC,
		 .letter = 'm',
		 .shade = "▒",
		 .always = true},
		{.name = "arena", .ink = INK_CAUSE + CAUSE_ARENA, .letter = 'a', .shade = "░"},
		{.name = "elsewhere", .ink = INK_CAUSE + CAUSE_UNATTRIBUTED, .letter = '?'},
	};
	struct routes r;
	int i;

	if (!p->malloc_known)
		return;
	r = route__of(p);
	parts[0].name = route__heap_name(&r);
	for (i = 0; i < SIZE_BUCKETS; i++) {
		r = route__in_bucket(p, i);
		parts[0].calls[i] = r.heap.calls;
		parts[1].calls[i] = r.mmap.calls;
		parts[2].calls[i] = r.arena.calls;
		parts[3].calls[i] = r.unknown.calls;
	}
	histogram__print(out, style, title_of(p), parts, 4);
}

static void print_brk_steps(FILE *out, const struct style *style, const struct process_stats *p)
{
	struct histogram_part part = {
		.name = "calls", .ink = INK_HEAP, .letter = '#', .shade = "█"};

	memcpy(part.calls, p->histograms->brk_grow, sizeof(part.calls));
	histogram__print(out, style, "brk calls that grew the heap, by the size of the step", &part,
			 1);
}

static void print_mmap_sizes(FILE *out, const struct style *style, const struct process_stats *p)
{
	struct histogram_part parts[CAUSE_COUNT] = {};
	int i, cause;

	for (cause = 0; cause < CAUSE_COUNT; cause++) {
		parts[cause].name = cause__name((enum cause)cause);
		parts[cause].ink = ink__of_cause((enum cause)cause);
		parts[cause].letter = parts[cause].name[0]; /* no two start alike */
		for (i = 0; i < SIZE_BUCKETS; i++)
			parts[cause].calls[i] = p->histograms->mmap_size[i][cause];
	}
	histogram__print(out, style, "mmap calls, by size and cause", parts, CAUSE_COUNT);
}

void sizes__print(FILE *out, const struct style *style, const struct process_stats *p)
{
	print_malloc_sizes(out, style, p);
	print_brk_steps(out, style, p);
	print_mmap_sizes(out, style, p);
}

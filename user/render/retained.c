/*
 * retained.c - what is freed and not given back, what keeps it and what helps, as text.
 */
#include "render/retained.h"

#include "render/flow.h"
#include "render/ink.h"
#include "render/units.h"

#define LABEL 13 /* "  allocator  " */

static const char *const pattern_names[] = {
	[RETAINED_UNKNOWN] = "unknown",
	[RETAINED_NONE] = "none",
	[RETAINED_TOP_KEPT] = "top_kept",
	[RETAINED_TOP_CACHED] = "top_cached",
	[RETAINED_TOP_PINNED] = "top_pinned",
	[RETAINED_INSIDE] = "inside",
	[RETAINED_ARENAS] = "arenas",
	[RETAINED_THRESHOLD_RAISED] = "threshold_raised",
	[RETAINED_TOP_UNTRIMMED] = "top_untrimmed",
};

static const struct {
	const char *name, *text;
} advices[] = {
	[ADVICE_NONE] = {"none", ""},
	[ADVICE_FREE_PIN] = {"free_pin", "free what is there, or allocate it before what is below"},
	[ADVICE_SEPARATE] = {"separate", "allocate what lives long apart from what does not"},
	[ADVICE_TRIM] = {"malloc_trim", "malloc_trim(0)"},
	[ADVICE_TRIM_THRESHOLD] = {"trim_threshold",
				   "M_TRIM_THRESHOLD: GLIBC_TUNABLES=glibc.malloc.trim_threshold"},
	[ADVICE_MMAP_THRESHOLD] = {"mmap_threshold",
				   "M_MMAP_THRESHOLD: GLIBC_TUNABLES=glibc.malloc.mmap_threshold"},
	[ADVICE_ARENA_MAX] = {"arena_max", "M_ARENA_MAX: GLIBC_TUNABLES=glibc.malloc.arena_max"},
	[ADVICE_TCACHE] = {"tcache", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"},
	[ADVICE_FASTBINS] = {"fastbins",
			     "GLIBC_TUNABLES=glibc.malloc.mxfast=0:glibc.malloc.tcache_count=0"},
	[ADVICE_TRIM_SETTINGS] = {"trim_settings",
				  "M_TRIM_THRESHOLD and M_TOP_PAD left as they are by default"},
	[ADVICE_JEMALLOC_DECAY] = {"jemalloc_decay",
				   "MALLOC_CONF=background_thread:true,dirty_decay_ms:1000"},
	[ADVICE_TCMALLOC_RELEASE] = {"tcmalloc_release", "MallocExtension's ReleaseFreeMemory()"},
	[ADVICE_MIMALLOC_COLLECT] = {"mimalloc_collect",
				     "mi_collect(true), or MIMALLOC_PURGE_DELAY=0"},
};

const char *retained_pattern__name(enum retained_pattern pattern)
{
	return pattern < RETAINED_PATTERN_COUNT ? pattern_names[pattern] : "unknown";
}

const char *retained_advice__name(enum retained_advice advice)
{
	return advice < ADVICE_COUNT ? advices[advice].name : "unknown";
}

static const char *plural(__u64 count)
{
	return count == 1 ? "" : "s";
}

/* A phrase with one number of bytes in it. */
static void add_bytes(struct flow *f, enum ink ink, const char *format, __u64 bytes)
{
	char text[UNIT_SIZE];

	flow__add(f, ink, format, unit__bytes(text, bytes));
}

static void print_amounts(FILE *out, const struct style *style, const struct retained *r)
{
	const char *at_most = retained__at_most(r) ? "at most " : "";
	char bytes[UNIT_SIZE], of[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, out, style, LABEL, "  retained");
	flow__add(&f, INK_PLAIN, "%s%s of %s free and kept", at_most,
		  unit__bytes(bytes, retained__bytes(r)),
		  unit__bytes(of, r->heap_bytes + r->arenas.usable_bytes));
	if (r->top_bytes)
		add_bytes(&f, INK_PLAIN, "%s at the heap's end", r->top_bytes);
	if (r->inside_bytes)
		flow__add(&f, INK_PLAIN, "%s inside the heap (%s in whole pages)",
			  unit__bytes(bytes, r->inside_bytes),
			  unit__bytes(of, r->inside_page_bytes));
	if (r->arenas.usable_bytes)
		add_bytes(&f, INK_PLAIN, "%s in arenas", r->arenas.free_bytes);
	if (retained__at_most(r))
		flow__add(&f, INK_NOTICE, "blocks from before count as free");
	flow__end(&f);
}

static void print_live(FILE *out, const struct style *style, const struct retained *r)
{
	__u64 blocks = r->live_blocks + r->arenas.live_blocks;
	char bytes[UNIT_SIZE];
	struct flow f;

	flow__begin(&f, out, style, LABEL, "");
	flow__add(&f, INK_PLAIN, "%llu live block%s of %s", blocks, plural(blocks),
		  unit__bytes(bytes, r->live_bytes + r->arenas.live_bytes));
	if (r->overhead_known)
		add_bytes(&f, INK_PLAIN, "with %s around them",
			  r->overhead_bytes + r->arenas.overhead_bytes);
	if (r->heap_resident.known)
		add_bytes(&f, INK_PLAIN, "%s of the heap in memory", r->heap_resident.bytes);
	if (r->arenas.resident.known && r->arenas.usable_bytes)
		add_bytes(&f, INK_PLAIN, "%s of the arenas in memory", r->arenas.resident.bytes);
	flow__end(&f);
}

static void add_pins(struct flow *f, const struct retained *r)
{
	char bytes[UNIT_SIZE], lowest[UNIT_SIZE];
	__u32 pins = r->pinned.pins;

	flow__add(f, INK_NOTICE, "%u live block%s at the heap's end (%s)", pins, plural(pins),
		  unit__bytes(bytes, r->pinned.bytes));
	flow__add(f, INK_PLAIN, "%s%s at %#llx", pins > 1 ? "the lowest of " : "of ",
		  unit__bytes(lowest, r->pinned.lowest.size), r->pinned.lowest.addr);
	flow__add(f, INK_PLAIN, "%s free below %s", unit__bytes(bytes, r->pinned.free_bytes),
		  pins > 1 ? "them" : "it");
}

static void add_trim_threshold(struct flow *f, const struct retained *r)
{
	add_bytes(f, INK_PLAIN, "which gives the heap's end back from %s on", r->trim_threshold);
	flow__add(f, INK_PLAIN, "if nobody has set M_TRIM_THRESHOLD");
	if (r->trim_threshold > r->mmap_threshold) /* both as they begin: the same */
		add_bytes(f, INK_PLAIN, "twice the mapping of %s that a free gave back",
			  r->mapping_freed);
}

static void add_top(struct flow *f, const struct retained *r)
{
	flow__add(f, INK_NOTICE, "malloc");
	if (r->thresholds_known)
		add_trim_threshold(f, r);
	if (retained__may_be_cached(r))
		flow__add(f, INK_PLAIN, "and small freed blocks there, which it may cache");
}

static void add_cached(struct flow *f, const struct retained *r)
{
	flow__add(f, INK_NOTICE, "small freed blocks at the heap's end");
	flow__add(f, INK_PLAIN, "which malloc caches (%stcache)",
		  r->top_fastbin_bytes ? "fastbins, " : "");
	flow__add(f, INK_PLAIN, "if nobody has set M_TRIM_THRESHOLD or M_TOP_PAD");
}

static void add_untrimmed(struct flow *f, const struct retained *r)
{
	flow__add(f, INK_NOTICE, "not known");
	add_bytes(f, INK_PLAIN, "by default malloc gives the heap's end back from %s on",
		  r->trim_threshold);
	if (r->top_cache_bytes)
		add_bytes(f, INK_PLAIN, "%s of it are above all freed blocks that it may cache",
			  r->top_bytes - r->top_cache_bytes);
	else
		flow__add(f, INK_PLAIN, "no freed block that it may cache is there");
	flow__add(f, INK_PLAIN, "M_TRIM_THRESHOLD or M_TOP_PAD may be raised");
	flow__add(f, INK_PLAIN, "or the break was moved by other than malloc");
}

static void add_threshold(struct flow *f, const struct retained *r)
{
	char text[UNIT_SIZE];

	add_bytes(f, INK_NOTICE, "large blocks in the heap (up to %s)", r->heap_request);
	flow__add(f, INK_PLAIN, "own mappings only from %s%s on",
		  r->thresholds_known ? "" : "at least ", unit__bytes(text, r->mmap_threshold));
	flow__add(f, INK_PLAIN, "since the free of one of that size");
	flow__add(f, INK_PLAIN, "if nobody has set M_MMAP_THRESHOLD");
}

static void print_cause(FILE *out, const struct style *style, const struct retained *r)
{
	struct flow f;

	flow__begin(&f, out, style, LABEL, "  kept by");
	switch (r->pattern) {
	case RETAINED_TOP_KEPT:
		add_top(&f, r);
		break;
	case RETAINED_TOP_CACHED:
		add_cached(&f, r);
		break;
	case RETAINED_TOP_UNTRIMMED:
		add_untrimmed(&f, r);
		break;
	case RETAINED_TOP_PINNED:
		add_pins(&f, r);
		break;
	case RETAINED_INSIDE:
		flow__add(&f, INK_NOTICE, "live blocks %sabove what is free",
			  r->gap_count > 1 ? "between and " : "");
		flow__add(&f, INK_PLAIN, "%llu gap%s", r->gap_count, plural(r->gap_count));
		break;
	case RETAINED_ARENAS:
		flow__add(&f, INK_NOTICE, "arenas");
		add_bytes(&f, INK_PLAIN, "%s open in them", r->arenas.usable_bytes);
		break;
	case RETAINED_THRESHOLD_RAISED:
		add_threshold(&f, r);
		break;
	default:
		flow__add(&f, INK_PLAIN, "not known");
		add_bytes(&f, INK_NOTICE, "%s of the heap may be in use by blocks from before",
			  r->unseen_bytes);
		break;
	}
	flow__end(&f);
}

static void print_gaps(FILE *out, const struct style *style, const struct retained *r)
{
	char bytes[UNIT_SIZE];
	struct flow f;

	if (!r->n_gaps || r->pattern == RETAINED_UNKNOWN)
		return;
	flow__begin(&f, out, style, LABEL, "  gaps");
	for (size_t i = 0; i < r->n_gaps; i++)
		flow__add(&f, INK_PLAIN, "%s at %#llx",
			  unit__bytes(bytes, r->gaps[i].end - r->gaps[i].start), r->gaps[i].start);
	if (r->gap_count > r->n_gaps)
		flow__add(&f, INK_DIM, "%llu more", r->gap_count - r->n_gaps);
	flow__end(&f);
}

/* In arenas it is not known which pages are whole. */
static void add_trim(struct flow *f, const struct retained *r)
{
	__u64 pages = r->top_page_bytes + r->inside_page_bytes;

	if (r->pattern == RETAINED_ARENAS)
		flow__add(f, INK_PLAIN, "malloc_trim(0) gives back whole pages, in arenas as well");
	else
		add_bytes(f, INK_PLAIN, "malloc_trim(0) gives back at most %s", pages);
}

static void print_advice(FILE *out, const struct style *style, const struct retained *r)
{
	struct flow f;

	for (int i = 0; i < RETAINED_ADVICE && r->advice[i]; i++) {
		flow__begin(&f, out, style, LABEL, i ? "" : "  helps");
		if (i && r->advice[i - 1] == ADVICE_TRIM_THRESHOLD)
			flow__add(&f, INK_PLAIN, "and with it");
		if (r->advice[i] == ADVICE_TRIM)
			add_trim(&f, r);
		else
			flow__add(&f, INK_PLAIN, "%s", advices[r->advice[i]].text);
		flow__end(&f);
	}
}

void retained__print(FILE *out, const struct style *style, const struct retained *r)
{
	/* Without heap or arenas there is nothing that could be kept. */
	if (!r->heap_bytes && !r->arenas.usable_bytes)
		return;
	print_amounts(out, style, r);
	print_live(out, style, r);
	if (r->pattern == RETAINED_NONE)
		return;
	print_cause(out, style, r);
	print_gaps(out, style, r);
	print_advice(out, style, r);
}

/*
 * retained_pattern.c - which of the known causes keeps what is free, and what would help.
 */
#include "model/retained_pattern.h"

#include "model/glibc_malloc.h"

static bool is_half(__u64 part, __u64 of)
{
	return of && part >= of - part;
}

/* What of it is in memory, at most: the rest costs nobody anything. */
static __u64 in_memory(__u64 bytes, const struct resident *resident)
{
	return resident->known && resident->bytes < bytes ? resident->bytes : bytes;
}

static bool is_little(const struct retained *all, const struct retained *r)
{
	__u64 kept = in_memory(r->free_bytes, &all->heap_resident) +
		     in_memory(r->arenas.free_bytes, &all->arenas.resident);

	return kept < RETAINED_LITTLE || kept < (all->heap_bytes + all->arenas.usable_bytes) / 4;
}

/*
 * Large blocks belong into mappings of their own, which go back with them.  It is they if so much
 * of the heap came to be for them, they are not there any more, and small ones would not have
 * needed as much at their own time.
 */
static bool by_threshold(const struct retained *r)
{
	__u64 gone = r->by_large > r->large_live_bytes ? r->by_large - r->large_live_bytes : 0;

	return r->mmap_threshold > GLIBC_THRESHOLD && is_half(r->large_gap_bytes, r->free_bytes) &&
	       2 * gone >= r->free_bytes && 2 * r->small_gone <= r->free_bytes;
}

/*
 * What has become free at the end goes back with the free that made it enough (glibc, _int_free),
 * if it is one piece: a cached block is in use for everybody else.  So where it did not go back
 * there is one, and above that no more than goes back; or glibc's parameters are not its own.
 */
static enum retained_pattern of_top(const struct retained *r)
{
	if (!r->thresholds_known || r->top_bytes < r->trim_threshold)
		return RETAINED_TOP_KEPT;
	return r->top_bytes - r->top_cache_bytes <= r->top_most ? RETAINED_TOP_CACHED
								: RETAINED_TOP_UNTRIMMED;
}

static bool by_pins(const struct retained *r)
{
	return r->pinned.pins && is_half(r->pinned.free_bytes, r->free_bytes) &&
	       r->pinned.bytes <= r->pinned.free_bytes / 4;
}

enum retained_pattern retained__pattern(const struct retained *all, const struct retained *known)
{
	if (is_little(all, all))
		return RETAINED_NONE;
	if (is_little(all, known))
		return RETAINED_UNKNOWN;
	if (is_half(known->arenas.free_bytes, retained__bytes(known)))
		return RETAINED_ARENAS;
	if (is_half(known->top_bytes, known->free_bytes))
		return of_top(known);
	if (by_threshold(known))
		return RETAINED_THRESHOLD_RAISED;
	return by_pins(known) ? RETAINED_TOP_PINNED : RETAINED_INSIDE;
}

static void add(struct retained *r, enum retained_advice advice)
{
	int i = 0;

	while (r->advice[i])
		i++;
	r->advice[i] = advice;
}

/* What fastbins take goes through a thread's cache as well. */
static void advise_caches(struct retained *r)
{
	add(r, r->top_fastbin_bytes ? ADVICE_FASTBINS : ADVICE_TCACHE);
}

static void advise_top(struct retained *r)
{
	add(r, ADVICE_TRIM);
	if (r->pattern == RETAINED_TOP_UNTRIMMED)
		add(r, ADVICE_TRIM_SETTINGS);
	/* Else it is not known whether it is the threshold. */
	if (r->pattern == RETAINED_TOP_KEPT && r->top_bytes < r->trim_threshold)
		add(r, ADVICE_TRIM_THRESHOLD);
	if (r->pattern == RETAINED_TOP_CACHED || retained__may_be_cached(r))
		advise_caches(r);
}

static void advise_glibc(struct retained *r)
{
	/* malloc_trim(0) gives back what is whole pages: since glibc 2.8 also inside the heap. */
	bool pages = is_half(r->inside_page_bytes, r->inside_bytes);

	switch (r->pattern) {
	case RETAINED_TOP_KEPT:
	case RETAINED_TOP_CACHED:
	case RETAINED_TOP_UNTRIMMED:
		advise_top(r);
		break;
	case RETAINED_TOP_PINNED:
		add(r, ADVICE_FREE_PIN);
		if (pages)
			add(r, ADVICE_TRIM);
		break;
	case RETAINED_INSIDE:
		add(r, pages ? ADVICE_TRIM : ADVICE_SEPARATE);
		break;
	case RETAINED_ARENAS:
		add(r, ADVICE_ARENA_MAX);
		add(r, ADVICE_TRIM);
		break;
	case RETAINED_THRESHOLD_RAISED:
		add(r, ADVICE_MMAP_THRESHOLD);
		if (pages)
			add(r, ADVICE_TRIM);
		break;
	default:
		break;
	}
}

void retained__advise(struct retained *r)
{
	if (r->pattern == RETAINED_UNKNOWN || r->pattern == RETAINED_NONE)
		return;
	if (r->allocator == ALLOCATOR_GLIBC)
		advise_glibc(r);
	else if (r->allocator == ALLOCATOR_JEMALLOC)
		add(r, ADVICE_JEMALLOC_DECAY);
	else if (r->allocator == ALLOCATOR_TCMALLOC)
		add(r, ADVICE_TCMALLOC_RELEASE);
	else if (r->allocator == ALLOCATOR_MIMALLOC)
		add(r, ADVICE_MIMALLOC_COLLECT);
}

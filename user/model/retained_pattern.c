/*
 * retained_pattern.c - which of the known causes keeps what is free, and what would help.
 */
#include "model/retained_pattern.h"

/* A gap of more of them than this has become so large by something else. */
#define FEW_REQUESTS 16

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

/* Large blocks belong into mappings of their own, which go back with them. */
static bool by_threshold(const struct retained *r)
{
	if (r->mmap_threshold <= GLIBC_THRESHOLD || r->heap_request < GLIBC_THRESHOLD)
		return false;
	return r->n_gaps && is_half(r->large_gap_bytes, r->free_bytes) &&
	       r->heap_request >= (r->gaps[0].end - r->gaps[0].start) / FEW_REQUESTS;
}

/*
 * What has become free at the end goes back with the free that made it enough (glibc, _int_free),
 * if it is one piece: a block in a thread's cache is in use for everybody else.
 */
static bool is_cached(const struct retained *r)
{
	return r->thresholds_known && r->top_bytes >= r->trim_threshold;
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
		return is_cached(known) ? RETAINED_TOP_CACHED : RETAINED_TOP_KEPT;
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

static void advise_glibc(struct retained *r)
{
	/* malloc_trim(0) gives back what is whole pages: since glibc 2.8 also inside the heap. */
	bool pages = is_half(r->inside_page_bytes, r->inside_bytes);

	switch (r->pattern) {
	case RETAINED_TOP_KEPT:
		add(r, ADVICE_TRIM);
		add(r, ADVICE_TRIM_THRESHOLD);
		break;
	case RETAINED_TOP_CACHED:
		add(r, ADVICE_TRIM);
		add(r, ADVICE_TCACHE);
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

/*
 * mapper.c - maps, unmaps, moves and protects at random, and knows what each of its pages is.
 *
 * All happens in a window of pages that is mapped first, and, for mremap without
 * a place of its own, in a few mappings elsewhere.
 */
#include "selftest/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum cause { NONE, DIRECT, STACK, FILE_BACKED, CAUSES };

#define PAGES	   256
#define OUTSIDE	   8
#define STEPS	   600
#define FILE_PAGES 512

/* Pages with the same id are one mapping of the kernel's, or a part of one. */
struct page {
	unsigned char cause;
	bool usable;
	int id;
};

struct outside {
	char *at;
	size_t pages;
	enum cause cause;
};

static struct page window[PAGES];
static struct outside outside[OUTSIDE];
static char *base;
static size_t page_size;
static int file, last_id;
static uint64_t seed = 20;

struct tally {
	uint64_t calls, bytes;
};

static struct tally mapped[CAUSES], unmapped;
static uint64_t remaps, grown, shrunk, failed;
static uint64_t peak[CAUSES];

static uint64_t below(uint64_t n)
{
	return pseudo_random(&seed) % n;
}

static uint64_t live(enum cause cause, bool usable_only)
{
	uint64_t pages = 0;

	for (int i = 0; i < PAGES; i++)
		pages += window[i].cause == cause && (window[i].usable || !usable_only);
	for (int i = 0; i < OUTSIDE; i++)
		if (outside[i].cause == cause)
			pages += outside[i].pages;
	return pages * page_size;
}

static void note_peaks(void)
{
	for (int c = DIRECT; c < CAUSES; c++)
		if (live(c, false) > peak[c])
			peak[c] = live(c, false);
}

static void set(size_t first, size_t n, struct page p)
{
	p.id = ++last_id;
	for (size_t i = first; i < first + n; i++)
		window[i] = p;
}

static void *map_at(void *at, size_t pages, enum cause cause, int prot, int fixed)
{
	int flags = fixed | (cause == FILE_BACKED ? MAP_PRIVATE : MAP_ANONYMOUS);
	void *p;

	if (cause == STACK)
		flags |= MAP_STACK | MAP_PRIVATE;
	else if (cause == DIRECT)
		flags |= below(2) ? MAP_PRIVATE : MAP_SHARED;
	/* A length that is not whole pages is mapped as if it were. */
	p = mmap(at, pages * page_size - below(page_size), prot, flags,
		 cause == FILE_BACKED ? file : -1, 0);
	MUST(p != MAP_FAILED);
	mapped[cause].calls++;
	mapped[cause].bytes += pages * page_size;
	return p;
}

static void map_fixed(void)
{
	size_t first = below(PAGES), n = 1 + below(PAGES - first < 40 ? PAGES - first : 40);
	enum cause cause = DIRECT + below(CAUSES - DIRECT);
	bool usable = below(4);

	map_at(base + first * page_size, n, cause, usable ? PROT_READ : PROT_NONE, MAP_FIXED);
	set(first, n, (struct page){.cause = cause, .usable = usable});
}

/* Holes and several mappings are all the same to it. */
static void unmap(void)
{
	size_t first = below(PAGES), n = 1 + below(PAGES - first < 30 ? PAGES - first : 30);

	MUST(!munmap(base + first * page_size, n * page_size));
	unmapped.calls++;
	unmapped.bytes += n * page_size;
	set(first, n, (struct page){.cause = NONE});
}

/* A part of one mapping, somewhere from a random page on.  0: there is nothing. */
static size_t pick(size_t *first)
{
	size_t n = 1;

	*first = below(PAGES);
	if (!window[*first].cause)
		return 0;
	while (*first + n < PAGES && window[*first + n].id == window[*first].id)
		n++;
	return 1 + below(n);
}

static void protect(void)
{
	size_t first, n = pick(&first);
	struct page p = window[first];

	if (!n)
		return;
	p.usable = !p.usable;
	MUST(!mprotect(base + first * page_size, n * page_size, p.usable ? PROT_READ : PROT_NONE));
	set(first, n, p);
}

static void note_remap(size_t old, size_t new)
{
	remaps++;
	if (new > old)
		grown += (new - old) * page_size;
	else
		shrunk += (old - new) * page_size;
}

static void shrink(void)
{
	size_t first, n = pick(&first), left = n ? 1 + below(n) : 0;
	char *at = base + first * page_size;

	if (!n)
		return;
	MUST(mremap(at, n * page_size, left * page_size, 0) == at);
	note_remap(n, left);
	if (left < n)
		set(first + left, n - left, (struct page){.cause = NONE});
}

/* Over whatever is there: not over itself. */
static void move(void)
{
	size_t first, n = pick(&first), to = below(PAGES), len = 1 + below(30);
	struct page p = window[first];

	if (!n || to + len > PAGES || (to < first + n && first < to + len))
		return;
	MUST(mremap(base + first * page_size, n * page_size, len * page_size,
		    MREMAP_MAYMOVE | MREMAP_FIXED, base + to * page_size) == base + to * page_size);
	note_remap(n, len);
	set(first, n, (struct page){.cause = NONE});
	set(to, len, p);
}

static void elsewhere(void)
{
	struct outside *o = &outside[below(OUTSIDE)];
	size_t pages = 1 + below(60);

	if (!o->cause) {
		o->cause = DIRECT + below(CAUSES - DIRECT);
		o->pages = pages;
		o->at = map_at(NULL, pages, o->cause, PROT_READ | PROT_WRITE, 0);
	} else if (below(4)) {
		o->at = mremap(o->at, o->pages * page_size, pages * page_size, MREMAP_MAYMOVE);
		MUST(o->at != MAP_FAILED);
		note_remap(o->pages, pages);
		o->pages = pages;
	} else {
		MUST(!munmap(o->at, o->pages * page_size));
		unmapped.calls++;
		unmapped.bytes += o->pages * page_size;
		o->cause = NONE;
	}
}

static void fail(void)
{
	switch (below(4)) {
	case 0:
		MUST(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
		break;
	case 1:
		MUST(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED);
		break;
	case 2:
		MUST(munmap(base + 1, page_size));
		break;
	default:
		MUST(mremap(base + 1, page_size, page_size, 0) == MAP_FAILED);
	}
	failed++;
}

static void say(void)
{
	static const char *const names[] = {"", "direct", "stack", "file"};
	char name[64];

	expect__begin("mapper", getpid(), 0);
	for (int c = DIRECT; c < CAUSES; c++) {
		const uint64_t values[] = {mapped[c].calls, mapped[c].bytes, live(c, false),
					   live(c, true), peak[c]};
		static const char *const fields[] = {"calls", "bytes", "live_bytes", "usable_bytes",
						     "peak_bytes"};

		for (int i = 0; i < 5; i++) {
			snprintf(name, sizeof(name), "mmap.%s.%s", names[c], fields[i]);
			expect(name, values[i]);
		}
	}
	expect("mmap.munmap.calls", unmapped.calls);
	expect("mmap.munmap.bytes", unmapped.bytes);
	expect("mmap.mremap.calls", remaps);
	expect("mmap.mremap.grow_bytes", grown);
	expect("mmap.mremap.shrink_bytes", shrunk);
	expect("mmap.failed.calls", failed);
	expect__end();
}

/*
 * Far below everything else: where the kernel is free to choose, it does not
 * come to a hole in the window.
 */
static void *place(void)
{
	char *usual = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(usual != MAP_FAILED && !munmap(usual, page_size));
	mapped[DIRECT].calls++;
	mapped[DIRECT].bytes += page_size;
	unmapped.calls++;
	unmapped.bytes += page_size;
	return usual - (64ul << 30);
}

void workload__mapper(void)
{
	static void (*const steps[])(void) = {map_fixed, map_fixed, unmap,     protect,
					      shrink,	 move,	    elsewhere, fail};

	page_size = sysconf(_SC_PAGESIZE);
	file = memfd_create("brkscope-selftest", MFD_CLOEXEC);
	MUST(file >= 0 && !ftruncate(file, FILE_PAGES * page_size));
	workload__mark();
	base = map_at(place(), PAGES, DIRECT, PROT_NONE, MAP_FIXED_NOREPLACE);
	set(0, PAGES, (struct page){.cause = DIRECT});
	note_peaks();
	for (int i = 0; i < STEPS; i++) {
		steps[below(sizeof(steps) / sizeof(*steps))]();
		note_peaks();
	}
	say();
}

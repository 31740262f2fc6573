/*
 * trim.c - free pages go back to the kernel: the top by brk, the insides by MADV_DONTNEED.
 *
 * Both cost a system call, and a page fault a page if the program wants them again.  So both want
 * hysteresis: the heap shrinks when its top is more than the trim threshold and more than half of
 * the heap; free runs inside lose their memory when more than two thirds of all pages lie free
 * with some, and then the largest first, until it is one third.  A program that swings around
 * either mark must free a good part of its heap before the next call.  And a heap that grows again
 * after it had shrunk should not have: each time that happens the threshold doubles.
 */
#include "trim.h"

#include "bins.h"
#include "options.h"
#include "pages.h"
#include "records.h"
#include "segments.h"
#include "sys.h"
#include "table.h"

#define LEARNED_MAX ((size_t)16 << 20)

static bool shrunk; /* and not grown since */

void trim__growing(void)
{
	size_t threshold = option(&options.trim_threshold);

	if (shrunk && !options__fixed() && threshold < LEARNED_MAX)
		__atomic_store_n(&options.trim_threshold, 2 * threshold, __ATOMIC_RELAXED);
	shrunk = false;
}

static bool trim_top(size_t pad)
{
	struct span *top = pages__top();
	size_t keep = round_up(pad, PAGE_SIZE) >> PAGE_SHIFT;
	size_t bytes, all;
	bool done;

	if (!top || top->pages <= keep)
		return false;
	all = (size_t)top->pages << PAGE_SHIFT;
	/* The heap ends at one of the kernel's pages, which may be larger. */
	bytes = (all - (keep << PAGE_SHIFT)) & ~(sys__page() - 1);
	bins__remove(top);
	done = bytes && segments__shrink(top->segment, bytes);
	if (done) {
		/* Also the entries of addresses no longer ours: nobody else's are there. */
		table__set_ends(top->base, all, NULL);
		top->pages -= bytes >> PAGE_SHIFT;
		top->dirty = top->dirty < top->pages ? top->dirty : top->pages;
	}
	if (!top->pages) {
		records__free(top, sizeof(*top));
		return true;
	}
	if (done)
		table__set_ends(top->base, all - bytes, top);
	bins__add(top);
	return done;
}

void trim__after_free(void)
{
	static size_t left; /* dirty pages that the last call could not help */
	struct span *top = pages__top();
	size_t threshold = option(&options.trim_threshold);
	size_t total = segments__total(), top_bytes = top ? (size_t)top->pages << PAGE_SHIFT : 0;
	size_t dirty, half = total / 2;

	if (top_bytes > threshold && (options__fixed() || top_bytes > half))
		shrunk |= trim_top(segments__pad());
	dirty = bins__dirty() << PAGE_SHIFT;
	left = left < dirty ? left : dirty;
	if (dirty > threshold && dirty > total / 3 * 2 && dirty - left > total / 3) {
		bins__forget(total / 3 >> PAGE_SHIFT);
		left = bins__dirty() << PAGE_SHIFT;
	}
}

bool trim__all(size_t pad)
{
	bool trimmed = trim_top(pad);

	return bins__forget(0) || trimmed;
}

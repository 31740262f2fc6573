/*
 * trim.c - free pages go back to the kernel: the top by brk, the insides by MADV_DONTNEED.
 *
 * Both cost a system call, and a page fault a page if the program wants them again.  So both want
 * hysteresis: the heap shrinks when its top is more than the trim threshold and more than half of
 * the heap; free runs inside lose their memory when more than two thirds of all pages lie free
 * with some, and then the largest first, until it is one third.  A program that swings around
 * either mark must free a good part of its heap before the next call.  And a heap that grows again
 * after it was trimmed should not have been: each time that happens the threshold doubles.
 */
#include "trim.h"

#include "options.h"
#include "pages.h"
#include "sys.h"
#include "table.h"

#define WORTH	    16 /* that part of the heap is worth a few calls */
#define RARELY	    64
#define LEARNED_MAX ((size_t)16 << 20)

void trim__growing(struct page_heap *h)
{
	size_t threshold = option(&options.trim_threshold);

	if (h->trimmed && !options__fixed() && threshold < LEARNED_MAX)
		__atomic_store_n(&options.trim_threshold, 2 * threshold, __ATOMIC_RELAXED);
	h->trimmed = false;
}

static bool trim_top(struct page_heap *h, size_t pad)
{
	struct span *top = pages__top(h);
	size_t keep = round_up(pad, PAGE_SIZE) >> PAGE_SHIFT;
	size_t all, bytes;
	bool done;

	if (!top || top->pages <= keep)
		return false;
	all = (size_t)top->pages << PAGE_SHIFT;
	/* The heap ends at one of the kernel's pages, which may be larger. */
	bytes = (all - (keep << PAGE_SHIFT)) & ~(sys__page() - 1);
	/* Before its addresses may be another page heap's, whose entries these then would be. */
	bins__remove(&h->bins, top);
	table__set_ends(top->base, all, NULL);
	done = bytes && segments__shrink(top->segment, bytes);
	if (done) {
		top->pages -= bytes >> PAGE_SHIFT;
		top->dirty = top->dirty < top->pages ? top->dirty : top->pages;
	}
	if (top->pages) {
		table__set_ends(top->base, (size_t)top->pages << PAGE_SHIFT, top);
		bins__add(&h->bins, top);
	} else {
		pages__drop_record(h, top);
	}
	return done;
}

void trim__after_free(struct page_heap *h)
{
	struct span *top = pages__top(h);
	size_t threshold = option(&options.trim_threshold);
	size_t top_bytes = top ? (size_t)top->pages << PAGE_SHIFT : 0;
	size_t dirty;

	if (top_bytes > threshold && (options__fixed() || top_bytes > h->total / 2))
		h->trimmed |= trim_top(h, segments__pad(h));
	dirty = h->bins.dirty << PAGE_SHIFT;
	h->hopeless = h->hopeless < dirty ? h->hopeless : dirty;
	if (dirty > threshold && dirty > h->total / 3 * 2 && dirty - h->hopeless > h->total / 3) {
		h->trimmed |= bins__forget(&h->bins, h->total / 3 >> PAGE_SHIFT);
		h->hopeless = h->bins.dirty << PAGE_SHIFT;
	}
}

void trim__before_touching(struct page_heap *h)
{
	size_t dirty = h->bins.dirty << PAGE_SHIFT;

	if (dirty <= h->total / WORTH || h->taken < RARELY * h->bins.dirty ||
	    (options__fixed() && dirty <= option(&options.trim_threshold)))
		return;
	bins__forget(&h->bins, h->total / WORTH / 2 >> PAGE_SHIFT);
	h->taken = 0;
}

void trim__at_thread_end(struct page_heap *h)
{
	lock__take(&h->lock);
	if (h->bins.dirty << PAGE_SHIFT > option(&options.trim_threshold))
		h->trimmed |= trim__all(h, segments__pad(h));
	lock__give(&h->lock);
}

bool trim__all(struct page_heap *h, size_t pad)
{
	bool trimmed = trim_top(h, pad);

	return bins__forget(&h->bins, 0) || trimmed;
}

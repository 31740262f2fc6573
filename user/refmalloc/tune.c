/*
 * tune.c - malloc's side doors: settings, trimming, and what they tell about the heap.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "block.h"
#include "options.h"
#include "pages.h"
#include "public.h"
#include "refmalloc.h"
#include "sys.h"
#include "threads.h"

PUBLIC int mallopt(int parameter, int value)
{
	/* It reads the environment first, which this is to override. */
	threads__leave(threads__enter());
	switch (parameter) {
	case M_MMAP_THRESHOLD:
		if (value < 0 || (size_t)value > MMAP_THRESHOLD_MAX)
			return 0;
		options__set(&options.mmap_threshold, value);
		break;
	case M_TOP_PAD:
		if (value < 0)
			return 0;
		options__set(&options.top_pad, value);
		break;
	case M_TRIM_THRESHOLD:
		options__set(&options.trim_threshold, value);
		break;
	case M_MMAP_MAX:
		options__set(&options.mmap_max, value);
		break;
	default: /* glibc accepts these, and they say nothing about this allocator */
		return parameter == M_MXFAST || parameter == M_CHECK_ACTION ||
		       parameter == M_PERTURB || parameter == M_ARENA_TEST ||
		       parameter == M_ARENA_MAX;
	}
	return 1;
}

PUBLIC int malloc_trim(size_t pad)
{
	struct heap *h = threads__enter();

	heap__flush(h);
	heap__trim(h);
	threads__leave(h);
	heap__collect_shared(0, CLASSES);
	return pages__trim_all(pad);
}

PUBLIC struct mallinfo2 mallinfo2(void)
{
	struct refmalloc_stats s;
	struct mallinfo2 info = {0};
	struct span *top;

	refmalloc_stats(&s);
	info.arena = s.heap_bytes + s.mapped[REFMALLOC_MAP_ARENA];
	info.hblks = s.live[REFMALLOC_MMAP].calls;
	info.hblkhd = s.mapped[REFMALLOC_MAP_BLOCK];
	info.uordblks = s.live[REFMALLOC_HEAP].bytes + s.live[REFMALLOC_ARENA].bytes;
	info.fordblks = info.arena - info.uordblks;
	pages__lock_all();
	top = pages__top(pages__for(0));
	info.keepcost = top ? (size_t)top->pages << PAGE_SHIFT : 0;
	pages__unlock_all();
	return info;
}

PUBLIC struct mallinfo mallinfo(void)
{
	struct mallinfo2 wide = mallinfo2();

	return (struct mallinfo){
		.arena = wide.arena,
		.hblks = wide.hblks,
		.hblkhd = wide.hblkhd,
		.uordblks = wide.uordblks,
		.fordblks = wide.fordblks,
		.keepcost = wide.keepcost,
	};
}

/* The one function whose output goes where stdio is the only way to it. */
PUBLIC int malloc_info(int options_wanted, FILE *stream)
{
	static const char *const routes[] = {"heap", "mmap", "arena"};
	struct refmalloc_stats s;

	if (options_wanted != 0)
		return EINVAL;
	refmalloc_stats(&s);
	fprintf(stream, "<malloc version=\"refmalloc-1\">\n");
	for (int i = 0; i < REFMALLOC_ROUTES; i++)
		fprintf(stream, "<live route=\"%s\" count=\"%lu\" size=\"%lu\"/>\n", routes[i],
			s.live[i].calls, s.live[i].bytes);
	fprintf(stream, "<system type=\"current\" size=\"%lu\"/>\n",
		s.heap_bytes + s.mapped[REFMALLOC_MAP_ARENA]);
	fprintf(stream, "<total type=\"mmap\" count=\"%lu\" size=\"%lu\"/>\n</malloc>\n",
		s.live[REFMALLOC_MMAP].calls, s.mapped[REFMALLOC_MAP_BLOCK]);
	return 0;
}

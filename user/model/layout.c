/*
 * layout.c - an address space as segments: the kernel's mappings, cut where the cause changes.
 */
#include "model/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(struct layout *l, const struct segment *s)
{
	struct segment *more;

	if (l->n == l->most) {
		l->most = l->most ? l->most * 2 : 64;
		more = realloc(l->segments, l->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->segments = more;
	}
	l->segments[l->n++] = *s;
	return 0;
}

/* Of a file that the loader or exec has mapped. */
static enum segment_kind image_kind(const struct vma *v)
{
	if (v->perms[2] == 'x')
		return SEGMENT_TEXT;
	if (v->perms[1] == 'w')
		return SEGMENT_DATA;
	if (v->perms[0] != 'r')
		return SEGMENT_GAP;
	return v->accounted ? SEGMENT_RELRO : SEGMENT_RODATA;
}

static bool is_data(const struct segment *s)
{
	return s->kind == SEGMENT_DATA || s->kind == SEGMENT_BSS;
}

/* The zeroed rest of an image's data has no name: it is right behind, and as writable. */
static bool is_bss(const struct layout *l, const struct vma *v, __u64 start)
{
	const struct segment *before = l->n ? &l->segments[l->n - 1] : NULL;

	return before && before->end == start && before->part == CAUSE_LOADER && is_data(before) &&
	       v->perms[1] == 'w';
}

static enum segment_kind loader_kind(const struct layout *l, const struct vma *v, __u64 start)
{
	if (v->kind == MAPPING_SPECIAL)
		return SEGMENT_KERNEL;
	if (v->kind == MAPPING_FILE)
		return image_kind(v);
	return is_bss(l, v, start) ? SEGMENT_BSS : SEGMENT_ANONYMOUS;
}

static enum segment_kind kind_of(const struct layout *l, const struct vma *v, __u8 part,
				 __u64 start)
{
	switch (part) {
	case PART_HEAP:
		return SEGMENT_HEAP;
	case PART_MAIN_STACK:
		return SEGMENT_MAIN_STACK;
	case CAUSE_LOADER:
		return loader_kind(l, v, start);
	case CAUSE_MALLOC:
		return SEGMENT_BLOCK;
	case CAUSE_ARENA:
		return vma__usable(v) ? SEGMENT_ARENA : SEGMENT_ARENA_RESERVE;
	case CAUSE_STACK:
		return vma__usable(v) ? SEGMENT_THREAD_STACK : SEGMENT_STACK_GUARD;
	case PART_PROBES:
	case PART_OUTSIDE:
		return SEGMENT_KERNEL;
	default:
		return v->kind == MAPPING_FILE ? SEGMENT_FILE : SEGMENT_ANONYMOUS;
	}
}

/* [start, end) of v; c NULL: nobody's. */
static int add_part(struct layout *l, const struct vma *v, size_t index, const struct holding *c,
		    __u64 start, __u64 end)
{
	struct segment s = {
		.start = start,
		.end = end,
		.name = v->name,
		.vma = index,
		.part = v->outside ? PART_OUTSIDE
			: c	   ? c->part
				   : PART_MISSED,
		.usable = vma__usable(v),
	};

	memcpy(s.perms, v->perms, sizeof(s.perms));
	if (c && s.part < CAUSE_COUNT) {
		s.born_ns = c->region.born_ns;
		s.request = c->region.request;
		s.caller = c->region.caller;
	}
	s.kind = kind_of(l, v, s.part, start);
	if (s.kind == SEGMENT_BSS)
		s.name = l->segments[l->n - 1].name;
	return add(l, &s);
}

int layout__build(struct layout *l, const struct holdings *c, const struct vma *vmas, size_t n)
{
	size_t at = 0;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		__u64 start = vmas[i].start, end;

		while (start < vmas[i].end && !err) {
			while (at < c->n && c->all[at].end <= start)
				at++;
			if (at == c->n || c->all[at].start >= vmas[i].end) {
				err = add_part(l, &vmas[i], i, NULL, start, vmas[i].end);
				break;
			}
			if (c->all[at].start > start) {
				end = c->all[at].start;
				err = add_part(l, &vmas[i], i, NULL, start, end);
			} else {
				end = c->all[at].end < vmas[i].end ? c->all[at].end : vmas[i].end;
				err = add_part(l, &vmas[i], i, &c->all[at], start, end);
			}
			start = end;
		}
	}
	return err;
}

void layout__clear(struct layout *l)
{
	free(l->segments);
	*l = (struct layout){};
}

/* Of segments [first, behind), which share a mapping. */
static void split(struct layout *l, size_t first, size_t behind, __u64 rss_bytes,
		  int (*count)(__u64 start, __u64 end, __u64 *bytes, void *arg), void *arg)
{
	__u64 sum = 0;
	bool known = true;

	for (size_t i = first; i < behind && known; i++) {
		struct segment *s = &l->segments[i];

		s->rss_bytes = 0;
		known = !rss_bytes || !count(s->start, s->end, &s->rss_bytes, arg);
		sum += s->rss_bytes;
	}
	for (size_t i = first; i < behind; i++)
		l->segments[i].rss_known = known && sum == rss_bytes;
}

void layout__resident(struct layout *l, const struct vma *vmas,
		      int (*count)(__u64 start, __u64 end, __u64 *bytes, void *arg), void *arg)
{
	size_t first, behind;

	for (first = 0; first < l->n; first = behind) {
		struct segment *s = &l->segments[first];

		behind = first + 1;
		while (behind < l->n && l->segments[behind].vma == s->vma)
			behind++;
		if (behind - first > 1) {
			split(l, first, behind, vmas[s->vma].rss_bytes, count, arg);
			continue;
		}
		s->rss_known = true;
		s->rss_bytes = vmas[s->vma].rss_bytes;
	}
}

void layout__thread(struct layout *l, __u32 tid, __u64 stack_pointer)
{
	size_t low = 0, high = l->n, mid;
	struct segment *s;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (l->segments[mid].end <= stack_pointer)
			low = mid + 1;
		else
			high = mid;
	}
	s = low < l->n ? &l->segments[low] : NULL;
	if (!s || s->start > stack_pointer)
		return;
	/* A signal handler's or a coroutine's may be anywhere; these are what threads begin with.
	 */
	if (s->kind == SEGMENT_THREAD_STACK || s->kind == SEGMENT_MAIN_STACK)
		s->tid = tid;
}

void layout__totals(const struct layout *l, struct part_total totals[PART_COUNT])
{
	for (int i = 0; i < PART_COUNT; i++)
		totals[i] = (struct part_total){.rss_known = true};
	for (size_t i = 0; i < l->n; i++) {
		const struct segment *s = &l->segments[i];
		struct part_total *t = &totals[s->part];

		if (s->part == PART_OUTSIDE)
			continue;
		t->segments++;
		t->bytes += s->end - s->start;
		t->usable_bytes += s->usable ? s->end - s->start : 0;
		t->rss_bytes += s->rss_known ? s->rss_bytes : 0;
		t->rss_known &= s->rss_known;
	}
}

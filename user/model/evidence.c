/*
 * evidence.c - what a mapping that was there before the agent is, from the list of mappings alone.
 */
#include "model/evidence.h"

#include <errno.h>
#include <stdlib.h>

/* glibc's HEAP_MAX_SIZE on 64 bits: twice DEFAULT_MMAP_THRESHOLD_MAX, malloc/arena.c. */
#define GLIBC_HEAP (64ull << 20)

static bool accessible(const struct mapping *m)
{
	return m->readable || m->writable || m->executable;
}

/* Files that are mapped executable somewhere: programs and libraries, which the loader maps. */
struct images {
	const struct mapping **files; /* sorted */
	size_t n;
};

static int by_file(const void *a, const void *b)
{
	const struct mapping *x = *(const struct mapping *const *)a;
	const struct mapping *y = *(const struct mapping *const *)b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->dev == y->dev ? 0 : x->dev < y->dev ? -1 : 1;
}

static int find_images(struct images *images, const struct mapping *maps, size_t n)
{
	images->files = calloc(n ? n : 1, sizeof(*images->files));
	if (!images->files)
		return -ENOMEM;
	images->n = 0;
	for (size_t i = 0; i < n; i++)
		if (maps[i].kind == MAPPING_FILE && maps[i].executable)
			images->files[images->n++] = &maps[i];
	qsort(images->files, images->n, sizeof(*images->files), by_file);
	return 0;
}

static bool is_image(const struct images *images, const struct mapping *file)
{
	return bsearch(&file, images->files, images->n, sizeof(*images->files), by_file);
}

/*
 * The zeroed data behind an image's last segment, as far as the file says: the
 * kernel makes one mapping of it and of whatever is mapped next to it.
 */
static bool is_bss(const struct mapping *m, const struct mapping *before,
		   const struct region *region_before)
{
	return m->writable && before && before->kind == MAPPING_FILE && before->end == m->start &&
	       before->writable && region_before->cause == CAUSE_LOADER &&
	       m->end <= before->bss_end;
}

/* A used part and a part without access that end together on the 64 MiB boundary. */
static size_t arena_parts(const struct mapping *maps, size_t left)
{
	const struct mapping *m = maps;

	if (m->kind != MAPPING_ARENA || m->start % GLIBC_HEAP || !m->writable)
		return 0;
	if (m->end - m->start == GLIBC_HEAP)
		return 1;
	if (left > 1 && m[1].kind == MAPPING_ANON && !accessible(&m[1]) && m[1].start == m->end &&
	    m[1].end == m->start + GLIBC_HEAP)
		return 2;
	return 0;
}

static void put(struct region *out, const struct mapping *m, enum cause cause, bool continued)
{
	*out = (struct region){.start = m->start,
			       .end = m->end,
			       .cause = cause,
			       .placed_ns = m->read_ns,
			       .usable = accessible(m),
			       .listed = true,
			       .grows = m->grows,
			       .continued = continued};
}

/* A stack's guard and the stack are one mapping, of which mprotect has closed the low end. */
static bool goes_on(const struct mapping *maps, size_t i)
{
	const struct mapping *m = &maps[i], *guard = m - 1;

	return i && m->kind == MAPPING_THREAD && accessible(m) && guard->kind == MAPPING_THREAD &&
	       !accessible(guard) && guard->end == m->start;
}

static enum cause cause_by_evidence(const struct images *images, const struct mapping *maps,
				    size_t i, const struct region *before)
{
	const struct mapping *m = &maps[i];

	if (m->kind == MAPPING_SPECIAL)
		return CAUSE_LOADER;
	if (m->kind == MAPPING_BLOCK)
		return CAUSE_MALLOC;
	if (m->kind == MAPPING_THREAD)
		return CAUSE_STACK;
	if (m->kind == MAPPING_SHARED)
		return CAUSE_UNATTRIBUTED;
	if (m->kind == MAPPING_FILE)
		return is_image(images, m) ? CAUSE_LOADER : CAUSE_FILE;
	if (is_bss(m, i ? &maps[i - 1] : NULL, before))
		return CAUSE_LOADER;
	return CAUSE_UNATTRIBUTED;
}

int evidence__regions(const struct mapping *maps, size_t n, struct region *out, size_t *regions)
{
	static const struct region none = {.cause = CAUSE_UNATTRIBUTED};
	size_t count = 0, parts;
	struct images images;
	int err = find_images(&images, maps, n);

	if (err)
		return err;

	for (size_t i = 0; i < n; i++) {
		if (maps[i].kind == MAPPING_HEAP || maps[i].kind == MAPPING_STACK)
			continue;
		parts = arena_parts(&maps[i], n - i);
		if (parts) {
			put(&out[count++], &maps[i], CAUSE_ARENA, false);
			if (parts == 2)
				put(&out[count++], &maps[++i], CAUSE_ARENA, true);
			continue;
		}
		put(&out[count], &maps[i],
		    cause_by_evidence(&images, maps, i, count ? &out[count - 1] : &none),
		    goes_on(maps, i));
		count++;
	}
	free(images.files);
	*regions = count;
	return 0;
}

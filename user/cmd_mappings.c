/*
 * cmd_mappings.c - a process's mappings from the kernel's list, as the model takes them.
 */
#include "cmd_mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/objects.h"
#include "kernel/glibc_heap.h"
#include "kernel/thread_stack.h"

static int need_room(struct mappings *m)
{
	struct mapping *more;

	if (m->n == m->most) {
		m->most = m->most ? m->most * 2 : 64;
		more = realloc(m->maps, m->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		m->maps = more;
	}
	return 0;
}

static __u8 kind_of(const struct vma_record *r)
{
	switch (r->kind) {
	case VMA_FILE:
		return MAPPING_FILE;
	case VMA_SHARED:
		return MAPPING_SHARED;
	case VMA_HEAP:
		return MAPPING_HEAP;
	case VMA_STACK:
		return MAPPING_STACK;
	case VMA_SPECIAL:
		return MAPPING_SPECIAL;
	default:
		return MAPPING_ANON;
	}
}

static struct mapping mapping_of(const struct vma_record *r)
{
	return (struct mapping){
		.start = r->start,
		.end = r->end,
		.ino = r->ino,
		.read_ns = r->read_ns,
		.dev = r->dev,
		.kind = kind_of(r),
		.readable = r->flags & VMA_F_READ,
		.writable = r->flags & VMA_F_WRITE,
		.executable = r->flags & VMA_F_EXEC,
		.grows = r->flags & VMA_F_GROWS,
	};
}

/* The part of r that is in [start, end), if there is one. */
static int add_part(struct mappings *m, const struct vma_record *r, __u64 start, __u64 end,
		    __u8 kind)
{
	struct mapping part = mapping_of(r);

	part.start = start > r->start ? start : r->start;
	part.end = end < r->end ? end : r->end;
	part.kind = kind;
	if (part.start >= part.end)
		return 0;
	if (need_room(m))
		return -ENOMEM;
	m->maps[m->n++] = part;
	return 0;
}

/* What the kernel calls [heap] may have other memory below or above the heap. */
static int add_heap(struct mappings *m, const struct vma_record *r, __u64 start_brk)
{
	__u64 mask = sysconf(_SC_PAGESIZE) - 1;
	__u64 start = ((r->heap_start ? r->heap_start : start_brk) + mask) & ~mask;
	__u64 end = r->heap_end ? (r->heap_end + mask) & ~mask : r->end;
	int err = add_part(m, r, r->start, start, MAPPING_ANON);

	if (!err)
		err = add_part(m, r, start, end, MAPPING_HEAP);
	return err ? err : add_part(m, r, end > start ? end : start, r->end, MAPPING_ANON);
}

/* Anonymous memory, with the stacks of threads cut out; from *at on they end behind r's start. */
static int add_anon(struct mappings *m, const struct vma_record *r,
		    const struct thread_stack *stacks, size_t n, size_t *at)
{
	__u64 start = r->start;
	int err = 0;

	while (*at < n && stacks[*at].end <= r->start)
		++*at;
	for (size_t i = *at; i < n && stacks[i].start < r->end && !err; i++) {
		err = add_part(m, r, start, stacks[i].start, MAPPING_ANON);
		start = stacks[i].start > start ? stacks[i].start : start;
		if (!err)
			err = add_part(m, r, start, stacks[i].end, MAPPING_THREAD);
		start = stacks[i].end;
	}
	return err ? err : add_part(m, r, start, r->end, MAPPING_ANON);
}

/* Where the memory of an image's data ends that this maps; 0: it is none, or not known. */
static __u64 bss_end_of(const struct vma_record *r, const struct objects *objects)
{
	const struct object *o = objects__known(objects, r->dev, r->ino);
	__u64 mask = sysconf(_SC_PAGESIZE) - 1;

	for (unsigned int i = 0; o && i < o->n_data; i++)
		if (r->offset >= (o->data[i].lo & ~mask) && r->offset < o->data[i].hi)
			return r->start + ((o->data[i].end + mask) & ~mask) - r->offset;
	return 0;
}

/* What is behind an image's data is bss as far as that goes, and then somebody else's. */
static int add_file(struct mappings *m, const struct vma_record *r, const struct objects *objects)
{
	int err = add_part(m, r, r->start, r->end, kind_of(r));

	if (!err && r->flags & VMA_F_WRITE && m->n)
		m->maps[m->n - 1].bss_end = bss_end_of(r, objects);
	return err;
}

/* Cuts off what is bss of r, which is anonymous: from where on the rest is. */
static int add_bss(struct mappings *m, struct vma_record *r)
{
	const struct mapping *before = m->n ? &m->maps[m->n - 1] : NULL;
	__u64 end = before && before->end == r->start ? before->bss_end : 0;
	int err;

	if (end <= r->start || end >= r->end)
		return 0;
	err = add_part(m, r, r->start, end, MAPPING_ANON);
	r->start = end;
	return err;
}

int mappings__take(struct mappings *m, const struct listed *p, const struct objects *objects)
{
	__u64 start_brk = listed__process(p)->start_brk;
	struct thread_stack *stacks;
	size_t n, at = 0;
	int err = thread_stacks__find(p, sysconf(_SC_PAGESIZE), &stacks, &n);

	if (err)
		return err;
	for (size_t i = 0; i < p->n_vmas && !err; i++) {
		struct vma_record r = p->vmas[i];

		if (r.kind == VMA_PROBES)
			continue; /* not the process's own */
		if (r.kind == VMA_ANON)
			err = add_bss(m, &r);
		if (err)
			break;
		if (r.kind == VMA_HEAP)
			err = add_heap(m, &r, start_brk);
		else if (r.kind == VMA_ANON)
			err = add_anon(m, &r, stacks, n, &at);
		else
			err = add_file(m, &r, objects);
	}
	free(stacks);
	return err;
}

static bool holds(const struct mapping *map, __u64 addr)
{
	return addr >= map->start && addr < map->end;
}

void mappings__keep_image(struct mappings *all, const struct proc_image *image)
{
	struct mapping *maps = all->maps;
	size_t n = all->n;
	const struct mapping *program = NULL, *loader = NULL;
	size_t kept = 0;
	bool ours = false;

	for (size_t i = 0; i < n; i++) {
		if (holds(&maps[i], image->entry))
			program = &maps[i];
		if (holds(&maps[i], image->loader))
			loader = &maps[i];
	}
	struct mapping files[2] = {program ? *program : (struct mapping){},
				   loader ? *loader : (struct mapping){}};
	for (size_t i = 0; i < n; i++) {
		const struct mapping *m = &maps[i];

		if (m->kind == MAPPING_FILE)
			ours = (m->ino == files[0].ino && m->dev == files[0].dev) ||
			       (m->ino == files[1].ino && m->dev == files[1].dev);
		else if (m->kind == MAPPING_ANON)
			ours = ours && kept && maps[kept - 1].end == m->start && m->writable &&
			       m->end <= maps[kept - 1].bss_end;
		else if (m->kind == MAPPING_SPECIAL)
			ours = image->vdso;
		else
			ours = m->kind == MAPPING_HEAP || m->kind == MAPPING_STACK;
		if (ours)
			maps[kept++] = *m;
	}
	all->n = kept;
}

/* Blocks that the kernel shows as one mapping, from its start as far as they go. */
static int prove_blocks(struct mappings *to, const struct mapping *map, __u32 tid, __u64 page_size)
{
	struct mapping part = *map;
	__u64 size;

	while (part.start < map->end) {
		size = glibc_heap__block(tid, part.start, map->end - part.start, page_size);
		part.kind = size ? MAPPING_BLOCK : map->kind;
		part.end = size ? part.start + size : map->end;
		if (need_room(to))
			return -ENOMEM;
		to->maps[to->n++] = part;
		part.start = part.end;
	}
	return 0;
}

int mappings__prove(struct mappings *m, __u32 tid)
{
	__u64 page_size = sysconf(_SC_PAGESIZE);
	struct mappings to = {};
	int err = 0;

	for (size_t i = 0; i < m->n && !err; i++) {
		struct mapping *map = &m->maps[i];

		if (map->kind == MAPPING_ANON && map->writable &&
		    glibc_heap__arena(tid, map->start, map->end - map->start))
			map->kind = MAPPING_ARENA;
		if (map->kind == MAPPING_ANON && map->writable) {
			err = prove_blocks(&to, map, tid, page_size);
		} else {
			err = need_room(&to);
			if (!err)
				to.maps[to.n++] = *map;
		}
	}
	if (err) {
		mappings__clear(&to);
		return err;
	}
	mappings__clear(m);
	*m = to;
	return 0;
}

void mappings__clear(struct mappings *m)
{
	free(m->maps);
	*m = (struct mappings){};
}

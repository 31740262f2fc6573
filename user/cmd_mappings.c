/*
 * cmd_mappings.c - a process's mappings from /proc, as the model takes them.
 */
#include "cmd_mappings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/glibc_heap.h"

static __u8 kind_of(const struct proc_map *map)
{
	if (map->ino || map->path[0] == '/')
		return MAPPING_FILE;
	if (!strcmp(map->path, "[heap]"))
		return MAPPING_HEAP;
	if (!strcmp(map->path, "[stack]"))
		return MAPPING_STACK;
	if (!strncmp(map->path, "[v", 2))
		return MAPPING_SPECIAL;
	return MAPPING_ANON;
}

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

static int take_map(const struct proc_map *map, void *arg)
{
	struct mappings *m = arg;

	/*
	 * The kernel's own: a page that is the same in every process and not in its
	 * address space, and what it maps to carry out probes.
	 */
	if (!strcmp(map->path, "[vsyscall]") || procfs__is_for_probes(map))
		return 0;
	if (need_room(m))
		return -ENOMEM;
	m->maps[m->n++] = (struct mapping){
		.start = map->start,
		.end = map->end,
		.ino = map->ino,
		.dev = map->dev,
		.kind = kind_of(map),
		.readable = map->perms[0] == 'r',
		.writable = map->perms[1] == 'w',
		.executable = map->perms[2] == 'x',
	};
	if (map->ino && map->perms[2] == 'x')
		m->code(map, m->arg);
	return 0;
}

int mappings__read(struct mappings *m, __u32 pid,
		   void (*code)(const struct proc_map *map, void *arg), void *arg)
{
	m->code = code;
	m->arg = arg;
	return procfs__maps(pid, take_map, m);
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
			ours = ours && kept && maps[kept - 1].end == m->start && m->writable;
		else
			ours = m->kind != MAPPING_SPECIAL || image->vdso;
		if (ours)
			maps[kept++] = *m;
	}
	all->n = kept;
}

/* Blocks that the kernel shows as one mapping, from its start as far as they go. */
static int prove_blocks(struct mappings *to, const struct mapping *map, __u32 pid, __u64 page_size)
{
	struct mapping part = *map;
	__u64 size;

	while (part.start < map->end) {
		size = glibc_heap__block(pid, part.start, map->end - part.start, page_size);
		part.kind = size ? MAPPING_BLOCK : map->kind;
		part.end = size ? part.start + size : map->end;
		if (need_room(to))
			return -ENOMEM;
		to->maps[to->n++] = part;
		part.start = part.end;
	}
	return 0;
}

int mappings__prove(struct mappings *m, __u32 pid)
{
	__u64 page_size = sysconf(_SC_PAGESIZE);
	struct mappings to = {};
	int err = 0;

	for (size_t i = 0; i < m->n && !err; i++) {
		struct mapping *map = &m->maps[i];

		if (map->kind == MAPPING_ANON && map->writable &&
		    glibc_heap__arena(pid, map->start, map->end - map->start))
			map->kind = MAPPING_ARENA;
		if (map->kind == MAPPING_ANON && map->writable) {
			err = prove_blocks(&to, map, pid, page_size);
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

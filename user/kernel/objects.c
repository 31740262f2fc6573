/*
 * objects.c - the ELF files that processes map, each looked at once.
 */
#include "kernel/objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CHAINS 1024 /* a power of two */

struct entry {
	struct object object;
	bool good; /* false: not an ELF file that can be read; remembered, to look once */
	bool no_elf;
	bool ahead; /* looked at before anybody came upon it: it is not known yet */
	size_t index;
	struct entry *next;
};

struct objects {
	struct entry *chains[CHAINS];
	struct entry **all; /* the good ones */
	size_t n, most;
	bool courses;
};

struct objects *objects__new(bool courses)
{
	struct objects *o = calloc(1, sizeof(*o));

	if (o)
		o->courses = courses;
	return o;
}

void objects__free(struct objects *o)
{
	struct entry *e, *next;

	if (!o)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		for (e = o->chains[i]; e; e = next) {
			next = e->next;
			object__clear(&e->object);
			free(e);
		}
	}
	free(o->all);
	free(o);
}

static struct entry *find_any(const struct objects *o, __u32 dev, __u64 ino)
{
	struct entry *e = o->chains[(ino ^ dev) & (CHAINS - 1)];

	while (e && (e->object.ino != ino || e->object.dev != dev))
		e = e->next;
	return e;
}

static struct entry *find(const struct objects *o, __u32 dev, __u64 ino)
{
	struct entry *e = find_any(o, dev, ino);

	return e && !e->ahead ? e : NULL;
}

static __u32 kernel_dev(dev_t dev)
{
	return major(dev) << 20 | minor(dev);
}

static bool is_file(const char *path, __u32 dev, __u64 ino)
{
	struct stat st;

	return !stat(path, &st) && st.st_ino == ino && kernel_dev(st.st_dev) == dev;
}

static int list(struct objects *o, struct entry *e)
{
	struct entry **more;

	if (o->n == o->most) {
		o->most = o->most ? o->most * 2 : 64;
		more = realloc(o->all, o->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		o->all = more;
	}
	e->index = o->n;
	o->all[o->n++] = e;
	return 0;
}

/* Looks at the file; name is what it is called, file where it can be opened. */
static struct entry *look(struct objects *o, __u32 dev, __u64 ino, const char *name,
			  const char *file)
{
	struct entry *e = calloc(1, sizeof(*e)), **chain = &o->chains[(ino ^ dev) & (CHAINS - 1)];
	int err;

	if (!e)
		return NULL;
	e->object.dev = dev;
	e->object.ino = ino;
	err = object__inspect(&e->object, name, file, o->courses);
	e->good = !err;
	e->no_elf = err == -ENOEXEC;
	e->ahead = true;
	e->next = *chain;
	*chain = e;
	return e;
}

/* The names are those by which it is come upon, and not by which it was looked at. */
static bool rename_to(struct object *o, const char *name, const char *file)
{
	char *path = strdup(name), *opened = strdup(file);

	if (!path || !opened) {
		free(path);
		free(opened);
		return false;
	}
	free(o->path);
	free(o->file);
	o->path = path;
	o->file = opened;
	return true;
}

static const struct object *add(struct objects *o, __u32 dev, __u64 ino, const char *name,
				const char *file)
{
	struct entry *e = find_any(o, dev, ino);

	if (!e)
		e = look(o, dev, ino, name, file);
	if (!e)
		return NULL;
	e->ahead = false;
	/* It has a name even if it is not good. */
	if (!rename_to(&e->object, name, file) || (e->good && list(o, e)))
		e->good = false;
	return e->good ? &e->object : NULL;
}

const struct object *objects__of_mapping(struct objects *o, __u32 pid, const struct proc_map *map)
{
	const struct entry *known = find(o, map->dev, map->ino);
	char through[96];

	if (known)
		return known->good ? &known->object : NULL;
	if (is_file(map->path, map->dev, map->ino))
		return add(o, map->dev, map->ino, map->path, map->path);
	/* Deleted, in another mount namespace, or under a name that /proc escapes. */
	snprintf(through, sizeof(through), "/proc/%u/map_files/%llx-%llx", pid, map->start,
		 map->end);
	return add(o, map->dev, map->ino, map->path, through);
}

const struct object *objects__of_range(struct objects *o, __u32 pid, const struct site *file,
				       __u64 start, __u64 end)
{
	struct proc_map map = {.start = start, .end = end, .ino = file->ino, .dev = file->dev};
	const struct entry *known = find(o, file->dev, file->ino);
	char link[96], name[PROC_PATH_MAX];
	ssize_t n;

	if (known)
		return known->good ? &known->object : NULL;
	snprintf(link, sizeof(link), "/proc/%u/map_files/%llx-%llx", pid, start, end);
	n = readlink(link, name, sizeof(name) - 1);
	if (n < 0)
		return NULL; /* it may be seen again, in a process that lives */
	name[n] = 0;
	map.path = name;
	return objects__of_mapping(o, pid, &map);
}

const struct object *objects__of_path(struct objects *o, const char *path)
{
	const struct entry *known;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return NULL;
	known = find(o, kernel_dev(st.st_dev), st.st_ino);
	if (known)
		return known->good ? &known->object : NULL;
	return add(o, kernel_dev(st.st_dev), st.st_ino, path, path);
}

void objects__look_ahead(struct objects *o, const char *path)
{
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	if (!find_any(o, kernel_dev(st.st_dev), st.st_ino))
		look(o, kernel_dev(st.st_dev), st.st_ino, path, path);
}

const struct object *objects__known(const struct objects *o, __u32 dev, __u64 ino)
{
	const struct entry *known = find(o, dev, ino);

	return known && known->object.path ? &known->object : NULL;
}

bool objects__is_no_elf(const struct objects *o, __u32 dev, __u64 ino)
{
	const struct entry *known = find(o, dev, ino);

	return known && known->no_elf;
}

size_t objects__count(const struct objects *o)
{
	return o->n;
}

const struct object *objects__get(const struct objects *o, size_t index)
{
	return index < o->n ? &o->all[index]->object : NULL;
}

size_t objects__index(const struct objects *o, const struct object *object)
{
	return find(o, object->dev, object->ino)->index;
}

/*
 * symbols.c - names of places in code: the file, and the function in it.
 */
#include "kernel/symbols.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kernel/demangle.h"
#include "kernel/elf_symbols.h"

#define DEBUG_FILES   "/usr/lib/debug"
#define CHAINS	      1024 /* a power of two */
#define NAME_MOST     512
#define OFFSET_CAPPED 0xffffffff /* struct site */
/*
 * Symbols read and looked at, in bytes, in a run: some seconds.  Thousands of
 * places in files made to be slow are no reason to hang.
 */
#define BUDGET (4ull << 30)

struct entry {
	struct site site;
	struct symbol symbol;
	struct entry *next;
};

struct symbols {
	const struct objects *objects;
	struct entry *chains[CHAINS];
	/* The file of the last name that was asked for. */
	struct elf_symbols *open;
	struct site file;
	__u64 budget;
};

struct symbols *symbols__new(const struct objects *objects)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->objects = objects;
	s->budget = BUDGET;
	return s;
}

void symbols__free(struct symbols *s)
{
	struct entry *e, *next;

	if (!s)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		for (e = s->chains[i]; e; e = next) {
			next = e->next;
			free((char *)e->symbol.function);
			free(e);
		}
	}
	elf_symbols__close(s->open);
	free(s);
}

static struct entry **chain_of(struct symbols *s, const struct site *site)
{
	__u64 hash = (site->ino ^ site->dev ^ (__u64)site->off << 20) * 0x9e3779b97f4a7c15;

	return &s->chains[hash >> 54 & (CHAINS - 1)];
}

/* -1: there is none, or it is another file that has the name by now. */
static int open_same(const char *path, const struct object *o)
{
	/* Not to hang on a FIFO that somebody put there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* Some file systems' stat tells another device than the mapping has. */
	bool by_mapping = !strncmp(path, "/proc/", 6);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == o->ino &&
	    (by_mapping || (major(st.st_dev) << 20 | minor(st.st_dev)) == o->dev))
		return fd;
	close(fd);
	return -1;
}

struct through {
	const struct object *o;
	__u32 pid;
	int fd;
};

static int open_mapping(const struct proc_map *map, void *arg)
{
	struct through *t = arg;
	char path[96];

	if (map->ino != t->o->ino || map->dev != t->o->dev)
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", t->pid, map->start, map->end);
	t->fd = open_same(path, t->o);
	return t->fd >= 0;
}

/* Where it was opened before, by its name, or through who has mapped it. */
static int open_file(const struct object *o, __u32 pid)
{
	struct through t = {.o = o, .pid = pid, .fd = -1};

	if (o->file)
		t.fd = open_same(o->file, o);
	if (t.fd < 0)
		t.fd = open_same(o->path, o);
	if (t.fd < 0 && pid)
		procfs__maps(pid, open_mapping, &t);
	return t.fd;
}

static bool spend(struct symbols *s, __u64 bytes)
{
	bool enough = bytes <= s->budget;

	s->budget = enough ? s->budget - bytes : 0;
	return enough;
}

/* NULL: it cannot be read. */
static const struct elf_symbols *open_symbols(struct symbols *s, const struct object *o, __u32 pid)
{
	int fd;

	if (s->file.ino == o->ino && s->file.dev == o->dev)
		return s->open;
	elf_symbols__close(s->open);
	s->open = NULL;
	s->file = (struct site){.ino = o->ino, .dev = o->dev};
	fd = s->budget ? open_file(o, pid) : -1;
	if (fd < 0 || elf_symbols__open(fd, DEBUG_FILES, &s->open))
		return NULL;
	spend(s, elf_symbols__size(s->open));
	return s->open;
}

/* Without its version, and as it was written; NULL: no memory. */
static char *plain_name(const char *name)
{
	char demangled[NAME_MOST];
	size_t length = strcspn(name, "@");

	if (!length || length > NAME_MOST)
		length = strnlen(name, NAME_MOST);
	if (demangle(name, demangled, sizeof(demangled)))
		return strdup(demangled);
	return strndup(name, length);
}

static void find_names(struct symbols *s, const struct object *o, const struct site *site,
		       __u32 pid, struct symbol *symbol)
{
	const struct elf_symbols *elf = open_symbols(s, o, pid);
	const char *function;

	symbol->object = o->path;
	if (!elf || !site->off || site->off == OFFSET_CAPPED || !spend(s, elf_symbols__size(elf)))
		return;
	/* What follows a call may be the next function. */
	function = elf_symbols__at(elf, site->off - 1);
	symbol->function = function ? plain_name(function) : NULL;
}

struct symbol symbols__name(struct symbols *s, const struct site *site, __u32 pid)
{
	const struct object *o = objects__known(s->objects, site->dev, site->ino);
	struct entry *e = *chain_of(s, site);

	if (!o || !site->ino)
		return (struct symbol){}; /* it may be seen later */
	while (e &&
	       (e->site.ino != site->ino || e->site.dev != site->dev || e->site.off != site->off))
		e = e->next;
	if (e)
		return e->symbol;
	e = calloc(1, sizeof(*e));
	if (!e)
		return (struct symbol){};
	e->site = *site;
	find_names(s, o, site, pid, &e->symbol);
	e->next = *chain_of(s, site);
	*chain_of(s, site) = e;
	return e->symbol;
}

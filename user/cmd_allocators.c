/*
 * cmd_allocators.c - the files of code that processes map: whose mappings are
 * malloc's, and probes where malloc is.
 */
#include "cmd_allocators.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kernel/places.h"
#include "kernel/probes.h"
#include "log.h"

#define MOST_LINKED_PIDS 8

/* include/linux/errno.h: what a uprobe on an instruction that cannot be stepped says */
#define ENOTSUPP 524

struct probed {
	bool is;
	__u64 since_ns; /* 0: from the start on */
};

struct allocators {
	const struct options *options;
	struct probes *probes;
	struct objects *objects;
	struct cause_table *causes;
	size_t n_causes;       /* objects whose code is in the cause table */
	bool attaching;	       /* allocators are probed as they are found */
	bool running;	       /* and this is known only from then on */
	bool full;	       /* no more can be, and that has been said */
	struct probed *probed; /* by object index */
	size_t n_probed;       /* objects that are probed, or never will be */
};

struct allocators *allocators__new(const struct options *o, struct probes *probes,
				   struct objects *objects)
{
	struct allocators *a = calloc(1, sizeof(*a));

	if (!a) {
		objects__free(objects);
		return NULL;
	}
	a->options = o;
	a->probes = probes;
	a->objects = objects ? objects : objects__new(o->level >= LEVEL_LIVE);
	a->causes = cause_table__new();
	if (!a->objects || !a->causes) {
		allocators__free(a);
		return NULL;
	}
	return a;
}

void allocators__free(struct allocators *a)
{
	if (!a)
		return;
	objects__free(a->objects);
	cause_table__free(a->causes);
	free(a->probed);
	free(a);
}

struct objects *allocators__objects(struct allocators *a)
{
	return a->objects;
}

const struct cause_table *allocators__causes(const struct allocators *a)
{
	return a->causes;
}

/* ---- causes ---- */

static int add_range(struct allocators *a, const struct object *o, enum code_kind kind,
		     const struct code_span *span)
{
	struct code_range r = {
		.ino = o->ino, .dev = o->dev, .kind = kind, .lo = span->lo, .hi = span->hi};

	return cause_table__add(a->causes, &r);
}

static enum code_kind code_kind(const struct object *o)
{
	switch (o->kind) {
	case OBJECT_GLIBC:
		return CODE_GLIBC;
	case OBJECT_MUSL:
		return CODE_MUSL;
	case OBJECT_REFMALLOC:
		return CODE_REFMALLOC;
	default:
		return CODE_ALLOCATOR;
	}
}

static int add_causes_of(struct allocators *a, const struct object *o)
{
	int err = 0;

	if (o->kind == OBJECT_LOADER)
		err = add_range(a, o, CODE_LOADER, &o->text);
	if (o->kind == OBJECT_NAMELESS)
		err = add_range(a, o, CODE_NAMELESS, &o->text);
	for (unsigned int i = 0; i < o->n_internal && !err; i++)
		err = add_range(a, o, code_kind(o), &o->internal[i]);
	for (unsigned int i = 0; i < o->n_wrappers && !err; i++)
		err = add_range(a, o, CODE_WRAPPER, &o->wrapper[i]);
	return err;
}

static int add_causes(struct allocators *a)
{
	int err = 0;

	while (a->n_causes < objects__count(a->objects) && !err) {
		const struct object *o = objects__get(a->objects, a->n_causes++);

		if (a->probes)
			probes__learn_object(a->probes, o);
		err = add_causes_of(a, o);
	}
	return err;
}

/* ---- probes ---- */

/* One file that cannot be probed, whoever brought it, is no reason to watch nothing. */
static void say_failure(struct allocators *a, const struct object *o, int err)
{
	if (err == -ESRCH || (err == -ENOSPC && a->full))
		return;
	if (err == -ENOSPC) {
		a->full = true;
		log__note("%s: there are more allocators than can be probed at a time (%d places); "
			  "processes that use this one or a later one have no malloc numbers",
			  o->path, PROBES_MAX);
		return;
	}
	if (err == -EADDRNOTAVAIL) {
		log__note(
			"%s: malloc in it cannot be probed without harm: in %s there is only a nop "
			"of 5 bytes, of which this kernel makes a call that ends children; "
			"processes that use it have no malloc numbers",
			o->path, places__without(o, probes__live(a->probes)));
		return;
	}
	if (err == -EEXIST) {
		log__note(
			"%s: malloc in it cannot be probed: two probes would share a page offset, "
			"by which alone kernels before Linux 5.15 tell them apart; processes that "
			"use it have no malloc numbers; -p PID watches fewer allocators, and "
			"-l syscalls probes none",
			o->path);
		return;
	}
	log__note("%s: malloc in it cannot be probed: %s; processes that use it have no "
		  "malloc numbers",
		  o->path, err == -ENOTSUPP ? "the kernel cannot" : strerror(-err));
}

static bool attach_object(struct allocators *a, size_t index)
{
	const struct object *o = objects__get(a->objects, index);
	/* A link for each process and object: with many, one for all and the filter are cheaper. */
	size_t n = a->options->n_pids > MOST_LINKED_PIDS ? 0 : a->options->n_pids;
	int err = probes__attach_object(a->probes, o, index, a->options->pids, n);

	if (err)
		say_failure(a, o, err);
	else
		log__debug("probing malloc in %s", o->path);
	return !err;
}

/* Those of every object that is new; how many could not be. */
static int attach_new(struct allocators *a, size_t *failed)
{
	size_t count = objects__count(a->objects);
	struct probed *more = realloc(a->probed, (count + 1) * sizeof(*more));

	*failed = 0;
	if (!more)
		return -ENOMEM;
	a->probed = more;
	for (; a->n_probed < count; a->n_probed++) {
		struct probed *p = &a->probed[a->n_probed];

		*p = (struct probed){};
		if (!object__is_allocator(objects__get(a->objects, a->n_probed)))
			continue;
		p->is = attach_object(a, a->n_probed);
		*failed += !p->is;
		p->since_ns = p->is && a->running ? clock__boot_ns() : 0;
	}
	return 0;
}

int allocators__attach(struct allocators *a)
{
	size_t failed, probed = 0;
	int err;

	a->attaching = true;
	err = attach_new(a, &failed);
	a->running = true;
	for (size_t i = 0; i < a->n_probed; i++)
		probed += a->probed[i].is;
	if (err || probed || !failed)
		return err;
	log__error("malloc can be probed in no allocator that a process maps; -l syscalls does "
		   "without");
	return -ENOENT;
}

int allocators__update(struct allocators *a)
{
	size_t failed;
	int err = add_causes(a);

	return !err && a->attaching ? attach_new(a, &failed) : err;
}

bool allocators__probed(const struct allocators *a, size_t index, __u64 *since_ns)
{
	if (index >= a->n_probed || !a->probed[index].is)
		return false;
	*since_ns = a->probed[index].since_ns;
	return true;
}

enum allocator_kind allocators__kind(const struct object *o)
{
	switch (o->kind) {
	case OBJECT_GLIBC:
		return ALLOCATOR_GLIBC;
	case OBJECT_MUSL:
		return ALLOCATOR_MUSL;
	case OBJECT_JEMALLOC:
		return ALLOCATOR_JEMALLOC;
	case OBJECT_TCMALLOC:
		return ALLOCATOR_TCMALLOC;
	case OBJECT_MIMALLOC:
		return ALLOCATOR_MIMALLOC;
	case OBJECT_REFMALLOC:
		return ALLOCATOR_REFMALLOC;
	case OBJECT_NAMELESS:
		return ALLOCATOR_UNKNOWN;
	default:
		return ALLOCATOR_OTHER;
	}
}

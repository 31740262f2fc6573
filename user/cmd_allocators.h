/*
 * cmd_allocators.h - the files of code that processes map: whose mappings are
 * malloc's, and probes where malloc is.
 *
 * Joins ELF files (kernel/) to causes (model/).  A file is looked at once, the
 * first time that somebody maps it, and probed at once where it is an allocator.
 */
#ifndef BRKSCOPE_CMD_ALLOCATORS_H
#define BRKSCOPE_CMD_ALLOCATORS_H

#include "cmd_options.h"
#include "kernel/objects.h"
#include "model/cause.h"
#include "model/snapshot.h"

struct allocators;
struct probes;

/* objects: what was found before, or NULL; its own from then on. */
struct allocators *allocators__new(const struct options *o, struct probes *probes,
				   struct objects *objects);
void allocators__free(struct allocators *a); /* NULL is allowed */

/* Who finds an object adds it here, and says so by allocators__update. */
struct objects *allocators__objects(struct allocators *a);
const struct cause_table *allocators__causes(const struct allocators *a);

/*
 * Probes every allocator that was found, and from here on those that
 * allocators__update is told of.  0, or -errno with the error said.
 */
int allocators__attach(struct allocators *a);
/* Causes of every object that is new, and probes.  0 or -ENOMEM. */
int allocators__update(struct allocators *a);

/* Since when its calls are seen: 0, from the start on.  False: they are not. */
bool allocators__probed(const struct allocators *a, size_t index, __u64 *since_ns);
enum allocator_kind allocators__kind(const struct object *o);

#endif

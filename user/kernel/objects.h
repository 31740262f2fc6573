/*
 * objects.h - the ELF files that processes map, each looked at once.
 *
 * A file is known by device and inode, as the kernel tells them, so that one
 * that many processes map, under whatever name, is one object.  The index of an
 * object never changes.
 */
#ifndef BRKSCOPE_OBJECTS_H
#define BRKSCOPE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/object.h"
#include "kernel/procfs.h"

struct objects;

/* courses: as object__inspect has it.  NULL with errno set. */
struct objects *objects__new(bool courses);
void objects__free(struct objects *o);

/*
 * The object behind a mapping of process pid; found by its name where that is
 * still the same file, else through the process.  NULL: it cannot be read, or
 * is no ELF file.  Valid until objects__free.
 */
const struct object *objects__of_mapping(struct objects *o, __u32 pid, const struct proc_map *map);
/*
 * The same for a mapping that an event told of, whole; the name is found too.
 * NULL as above, or when the process has gone and the file was never seen.
 */
const struct object *objects__of_range(struct objects *o, __u32 pid, const struct site *file,
				       __u64 start, __u64 end);
/* A file that nobody has mapped yet. */
const struct object *objects__of_path(struct objects *o, const char *path);
/* It is looked at, and known and listed only when one of the above comes upon it. */
void objects__look_ahead(struct objects *o, const char *path);

/* What was seen of it, by whichever of the above; of a file that cannot be read the path only. */
const struct object *objects__known(const struct objects *o, __u32 dev, __u64 ino);
/* Looked at, and no ELF file of this machine: a JIT's code, which defines no malloc. */
bool objects__is_no_elf(const struct objects *o, __u32 dev, __u64 ino);

size_t objects__count(const struct objects *o);
const struct object *objects__get(const struct objects *o, size_t index);
size_t objects__index(const struct objects *o, const struct object *object);

#endif

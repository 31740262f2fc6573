/*
 * places.h - where the probes of an object go, and what the programs are told of each.
 */
#ifndef BRKSCOPE_PLACES_H
#define BRKSCOPE_PLACES_H

#include "kernel/features.h"
#include "kernel/object.h"
#include "kernel/uprobe.h"

struct places {
	struct uprobe_place place[ALLOC_ENTRIES];
	size_t n;
};

_Static_assert(FREE_ENTRIES <= ALLOC_ENTRIES, "room for either");
_Static_assert(2 * STATIONS_MOST <= ALLOC_ENTRIES, "of malloc and calloc");

struct object_places {
	struct places calls, frees;
	struct places stations; /* of functions with a course: instead of calls and returns */
	struct places sites;	/* instead of all those: the allocator's own */
	struct places returns;	/* where calls cannot say themselves that theirs is to be seen */
};

/* The maps `probes` and `probe_at`, as far as they are used. */
struct place_table {
	int probes_fd, probe_at_fd;
	bool cookies;
	bool stations;
	unsigned int n;
	bool offset_used[4096];
};

void place_table__init(struct place_table *t, int probes_fd, int probe_at_fd,
		       const struct features *features);
/* Where calls of this entry point are seen on their way; NULL: at a place, as below. */
const struct course *places__course(const struct object *o, int entry, bool stations);
/* Where the probe of a call of this entry point goes. */
const struct placement *places__of_call(const struct object *o, int entry, bool live);
/* Is the return of such a call probed as well?  session: where each call can say so. */
bool places__see_return(int entry, bool live, bool session);
/* Of an allocator that tells of its calls: is this one of its places probed? */
bool places__use_site(int site, bool live);
/*
 * A function that cannot be probed without harm; NULL: there is none.  With one that is not
 * counted all of the object's numbers would be wrong: then none of it is probed.
 */
const char *places__without(const struct object *o, bool live);
/*
 * The places of one object; its probes report `index`.  live: frees as well, and
 * calls where their returns can be seen.  0; -ENOSPC; -EADDRNOTAVAIL: places__without;
 * -EEXIST: without cookies two probes on one page offset would be one to the programs.
 * After an error it has none of them.
 */
int place_table__add(struct place_table *t, const struct object *o, unsigned int index, bool live,
		     struct object_places *out);
/* Those of the object that was added last, of which no probe is left: others may have the room. */
void place_table__undo(struct place_table *t, const struct object_places *places);

#endif

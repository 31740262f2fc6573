/*
 * vma.h - a mapping as the kernel lists it, and whose each part of it is.
 *
 * The kernel merges neighbours that look alike, and splits what mprotect has
 * made different, so its mappings and the ledger's regions meet in ranges of
 * pages only.  A holding is a range that is accounted for: a region, a part of the
 * heap, or what no system call makes, the first thread's stack and the kernel's
 * pages for uprobes, which only its list tells of.  Holdings do not overlap: a region that
 * was mapped over the heap is the region's.
 */
#ifndef BRKSCOPE_VMA_H
#define BRKSCOPE_VMA_H

#include <stdbool.h>
#include <stddef.h>

#include "model/changes.h"
#include "model/evidence.h"
#include "model/map_snapshot.h"

struct vma {
	__u64 start, end;
	__u64 rss_bytes;
	const char *name; /* path, "[heap]", "[anon:...]"; "" where it has none */
	char perms[5];	  /* "rwxp" */
	__u8 kind;	  /* enum mapping_kind */
	bool accounted;	  /* private, and is or was writable */
	bool grows;	  /* MAP_GROWSDOWN, or exec's stack */
	bool probes;	  /* the kernel's own, to carry out uprobes */
	bool outside;	  /* [vsyscall]: in nobody's address space */
};

static inline bool vma__usable(const struct vma *v)
{
	return v->perms[0] == 'r' || v->perms[1] == 'w' || v->perms[2] == 'x';
}

struct holding {
	__u64 start, end;
	struct region region; /* of causes only */
	__u8 part;	      /* enum cause, PART_HEAP, PART_MAIN_STACK, PART_PROBES */
};

struct holdings {
	struct holding *all; /* in address order */
	size_t n, most;
};

/*
 * The heap is [heap_start, heap_end), but for its holes (NULL: none); both 0: not known.  0 or
 * -ENOMEM.  Starts from all zero.
 */
int holdings__build(struct holdings *c, const struct space *space, const struct vma *vmas,
		    size_t n);
void holdings__clear(struct holdings *c);

#endif

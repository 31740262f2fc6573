/*
 * evidence.h - what a mapping that was there before the agent is, from the list of mappings alone.
 *
 * Only what is proved: the image of a program or library and a file by the list,
 * malloc's blocks and heaps, and threads' stacks, by what whoever read the list
 * found in them.  All else stays unattributed.
 */
#ifndef BRKSCOPE_EVIDENCE_H
#define BRKSCOPE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/ledger.h"

enum mapping_kind {
	MAPPING_ANON,
	MAPPING_BLOCK,	/* whose content proves it one block of malloc's */
	MAPPING_ARENA,	/* whose content proves it the open part of a heap of malloc's */
	MAPPING_THREAD, /* a part of what was mapped for a thread's stack, as that thread says */
	MAPPING_FILE,
	MAPPING_SHARED,	 /* anonymous, but others may map it too */
	MAPPING_HEAP,	 /* [heap] */
	MAPPING_STACK,	 /* [stack]: exec's, of the first thread */
	MAPPING_SPECIAL, /* [vdso] and its kin */
};

struct mapping {
	__u64 start, end;
	__u64 ino;
	__u64 bss_end; /* of an image's data: where its zeroed memory ends; 0: not known */
	__u64 read_ns; /* when it was seen there; 0: not known */
	__u32 dev;
	__u8 kind; /* enum mapping_kind */
	bool readable, writable, executable;
	bool grows; /* MAP_GROWSDOWN */
};

/* The regions for a ledger, without [heap] and [stack].  out has room for n.  0 or -ENOMEM. */
int evidence__regions(const struct mapping *maps, size_t n, struct region *out, size_t *regions);

#endif

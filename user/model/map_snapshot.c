/*
 * map_snapshot.c - the names of what a map is made of, one table for every output.
 */
#include "model/map_snapshot.h"

static const char *const kinds[SEGMENT_KIND_COUNT] = {
	[SEGMENT_ANONYMOUS] = "anonymous",
	[SEGMENT_TEXT] = "text",
	[SEGMENT_RODATA] = "rodata",
	[SEGMENT_RELRO] = "relro",
	[SEGMENT_DATA] = "data",
	[SEGMENT_BSS] = "bss",
	[SEGMENT_GAP] = "gap",
	[SEGMENT_HEAP] = "heap",
	[SEGMENT_MAIN_STACK] = "main stack",
	[SEGMENT_BLOCK] = "malloc block",
	[SEGMENT_ARENA] = "arena",
	[SEGMENT_ARENA_RESERVE] = "arena reserve",
	[SEGMENT_THREAD_STACK] = "thread stack",
	[SEGMENT_STACK_GUARD] = "stack guard",
	[SEGMENT_FILE] = "file",
	[SEGMENT_KERNEL] = "kernel",
};

static const char *const differences[] = {
	[ONLY_LEDGER] = "only in the ledger",
	[ONLY_KERNEL] = "only in the kernel's list",
	[OPEN_IN_LEDGER] = "usable by the ledger only",
	[OPEN_IN_KERNEL] = "usable by the kernel's list only",
};

const struct caller_name *map__caller(const struct map_snapshot *s, __u32 caller)
{
	for (size_t i = 0; i < s->caller_count; i++)
		if (s->callers[i].caller == caller)
			return &s->callers[i].name;
	return NULL;
}

const char *segment__name(enum segment_kind kind)
{
	return kind < SEGMENT_KIND_COUNT ? kinds[kind] : "?";
}

const char *part__name(enum part part)
{
	switch (part) {
	case PART_HEAP:
		return "heap";
	case PART_MAIN_STACK:
		return "main stack";
	case PART_PROBES:
		return "uprobes";
	case PART_MISSED:
		return "missed";
	case PART_OUTSIDE:
		return "-";
	default:
		return cause__name((enum cause)part);
	}
}

const char *difference__name(enum difference_kind kind)
{
	return kind <= OPEN_IN_KERNEL ? differences[kind] : "?";
}

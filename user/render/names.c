/*
 * names.c - the names of what the model numbers.
 *
 * One table each for every output, so that text, JSON and trace lines cannot
 * differ.  The numbers may come from a recorded file: all are checked.
 */
#include "render/names.h"

static const char *const level_names[] = {
	[LEVEL_SYSCALLS] = "syscalls",
	[LEVEL_SIZES] = "sizes",
	[LEVEL_LIVE] = "live",
};

static const char *const allocator_names[] = {
	[ALLOCATOR_UNKNOWN] = "unknown",     [ALLOCATOR_GLIBC] = "glibc",
	[ALLOCATOR_MUSL] = "musl",	     [ALLOCATOR_JEMALLOC] = "jemalloc",
	[ALLOCATOR_TCMALLOC] = "tcmalloc",   [ALLOCATOR_MIMALLOC] = "mimalloc",
	[ALLOCATOR_REFMALLOC] = "refmalloc", [ALLOCATOR_OTHER] = "other",
};

static const char *const unpaired_names[] = {
	[UNPAIRED_MISSED] = "events of it have spilled",
	[UNPAIRED_SPARED] = "return probes would have harmed it",
	[UNPAIRED_NO_MEMORY] = "out of memory",
	[UNPAIRED_BEYOND] = "a block's address or size is beyond what is kept",
};

static const char *name_of(const char *const *names, size_t count, unsigned int i)
{
	return i < count && names[i] ? names[i] : "unknown";
}

const char *level__name(enum level level)
{
	return name_of(level_names, sizeof(level_names) / sizeof(level_names[0]), level);
}

const char *allocator__name(enum allocator_kind kind)
{
	return name_of(allocator_names, sizeof(allocator_names) / sizeof(allocator_names[0]), kind);
}

const char *unpaired__name(enum unpaired why)
{
	return name_of(unpaired_names, sizeof(unpaired_names) / sizeof(unpaired_names[0]), why);
}

const char *live_unknown__name(enum live_unknown why)
{
	switch (why) {
	case LIVE_UNSEEN:
		return "what was mapped before could not be read";
	case LIVE_DOUBTFUL:
		return "what a call has done could not be read again";
	case LIVE_MISSED:
		return "a change was missed, and not read again in time";
	default:
		return NULL;
	}
}

const char *space_unknown__name(const struct process_stats *p)
{
	const char *live = live_unknown__name(p->live_why);

	switch (p->space.why) {
	case SPACE_UNREAD:
		return "its mappings cannot be read";
	case SPACE_NOT_LIVE:
		return live ? live : "its mappings are not known";
	case SPACE_BORROWED:
		return "it is in another's address space";
	case SPACE_STACK:
		return "its stack is executable";
	case SPACE_ENDED:
		return "it had ended";
	default:
		return "it was changing";
	}
}

/*
 * cause.c - why a mapping was made, from the code that asked for it.
 *
 * A dozen ranges or two (a loader, a libc, an allocator), and mmap is rare beside
 * them: a linear search.
 */
#include "model/cause.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct cause_table {
	struct code_range *ranges;
	size_t n, most;
};

static const char *const names[CAUSE_COUNT] = {
	[CAUSE_MALLOC] = "malloc",
	[CAUSE_ARENA] = "arena",
	[CAUSE_DIRECT] = "direct",
	[CAUSE_STACK] = "stack",
	[CAUSE_FILE] = "file",
	[CAUSE_LOADER] = "loader",
	[CAUSE_UNATTRIBUTED] = "unattributed",
};

const char *cause__name(enum cause cause)
{
	return cause < CAUSE_COUNT ? names[cause] : "?";
}

struct cause_table *cause_table__new(void)
{
	return calloc(1, sizeof(struct cause_table));
}

void cause_table__free(struct cause_table *t)
{
	if (!t)
		return;
	free(t->ranges);
	free(t);
}

int cause_table__add(struct cause_table *t, const struct code_range *range)
{
	struct code_range *more;

	for (size_t i = 0; i < t->n; i++) {
		const struct code_range *r = &t->ranges[i];

		if (r->ino == range->ino && r->dev == range->dev && r->kind == range->kind &&
		    r->lo == range->lo && r->hi == range->hi)
			return 0;
	}
	if (t->n == t->most) {
		t->most = t->most ? t->most * 2 : 16;
		more = realloc(t->ranges, t->most * sizeof(*more));
		if (!more)
			return -ENOMEM;
		t->ranges = more;
	}
	t->ranges[t->n++] = *range;
	return 0;
}

static bool in_code(const struct cause_table *t, const struct site *site, enum code_kind kind)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct code_range *r = &t->ranges[i];

		if (r->kind == kind && r->ino == site->ino && r->dev == site->dev &&
		    site->off >= r->lo && site->off < r->hi)
			return true;
	}
	return false;
}

const struct site *cause_asker(const struct cause_table *t, const struct site *ip,
			       const struct site *caller)
{
	return in_code(t, ip, CODE_WRAPPER) ? caller : ip;
}

/* Only an address, which nobody could look up. */
static bool unread(const struct site *site)
{
	return site->dev == SITE_ADDRESS;
}

/*
 * glibc reserves a thread's heap without access (new_heap), and takes it back to
 * that (shrink_heap); when brk fails it makes up for the heap with mmap
 * (sysmalloc_mmap_fallback).  What else it maps is one block.
 */
static enum cause glibc_cause(__u8 flags)
{
	return flags & (EVENT_F_RESERVE | EVENT_F_FOR_HEAP) ? CAUSE_ARENA : CAUSE_MALLOC;
}

/* musl maps smaller blocks in groups.  Without the request one cannot tell. */
static enum cause musl_cause(__u8 flags)
{
	if (flags & EVENT_F_RESERVE)
		return CAUSE_ARENA;
	return (flags & EVENT_F_REQUEST) && !(flags & EVENT_F_LARGE) ? CAUSE_ARENA : CAUSE_MALLOC;
}

/*
 * Of an allocator whose ways are not known: what it maps for a large request is
 * that block's, and all else is for heaps of its own.
 */
static enum cause allocator_cause(__u8 flags)
{
	return flags & EVENT_F_REQUEST && flags & EVENT_F_LARGE ? CAUSE_MALLOC : CAUSE_ARENA;
}

enum cause cause_of(const struct cause_table *t, __u8 flags, const struct site *ip,
		    const struct site *caller)
{
	const struct site *who = cause_asker(t, ip, caller);
	bool known = !unread(who);

	if (known && in_code(t, who, CODE_GLIBC))
		return glibc_cause(flags);
	if (known && in_code(t, who, CODE_MUSL))
		return musl_cause(flags);
	if (known && in_code(t, who, CODE_LOADER))
		return CAUSE_LOADER;
	if (!(flags & EVENT_F_ANON))
		return CAUSE_FILE;
	if (flags & EVENT_F_STACK)
		return CAUSE_STACK;
	/* Its own mmap() is others' as well: who called that could not be read. */
	if (known && in_code(t, who, CODE_ALLOCATOR) && in_code(t, who, CODE_WRAPPER))
		return CAUSE_UNATTRIBUTED;
	if (known && in_code(t, who, CODE_ALLOCATOR))
		return allocator_cause(flags);
	/* user/refmalloc/sys.c: a flag tells blocks from all else. */
	if (known && in_code(t, who, CODE_REFMALLOC))
		return flags & EVENT_F_NORESERVE ? CAUSE_ARENA : CAUSE_MALLOC;
	return known && !in_code(t, who, CODE_NAMELESS) ? CAUSE_DIRECT : CAUSE_UNATTRIBUTED;
}

int cause_is_allocator(const struct cause_table *t, const struct site *ip,
		       const struct site *caller)
{
	const struct site *who = cause_asker(t, ip, caller);

	return in_code(t, who, CODE_GLIBC) || in_code(t, who, CODE_MUSL) ||
	       in_code(t, who, CODE_REFMALLOC) ||
	       (in_code(t, who, CODE_ALLOCATOR) && !in_code(t, who, CODE_WRAPPER));
}

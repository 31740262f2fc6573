/*
 * map_what.c - what a segment is, in words.
 */
#include "render/map_what.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "render/callers.h"

/* "text /usr/lib/libc.so.6" */
static void what_of_file(char out[WHAT_SIZE], const char *label, const char *name, int columns,
			 bool utf8)
{
	int used = snprintf(out, WHAT_SIZE, "%.*s%s", columns, label, *label ? " " : "");

	if (columns > used)
		sanitize__path(out + used, name, PATH_MAX, columns - used, utf8);
}

void map__block(char out[64], __u64 request)
{
	if (request)
		snprintf(out, 64, "block of %llu byte%s", request, request == 1 ? "" : "s");
	else
		snprintf(out, 64, "block");
}

static void plain(char out[WHAT_SIZE], const char *text, int columns)
{
	snprintf(out, WHAT_SIZE, "%.*s", columns, text);
}

/* In full, or shorter: a number without its end would be another one. */
static void numbered(char out[WHAT_SIZE], const char *full, const char *shorter,
		     const char *without, int columns)
{
	if ((int)strlen(full) <= columns)
		plain(out, full, columns);
	else
		plain(out, (int)strlen(shorter) <= columns ? shorter : without, columns);
}

static void what_of_stack(char out[WHAT_SIZE], const struct segment *s, int columns)
{
	char full[64], shorter[64];

	snprintf(full, sizeof(full), "stack of thread %u", s->tid);
	snprintf(shorter, sizeof(shorter), "thread %u", s->tid);
	if (s->tid)
		numbered(out, full, shorter, "stack", columns);
	else
		numbered(out, "thread stack", "stack", "stack", columns);
}

static void what_of_block(char out[WHAT_SIZE], const struct segment *s, int columns)
{
	char full[64], shorter[64];

	map__block(full, s->request);
	snprintf(shorter, sizeof(shorter), "%llu byte%s", s->request, s->request == 1 ? "" : "s");
	numbered(out, full, s->request ? shorter : full, "block", columns);
}

/* Somebody's own mapping: by whom, if that is known. */
static void what_of_anonymous(char out[WHAT_SIZE], const struct map_snapshot *map,
			      const struct segment *s, int columns, bool utf8)
{
	const struct caller_name *name = NULL;

	if (s->part == CAUSE_DIRECT)
		name = map__caller(map, s->caller);
	if (name)
		caller__text(out, name, columns < CALLER_COLUMNS ? columns : CALLER_COLUMNS, utf8);
	else
		plain(out, s->usable ? "anonymous" : "reserve", columns);
}

void map__what(char out[WHAT_SIZE], const struct map_snapshot *map, const struct segment *s,
	       int columns, bool utf8)
{
	switch (s->kind) {
	case SEGMENT_TEXT:
	case SEGMENT_RODATA:
	case SEGMENT_RELRO:
	case SEGMENT_DATA:
	case SEGMENT_BSS:
	case SEGMENT_GAP:
		what_of_file(out, segment__name(s->kind), s->name, columns, utf8);
		break;
	case SEGMENT_BLOCK:
		what_of_block(out, s, columns);
		break;
	case SEGMENT_ARENA:
		plain(out, "open part", columns);
		break;
	case SEGMENT_ARENA_RESERVE:
		plain(out, "reserve", columns);
		break;
	case SEGMENT_THREAD_STACK:
		what_of_stack(out, s, columns);
		break;
	case SEGMENT_STACK_GUARD:
		plain(out, "guard", columns);
		break;
	case SEGMENT_HEAP:
		plain(out, "[heap]", columns);
		break;
	case SEGMENT_MAIN_STACK:
		plain(out, "[stack]", columns);
		break;
	default:
		if (*s->name)
			what_of_file(out, "", s->name, columns, utf8);
		else
			what_of_anonymous(out, map, s, columns, utf8);
	}
}

const char *map__cause(__u8 part)
{
	return part == PART_MAIN_STACK ? "stack" : part__name(part);
}

enum ink map__ink(__u8 part)
{
	if (part < CAUSE_COUNT)
		return ink__of_cause((enum cause)part);
	if (part == PART_HEAP)
		return INK_HEAP;
	if (part == PART_MAIN_STACK)
		return ink__of_cause(CAUSE_STACK);
	return part == PART_MISSED ? INK_ALARM : INK_DIM;
}

/*
 * records.c - records by exact size in cache lines, carved from mappings of their own.
 *
 * Records come in few sizes (spans, with a word for each block they are cut into), so lists by
 * exact size are enough: nothing is split, nothing joined, nothing given back.
 */
#include "records.h"

#include <string.h>

#include "span.h"
#include "sys.h"

#define LINE	    64
#define CHUNK_BYTES ((size_t)256 << 10)

struct record {
	struct record *next;
};

static struct record *free_records[RECORD_MAX / LINE + 1];
static char *chunk, *chunk_end;
struct lock records_lock;

/* At a limit of memory, and for good: it is given back as what it is taken for. */
static void *a_larger_one(size_t lines)
{
	struct record *r = NULL;

	while (!r && ++lines <= RECORD_MAX / LINE)
		r = free_records[lines];
	if (r)
		free_records[lines] = r->next;
	return r;
}

void *records__alloc(size_t bytes)
{
	size_t lines = (bytes + LINE - 1) / LINE;
	struct record *r = free_records[lines];
	void *fresh;

	if (r) {
		free_records[lines] = r->next;
		return r;
	}
	if ((size_t)(chunk_end - chunk) < lines * LINE) {
		fresh = sys__map(REFMALLOC_MAP_TABLE, CHUNK_BYTES);
		if (!fresh)
			return a_larger_one(lines);
		chunk = fresh;
		chunk_end = chunk + CHUNK_BYTES;
	}
	fresh = chunk;
	chunk += lines * LINE;
	return fresh;
}

void records__free(void *record, size_t bytes)
{
	struct record *r = record;
	size_t lines = (bytes + LINE - 1) / LINE;

	if (!r)
		return;
	r->next = free_records[lines];
	free_records[lines] = r;
}

struct span *records__span(void)
{
	struct span *s = records__alloc(sizeof(*s));

	return s ? memset(s, 0, sizeof(*s)) : NULL;
}

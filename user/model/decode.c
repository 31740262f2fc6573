/*
 * decode.c - is this record one that this agent's programs write?
 *
 * The ring's records come from the kernel, recorded ones from anywhere: both
 * pass here before anything reads past struct event.
 */
#include "model/decode.h"

#include <string.h>

static const struct {
	size_t size;
	unsigned int ops;
} shapes[EVENT_TYPE_END] = {
	[EVENT_MALLOC] = {sizeof(struct event), FN_COUNT},
	[EVENT_BRK] = {sizeof(struct event_brk), BRK_OP_COUNT},
	[EVENT_MMAP] = {sizeof(struct event_map), MAP_OP_COUNT},
	[EVENT_MUNMAP] = {sizeof(struct event_map), MAP_OP_COUNT},
	[EVENT_MREMAP] = {sizeof(struct event_map), REMAP_OP_COUNT},
	[EVENT_MPROTECT] = {sizeof(struct event_map), MAP_OP_COUNT},
	[EVENT_FORK] = {sizeof(struct event_task), 1},
	[EVENT_EXEC] = {sizeof(struct event_exec), 1},
	[EVENT_EXIT] = {sizeof(struct event_task), 1},
};

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

bool event__valid(const struct event *e, size_t size)
{
	if (size < sizeof(*e) || e->type >= EVENT_TYPE_END || size != shapes[e->type].size ||
	    e->op >= shapes[e->type].ops)
		return false;
	switch (e->type) {
	case EVENT_EXEC:
		if (!ends(((const struct event_exec *)e)->path, EXEC_PATH_MAX))
			return false;
		/* fall through */
	case EVENT_FORK:
	case EVENT_EXIT:
		return ends(((const struct event_task *)e)->comm, 16);
	}
	return true;
}

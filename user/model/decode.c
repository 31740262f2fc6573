/*
 * decode.c - is this record, or this cell's key, one that this agent's programs write?
 *
 * The ring's records come from the kernel, recorded ones from anywhere: both
 * pass here before anything reads past struct event.
 */
#include "model/decode.h"

#include <string.h>

#define MMAP_FLAGS                                                                                 \
	(EVENT_F_ANON | EVENT_F_STACK | EVENT_F_RESERVE | EVENT_F_FOR_HEAP | EVENT_F_REQUEST |     \
	 EVENT_F_LARGE | EVENT_F_NORESERVE)

static const struct shape {
	__u16 size; /* of a record; 0: there is none */
	__u8 ops;
	__u8 flags; /* that a cell of it may have */
} shapes[EVENT_TYPE_END] = {
	[EVENT_MALLOC] = {sizeof(struct event), FN_COUNT,
			  EVENT_F_IMPOSSIBLE | EVENT_F_KEEPS_MAPPING | EVENT_F_KEPT |
				  EVENT_F_NO_RETURN | EVENT_F_TOLD | EVENT_F_ARENA |
				  EVENT_F_BURSTS},
	[EVENT_BRK] = {sizeof(struct event_brk), BRK_OP_COUNT, 0},
	[EVENT_MMAP] = {sizeof(struct event_map), MAP_OP_COUNT, MMAP_FLAGS},
	[EVENT_MUNMAP] = {sizeof(struct event_map), MAP_OP_COUNT, 0},
	[EVENT_MREMAP] = {sizeof(struct event_map), REMAP_OP_COUNT,
			  EVENT_F_REQUEST | EVENT_F_LARGE},
	[EVENT_MPROTECT] = {sizeof(struct event_map), MAP_OP_COUNT, 0},
	[EVENT_SHMAT] = {sizeof(struct event_map), 1, 0},
	[EVENT_SHMDT] = {sizeof(struct event_map), 1, 0},
	[EVENT_FORK] = {sizeof(struct event_task), 1, EVENT_F_SHARED_MM | EVENT_F_MISSED},
	[EVENT_EXEC] = {sizeof(struct event_exec), 1, EVENT_F_MM},
	[EVENT_EXIT] = {sizeof(struct event_task), 1, EVENT_F_MM},
	[EVENT_ROUTE] = {0, 1 << BURST_SLOTS, MMAP_FLAGS},
	[EVENT_CALL] = {sizeof(struct event_call), FN_COUNT, 0},
	[EVENT_RETURN] = {sizeof(struct event_call), 1, 0},
	[EVENT_FREE] = {sizeof(struct event_call), 1, 0},
	[EVENT_BLOCK] = {sizeof(struct event_call), FN_COUNT, 0},
};

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static bool has_texts(__u8 type)
{
	return type == EVENT_FORK || type == EVENT_EXEC || type == EVENT_EXIT;
}

static bool texts_end(const struct event *e)
{
	if (e->type == EVENT_EXEC && !ends(((const struct event_exec *)e)->path, EXEC_PATH_MAX))
		return false;
	return ends(((const struct event_task *)e)->comm, 16);
}

bool event__valid(const struct event *e, size_t size)
{
	const struct shape *shape;

	if (size < sizeof(*e) || e->type >= EVENT_TYPE_END)
		return false;
	shape = &shapes[e->type];
	if (size != shape->size || e->op >= shape->ops)
		return false;
	return !has_texts(e->type) || texts_end(e);
}

bool cell__valid(const struct cell_key *key)
{
	return key->type && key->type < EVENT_TYPE_END && key->type != EVENT_CALL &&
	       key->type != EVENT_BLOCK && key->op < shapes[key->type].ops &&
	       key->bucket < SIZE_BUCKETS && !(key->flags & ~shapes[key->type].flags);
}

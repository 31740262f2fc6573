/*
 * brief.c - the ring's records, as those who read events know them.
 */
#include "kernel/brief.h"

#include <stdbool.h>

static const struct event *expand_event(const struct brief_event *b, struct event *out)
{
	*out = (struct event){.size = b->size,
			      .tgid = b->tgid,
			      .type = EVENT_MALLOC,
			      .op = b->op,
			      .flags = b->flags << BRIEF_FLAGS_SHIFT,
			      .object = b->object};
	return out;
}

static const struct event *expand_call(const struct brief_call *b, struct event_call *out)
{
	bool calls = b->type == EVENT_CALL, is_block = b->type == EVENT_BLOCK;
	__u64 size = calls ? b->value : is_block ? b->call : 0;

	*out = (struct event_call){.e = {.size = size,
					 .tgid = b->tgid,
					 .tid = b->tid,
					 .type = b->type,
					 .op = b->op,
					 .flags = b->flags,
					 .object = b->object},
				   .addr = calls ? 0 : b->value,
				   .call = is_block ? 0 : b->call};
	return &out->e;
}

const struct event *brief__expand(const void *record, size_t *size, struct event_call *out)
{
	switch (*size) {
	case sizeof(struct brief_event):
		*size = sizeof(struct event);
		return expand_event(record, &out->e);
	case sizeof(struct brief_call):
		*size = sizeof(struct event_call);
		return expand_call(record, out);
	default:
		return *size < sizeof(struct event) ? NULL : record;
	}
}

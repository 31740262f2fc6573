/*
 * brief.h - the ring's records, as those who read events know them.
 */
#ifndef BRKSCOPE_KERNEL_BRIEF_H
#define BRKSCOPE_KERNEL_BRIEF_H

#include <stddef.h>

#include "brkscope/brief.h"

/*
 * The event in a record of so many bytes: itself, or, of a brief one, *out, which has room for
 * it.  *size: its own then.  NULL: it is too short for any.
 */
const struct event *brief__expand(const void *record, size_t *size, struct event_call *out);

#endif

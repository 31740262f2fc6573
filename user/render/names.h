/*
 * names.h - the names of what the model numbers.
 */
#ifndef BRKSCOPE_RENDER_NAMES_H
#define BRKSCOPE_RENDER_NAMES_H

#include "alloc_fn.h"
#include "model/snapshot.h"

/* None returns NULL: a number outside its enum has the name "unknown". */
const char *level__name(enum level level);
/* In words; of UNPAIRED_NOT "unknown". */
const char *unpaired__name(enum unpaired why);
/* NULL: they are known, or nobody says why not. */
const char *live_unknown__name(enum live_unknown why);
/* Never NULL.  Of SPACE_UNREAD there is more to say. */
const char *space_unknown__name(const struct process_stats *p);
const char *allocator__name(enum allocator_kind kind);

#endif

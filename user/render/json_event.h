/*
 * json_event.h - one event as one JSON object on a line of its own, schema brkscope.event/1.
 *
 * Every object has "event", "ts_ns" (since boot), "pid", "tid" and "comm"; the
 * rest depends on the event:
 *   malloc    function, bytes (null: impossible, no request can be that large)
 *   brk       request, before, after, outcome, bytes that it grew or shrank by
 *   mmap      addr, length, prot, flags, fd, offset, and what all mappings have
 *   munmap    addr, length, and what all mappings have
 *   mremap    addr, old_length, length, flags, new_addr (null: not given), and what all ...
 *   mprotect  addr, length, prot, and what all mappings have
 *   fork      parent, shared_memory (vfork)
 *   exec      path, as passed, cut
 *   exit      heap_bytes, rss_bytes {anon, file, shmem}: null where they could not be read
 * What all mappings have: result or error (the other is null), bytes in whole
 * pages, cause (null: not known), request {function, bytes} of malloc that it
 * served or null, caller (mmap and mremap) {dev, inode, offset} of the code
 * behind the call, {address} where the file is not known, or null; and by, its
 * name, or null where that is not told.
 * Strings and numbers as in json.h.
 */
#ifndef BRKSCOPE_RENDER_JSON_EVENT_H
#define BRKSCOPE_RENDER_JSON_EVENT_H

#include "model/snapshot.h"
#include "render/traceline.h"

/* 0; -ENOMEM, and nothing is written. */
int render__json_event(FILE *out, const struct trace_line *line);
/* Events that are in no line at this point: {"event": "spilled", "events": N}. */
void render__json_spilled(FILE *out, __u64 events);
/* Received ones that are in no line, for nobody read: {"event": "unwritten", "events": N}. */
void render__json_unwritten(FILE *out, __u64 events);
/* The last line: {"event": "end", "received": N, "spilled": N, "lost": N, "unwritten": N}. */
void render__json_end(FILE *out, const struct snapshot *s, __u64 unwritten);

#endif

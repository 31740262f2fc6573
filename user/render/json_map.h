/*
 * json_map.h - address spaces as JSON, schema brkscope.map/1.
 *
 * { "schema":"brkscope.map/1", "host":…, "kernel":…, "page_size":4096,
 *   "processes":[ {
 *     "pid":N, "comm":"…", "exe":"…", "time_ns":…, "settled":true, "readings":N,
 *     "heap":{"start":A,"end":A,"bytes":N,"pages":N},
 *     "segments":[ {"start":A,"end":A,"bytes":N,"pages":N,"perms":"rw-p","usable":true,
 *                   "kind":"malloc block","name":"…","cause":"malloc",
 *                   "caller":{"object":"…","function":"…","offset":N},"born_ns":…,
 *                   "request_bytes":N,"tid":N,"rss_bytes":N}, … ],
 *     "totals":{ "heap":{"segments":N,"bytes":N,"usable_bytes":N,"rss_bytes":N},
 *                "main_stack":{…}, "missed":{…}, "malloc":{…}, "arena":{…}, … },
 *     "reconciliation":{
 *       "ledger":{"bytes":N,"regions":N}, "kernel":{"bytes":N,"mappings":N},
 *       "difference_bytes":0, "difference_count":0,
 *       "differences":[ {"start":A,"end":A,"kind":"only in the ledger"}, … ],
 *       "rss":{"segments_bytes":N,"counter_bytes":N,"page_tables_bytes":N,
 *              "difference_bytes":0} },
 *     "followed":{ "duration_ns":…, "execs":N, "events":{"received":N,"spilled":N,"lost":0},
 *                  "changes":[ {"kind":"new","start":A,"end":A,"cause":"malloc",
 *                               "bytes":{"before":N,"after":N},
 *                               "usable_bytes":{"before":N,"after":N},
 *                               "request_bytes":N,"born_ns":…}, … ] } } ] }
 *
 * As in brkscope.report/1: bytes, nanoseconds since boot, null for what is not
 * known.  "cause" of a segment is that of its mapping, or "heap", "main_stack",
 * "uprobes" (pages that the kernel maps to carry out uprobes), "missed" (the kernel
 * lists it, the ledger does not).  [vsyscall] is in nobody's address space and not
 * here.  "caller" is who called mmap, where it is a place in code that was
 * seen; the offset is in the object.  "born_ns" null: it was there before.  "page_tables_bytes" is
 * read where the kernel's counter differs from the sum of the segments, and "difference_bytes" is
 * then to it.  "differences" lists 16 at most.  "settled" false: no two readings were alike, and
 * the differences may be the process's own changes.  "followed" null: without -d.
 */
#ifndef BRKSCOPE_RENDER_JSON_MAP_H
#define BRKSCOPE_RENDER_JSON_MAP_H

#include <stdio.h>

#include "model/map_snapshot.h"

/* All of one host.  0; -ENOMEM, and nothing is written; -EIO: out has an error. */
int render__json_map(FILE *out, const struct map_snapshot *const *maps, size_t count);

#endif

/*
 * json.h - a snapshot as JSON, schema brkscope.report/1.
 *
 *   - null is a number that is not known; it is never 0.
 *   - Numbers are integers up to 2^63 - 1.  Above that (jansson has no larger
 *     integers) they are reals: the nearest double, never negative.
 *   - "le" of a bucket is the inclusive upper edge; of the last one, which has
 *     no edge, the string "+Inf", as in Prometheus.  Empty buckets are left out.
 *   - Strings are other people's bytes: every byte that is no UTF-8 is U+FFFD.
 *   - "heap_or_arena" is what is neither mmap nor a known arena.  Where the two
 *     are told apart it is their sum; else "arena" is null, and "heap", unless it is 0 because
 *     there never was a heap.  All three are null where calls may have failed, and it is not
 *     known which: "calls" of a bucket of "malloc_size" has them as well; and "heap_or_arena"
 *     where the allocator may have memory of another kind, which is "unknown".
 *   - "unmapped_bytes" of the heap are between its start and its break, where the program has
 *     taken the memory away; null where live numbers are not known.
 *   - "rss_bytes" of the heap and of each cause, "main_stack_bytes" and
 *     "left_over_bytes" add up to the RSS; null at the end of a process, or where a
 *     mapping of the kernel's holds several regions and its RSS could not be told apart:
 *     then it is left over.
 *   - "address_space" is the kernel's count of it, and how much of that the ledger
 *     explains; null while it was changing, and where an event of it has spilled:
 *     "not_compared" says why.
 *   - "callers" tells each mapping once, by who called mmap and why, the largest
 *     first.  "where" says what is known of the place: "file" (then "offset" is
 *     where the call returns to, in bytes from the file's start), "no file" (a JIT's
 *     code), "others" (more than are told apart), "unknown" (mapped by exec, or
 *     before the agent came).  "object" and "function" are null where they are not
 *     known.
 *   - "cost" is brkscope's own: the CPU time of probes and agent, in percent of one CPU's,
 *     in all and (window) since the snapshot before; "hits" of probes by what the kernel
 *     does for them, "ns" what one takes; "at_least_percent" is without hits of a kind of
 *     which that is not known, for which the others are null.
 *   - "budget" is null without one.  "malloc_until_ns": then malloc was not probed any more,
 *     for all the rest cost "rest_percent"; "level" is syscalls then.
 *   - "estimated" in a process's "malloc": all of its numbers are unbiased estimates, but
 *     for "seen" and what follows it: "coverage" is the part of its life that was seen, and
 *     the intervals hold 95 times of 100, [low, high], or null where too little was seen
 *     to tell; a high of null is not known.  "slowed" is the part of the seen time that the
 *     probes took from it: if it always has something to do it called less for that, which
 *     the numbers leave out and the interval does not.  Where it is false the numbers are exact,
 *     and the intervals are null.  "at_least": there were too few bursts to estimate from; then
 *     all are of what was seen and nothing else, and the truth may be any number above them.
 *   - "other_processes" is one object for all that got none of their own, or null;
 *     its pid is null.
 */
#ifndef BRKSCOPE_RENDER_JSON_H
#define BRKSCOPE_RENDER_JSON_H

#include <stdio.h>

#include "model/snapshot.h"

/* 0; -ENOMEM, and nothing is written; -EIO: out has an error. */
int render__json(FILE *out, const struct snapshot *s);
/* The same in one line: for one snapshot after another. */
int render__json_line(FILE *out, const struct snapshot *s);

#endif

/*
 * tracefs.h - tracepoints: their ids, which only tracefs tells, and programs on them.
 */
#ifndef BRKSCOPE_TRACEFS_H
#define BRKSCOPE_TRACEFS_H

#include <stddef.h>

/*
 * ids[i] is the perf event id of names[i] ("syscalls/sys_enter_brk"), or
 * -errno.  Where tracefs is not mounted, it is for as long as this takes, in a
 * mount namespace of a process of its own: nobody else ever sees it.
 * 0, or -errno with the error said.
 */
int tracefs__event_ids(const char *const *names, int *ids, size_t n);

struct bpf_link;
struct bpf_program;

/* A program on the tracepoint of that id, for every CPU.  0 or -errno. */
int tracefs__attach(const struct bpf_program *prog, int id, struct bpf_link **link);

#endif

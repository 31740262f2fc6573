/*
 * uprobe.h - one program at many places of one file.
 *
 * By one uprobe_multi link where the kernel has it (Linux 6.6): detaching takes
 * a moment, not a tenth of a second for each place.  Below, a perf event for
 * each.  Neither is pinned: they end with the process that holds them.
 */
#ifndef BRKSCOPE_UPROBE_H
#define BRKSCOPE_UPROBE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct bpf_program;

struct uprobe_place {
	__u64 offset; /* in the file */
	__u64 cookie;
};

struct uprobes;

/* What the program's expected attach type has to be before it is loaded. */
#define UPROBE_MULTI_ATTACH_TYPE 48 /* BPF_TRACE_UPROBE_MULTI, include/uapi/linux/bpf.h of 6.6 */

/*
 * pid 0: in every process that maps the file.  cookies false: the kernel has none.
 * NULL with errno set.
 */
struct uprobes *uprobes__attach(struct bpf_program *prog, const char *path,
				const struct uprobe_place *places, size_t n, __u32 pid,
				bool cookies);
/* The same, where the functions return whose entries the places are. */
struct uprobes *uprobes__attach_returns(struct bpf_program *prog, const char *path,
					const struct uprobe_place *places, size_t n, __u32 pid,
					bool cookies);
void uprobes__detach(struct uprobes *u); /* NULL is allowed */
/* Each of them waits, so all of them at a time. */
void uprobes__detach_all(struct uprobes *const *all, size_t n);
bool uprobes__multi(const struct uprobes *u);

#endif
